"""The settings: what there is, and what is wrong with some."""
