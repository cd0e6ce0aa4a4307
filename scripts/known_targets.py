"""The targets: what each needs, and how to see what is in it.

DuckDB reads tables and files where it keeps every digit. It reads decimals of JSON and
of PostgreSQL as doubles, so those come as JSON text. Its extension for SQLite needs a
network; Python has a driver with the same interface.
"""

from __future__ import annotations

import json
import sqlite3
import typing as t
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import postgres
from commands import Row
from comparison import fold
from target import Config, Target

_FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 2}
_OLD_FLATTENING = {"data_flattening_max_level": 2}
_HARD_DELETE = {"hard_delete": True}


def _parsed(lines: Iterable[str]) -> list[Row]:
    return [json.loads(line, parse_float=Decimal) for line in lines]


class _JSONLines(Target):
    appends = True
    config: t.ClassVar[Config] = {
        "destination_path": "PLACE/data",
        "do_timestamp_file": False,
    }

    def rows(self, place: Path, stream: str) -> list[Row]:
        with (place / "data" / f"{stream}.jsonl").open(encoding="utf-8") as lines:
            return _parsed(lines)

    def type_of(self, place: Path, stream: str, column: str) -> str:
        values = (row.get(column) for row in self.rows(place, stream))
        kinds = {type(value).__name__ for value in values if value is not None}
        return " or ".join(sorted(kinds)).replace("Decimal", "number")


class _Tables(Target):
    """What DuckDB and SQLite open: a table, or a view, has a stream's name."""

    def open(self, place: Path, stream: str) -> t.Any:
        """Return a connection as Python's database API has it."""
        raise NotImplementedError

    def rows(self, place: Path, stream: str) -> list[Row]:
        with closing(self.open(place, stream)) as database:
            found = database.execute(f"SELECT * FROM {stream}")  # noqa: S608
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def type_of(self, place: Path, stream: str, column: str) -> str:
        sql = f"SELECT name, type FROM pragma_table_info('{stream}')"  # noqa: S608
        with closing(self.open(place, stream)) as database:
            types = {fold(n): kind for n, kind in database.execute(sql).fetchall()}
        return str(types.get(fold(column), "no column"))


class _DuckDB(_Tables):
    hard_delete = _HARD_DELETE
    config: t.ClassVar[Config] = {"path": "PLACE/db", "default_target_schema": "main"}

    def open(self, place: Path, stream: str) -> t.Any:  # noqa: ARG002
        return duckdb.connect(str(place / "db"), read_only=True)


class _SQLite(_Tables):
    config: t.ClassVar[Config] = {"database": "PLACE/db"}

    def open(self, place: Path, stream: str) -> t.Any:  # noqa: ARG002
        return sqlite3.connect(place / "db.db")


class _Files(_Tables):
    """A target that writes files which DuckDB reads."""

    appends = True
    reader: t.ClassVar[str]

    def open(self, place: Path, stream: str) -> t.Any:
        database = duckdb.connect()
        files = self.reader.format(folder=place / "data", stream=stream)
        database.execute(f"CREATE VIEW {stream} AS SELECT * FROM {files}")  # noqa: S608
        return database


class _CSV(_Files):
    reader = (
        "read_csv('{folder}/{stream}-*.csv', union_by_name = true, all_varchar = true,"
        """ header = true, delim = ',', quote = '"', escape = '"')"""
    )
    config: t.ClassVar[Config] = {
        "output_path": "PLACE/data",
        "file_naming_scheme": "{stream_name}-{timestamp}.csv",
    }


class _Parquet(_Files):
    reader = "read_parquet('{folder}/**/{stream}-*.parquet', union_by_name = true)"
    config: t.ClassVar[Config] = {"destination_path": "PLACE/data"}


class _Postgres(Target):
    hard_delete = _HARD_DELETE
    config: t.ClassVar[Config] = {
        "host": postgres.HOST,
        "user": postgres.USER,
        "password": "unused",
        "default_target_schema": "public",
    }

    def prepare(self, place: Path) -> Config:
        postgres.query(f'CREATE DATABASE "{place.name}"')
        where = {"port": postgres.port(), "database": place.name, "dbname": place.name}
        return super().prepare(place) | where

    def rows(self, place: Path, stream: str) -> list[Row]:
        """Return the rows of a stream; none where there is no such table yet."""
        if postgres.query(f"SELECT to_regclass('{stream}')", place.name) == [""]:
            return []
        sql = f"SELECT to_jsonb(t) FROM {stream} t"  # noqa: S608
        return _parsed(postgres.query(sql, place.name))

    def type_of(self, place: Path, stream: str, column: str) -> str:
        sql = "SELECT column_name, data_type FROM information_schema.columns"
        lines = postgres.query(f"{sql} WHERE table_name = '{stream}'", place.name)
        types = dict(line.split("|") for line in lines)
        return {fold(name): kind for name, kind in types.items()}[fold(column)]


_ALL: tuple[Target, ...] = (
    _JSONLines("jsonl", settings="`do_timestamp_file: false`; the folder must exist"),
    _Postgres("postgres", "MeltanoLabs", flattening=_FLATTENING),
    _Postgres("postgres-pipelinewise", "pipelinewise", flattening=_OLD_FLATTENING),
    _DuckDB(
        "duckdb",
        "jwills",
        flattening=_OLD_FLATTENING,
        settings="beside `duckdb<1.3`",
    ),
    _DuckDB(
        "duckdb-meltanolabs",
        "MeltanoLabs",
        flattening=_OLD_FLATTENING,
        settings="beside `duckdb<1.3`, as tried here",
        source="git+https://github.com/MeltanoLabs/target-duckdb"
        "@9dcbe6432516efc465b3952b113fff8618dafffa",
    ),
    _SQLite(
        "sqlite",
        "MeltanoLabs",
        source="git+https://github.com/MeltanoLabs/target-sqlite"
        "@d4e802eadfd383d0b6993f97769e2d1ae8099507",
    ),
    _CSV(
        "csv",
        "MeltanoLabs",
        settings="`file_naming_scheme: '{stream_name}-{timestamp}.csv'`",
        flattening=_FLATTENING,
    ),
    _Parquet(
        "parquet",
        "Automattic",
        source="git+https://github.com/Automattic/target-parquet"
        "@8bfbb1796e71d52863f821f5c1445525a6cea3d5",
        flattening=_FLATTENING,
    ),
)
TARGETS = {target.name: target for target in _ALL}
