"""The targets: how each is installed and set up, and how to see what is in it."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import typing as t
from contextlib import closing
from dataclasses import dataclass, field

import duckdb
import postgres
from commands import ROOT, Messages, Row, run
from comparison import fold

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ENVIRONMENTS = ROOT / ".venv-targets"
_SDK_FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 2}
_HARD_DELETE = {"hard_delete": True}

Config = dict[str, t.Any]


class StoppedError(Exception):
    """A target stopped; the message has the last error of its log."""


@dataclass(frozen=True)
class Target:
    """A target. What it loads is in a folder, or a database of the folder's name.

    Attributes:
        name: Names its requirements file and its environment.
        title: What the table calls it.
        executable: Its command.
        package: The distribution whose version the table gives.
        settings: Settings that the table names, as text.
        source: Where pip gets it from, if not from its requirements file.
        flattening: Settings that have the target flatten; empty where it cannot.
        config: Settings that it needs; `PLACE` stands for the folder.
        appends: Whether it appends all rows, instead of updating those with the key.
        hard_delete: Settings that have the target delete rows; empty where none do.
    """

    name: str
    title: str
    executable: str
    package: str
    settings: str = "none"
    source: str = ""
    flattening: Config = field(default_factory=dict)
    config: t.ClassVar[Config]
    appends: t.ClassVar[bool] = False
    hard_delete: t.ClassVar[Config] = {}

    def install(self) -> str:
        """Make its environment, if it is not there; return its version.

        Raises:
            SkippedError: It cannot be installed.
        """
        environment = _ENVIRONMENTS / self.name
        locked = ROOT / "requirements" / f"target-{self.name}.txt"
        wanted = hashlib.sha256(locked.read_bytes() + self.source.encode()).hexdigest()
        mark = environment / ".packages"
        if not mark.exists() or mark.read_text() != wanted:
            print(f"Setting up {environment.relative_to(ROOT)} ...", flush=True)
            run(sys.executable, "-m", "venv", "--clear", environment)
            pip = (environment / "bin" / "pip", "install", "-qq", "--no-compile")
            run(*pip, "--require-hashes", "-r", locked)
            if self.source:
                run(*pip, "--no-deps", self.source)
            mark.write_text(wanted)
        says = f"import importlib.metadata as m; print(m.version({self.package!r}))"
        return run(environment / "bin" / "python", "-c", says).strip()

    def prepare(self, place: Path) -> Config:
        """Prepare to load into a new folder; return the settings.

        Raises:
            SkippedError: A service that it needs is missing.
        """
        (place / "data").mkdir(parents=True)
        text = json.dumps(self.config).replace("PLACE", str(place))
        settings: Config = json.loads(text)
        return settings

    def command(self, place: Path, config: Config) -> list[str]:
        """Write the settings into the folder; return the command that reads them."""
        path = place / "config.json"
        path.write_text(json.dumps(config))
        program = _ENVIRONMENTS / self.name / "bin" / self.executable
        return [str(program), "--config", str(path)]

    def load(self, place: Path, config: Config, messages: Messages) -> bytes:
        """Load messages; return what the target prints.

        Raises:
            StoppedError: The target failed.
        """
        log = place / "log"
        with messages.path.open("rb") as source, log.open("wb") as errors:
            done = subprocess.run(
                self.command(place, config),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=place,
                check=False,
            )
        if done.returncode:
            raise StoppedError(_last_error(log))
        return done.stdout

    def rows(self, place: Path, stream: str) -> list[Row]:
        """Return the rows of a stream."""
        raise NotImplementedError

    def type_of(self, place: Path, stream: str, column: str) -> str:
        """Return the type of a column."""
        raise NotImplementedError


def _last_error(log: Path) -> str:
    """Return the line of a log that says most about why a target stopped."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    text = re.sub(r"\s+", " ", (errors or lines or ["no message"])[-1])
    return text[:120].replace("|", "\\|").replace("`", "'")


class _Number(str):
    """A number with a fraction, as it stands in a text."""

    __slots__ = ()


def _parsed(lines: Iterable[str]) -> list[Row]:
    return [json.loads(line, parse_float=_Number) for line in lines]


class _JSONLines(Target):
    appends = True
    config: t.ClassVar[Config] = {
        "destination_path": "PLACE/data",
        "do_timestamp_file": False,
    }

    def rows(self, place: Path, stream: str) -> list[Row]:
        return _parsed((place / "data" / f"{stream}.jsonl").open(encoding="utf-8"))

    def type_of(self, place: Path, stream: str, column: str) -> str:
        values = (row.get(column) for row in self.rows(place, stream))
        kinds = {type(value).__name__ for value in values if value is not None}
        return " or ".join(sorted(kinds)).replace("_Number", "number")


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
        sql = f"SELECT to_jsonb(t) FROM {stream} t"  # noqa: S608
        return _parsed(postgres.query(sql, place.name))

    def type_of(self, place: Path, stream: str, column: str) -> str:
        sql = "SELECT column_name, data_type FROM information_schema.columns"
        lines = postgres.query(f"{sql} WHERE table_name = '{stream}'", place.name)
        types = dict(line.split("|") for line in lines)
        return {fold(name): kind for name, kind in types.items()}[fold(column)]


TARGETS: tuple[Target, ...] = (
    _JSONLines(
        *("jsonl", "target-jsonl", "target-jsonl", "target-jsonl"),
        settings="`do_timestamp_file: false`; the folder must exist",
    ),
    _Postgres(
        *("postgres", "target-postgres (MeltanoLabs)", "target-postgres"),
        "meltanolabs-target-postgres",
        flattening=_SDK_FLATTENING,
    ),
    _Postgres(
        *("postgres-pipelinewise", "target-postgres (pipelinewise)", "target-postgres"),
        "pipelinewise-target-postgres",
        flattening={"data_flattening_max_level": 2},
    ),
    _DuckDB(
        *("duckdb", "target-duckdb (jwills)", "target-duckdb", "target-duckdb"),
        settings="beside `duckdb<1.3`",
        flattening={"data_flattening_max_level": 2},
    ),
    _DuckDB(
        *("duckdb-meltanolabs", "target-duckdb (MeltanoLabs)", "target-duckdb"),
        "target-duckdb",
        settings="beside `duckdb<1.3`, as tried here",
        source="git+https://github.com/MeltanoLabs/target-duckdb"
        "@9dcbe6432516efc465b3952b113fff8618dafffa",
        flattening={"data_flattening_max_level": 2},
    ),
    _SQLite(
        *("sqlite", "target-sqlite (MeltanoLabs)", "target-sqlite", "target-sqlite"),
        source="git+https://github.com/MeltanoLabs/target-sqlite"
        "@d4e802eadfd383d0b6993f97769e2d1ae8099507",
    ),
    _CSV(
        *("csv", "target-csv (MeltanoLabs)", "target-csv", "meltanolabs-target-csv"),
        settings="`file_naming_scheme: '{stream_name}-{timestamp}.csv'`",
        flattening=_SDK_FLATTENING,
    ),
    _Parquet(
        *("parquet", "target-parquet (Automattic)", "target-parquet", "target-parquet"),
        source="git+https://github.com/Automattic/target-parquet"
        "@8bfbb1796e71d52863f821f5c1445525a6cea3d5",
        flattening=_SDK_FLATTENING,
    ),
)
