"""A local ClientSuccess that answers faster than any contender can ask."""
