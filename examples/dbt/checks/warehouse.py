"""The rows of a warehouse as JSON, whichever it is."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t

import duckdb

Row = dict[str, t.Any]


def rows(table: str) -> list[Row]:
    """Return the rows of a table or view in the schema that dbt builds."""
    if os.environ["WAREHOUSE"] == "postgres":
        query = f"SELECT to_jsonb(t) FROM customer_success.{table} t"
        done = subprocess.run(
            ["psql", "-q", "-At", "-c", query],
            capture_output=True,
            text=True,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]
    path = os.environ["CLIENTSUCCESS_DUCKDB"]
    with duckdb.connect(path, read_only=True) as connection:
        query = f"SELECT to_json(t) FROM customer_success.{table} t"
        return [json.loads(row) for (row,) in connection.execute(query).fetchall()]
