"""The account check (`--test=api`): what this account's API does, without its data.

`probes` asks, `conclusions`, `filters` and `depth` judge the answers without any HTTP,
`report` writes the `facts`. Rules that a change must not break:

1. Nothing of a record, a body or a header leaves `probes` but numbers, types, words
   that this code knows, and names that every record has at its top.
2. What few records cannot show is None, "cannot tell", and never a guess.
3. What the reading of pages judges as well (order, filter, records that a filter hides,
   records without a time) is judged by its code in `paging`.
"""
