"""How a paged search is read without losing a record. No HTTP and no Singer in here.

`by_time` reads what can be filtered and sorted by modification time, `by_number` reads
the rest, and `reader` decides. The argument is in ``docs/completeness.md``.
"""
