"""ClientSuccess accounts on Dagster: one partition an account."""
