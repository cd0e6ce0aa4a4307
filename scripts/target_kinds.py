"""The targets: how each is installed and set up, and how to see what is in it."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

if t.TYPE_CHECKING:
    from contextlib import ExitStack

ROOT = Path(__file__).parent.parent
_ENVIRONMENTS = ROOT / ".venv-targets"
_SDK_FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 2}
_HARD_DELETE = {"hard_delete": True}

Config = dict[str, t.Any]
Row = dict[str, t.Any]


class SkippedError(Exception):
    """A target cannot be run here; the message says why."""


@dataclass(frozen=True)
class Target:
    """A target.

    Attributes:
        name: Names its requirements file and its environment.
        title: What the table calls it.
        executable: Its command.
        package: The distribution whose version the table gives.
        settings: Settings that the table names, as text.
        source: Where pip gets it from, if not from its requirements file.
        flattening: Settings that have the target flatten; empty where it cannot.
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
    appends: bool = False
    hard_delete: Config = field(default_factory=dict)

    @property
    def environment(self) -> Path:
        """The target's virtual environment."""
        return _ENVIRONMENTS / self.name

    @property
    def program(self) -> Path:
        """The target's command."""
        return self.environment / "bin" / self.executable

    def prepare(self, place: Path, stack: ExitStack) -> Config:  # noqa: ARG002
        """Prepare to load; return the settings.

        Raises:
            SkippedError: A service that it needs is missing.
        """
        return {}

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:
        """Return the rows of a stream."""
        raise NotImplementedError

    def type_of(self, place: Path, config: Config, stream: str, column: str) -> str:
        """Return the type of a column; here, that of its first value."""
        values = [row.get(column) for row in self.rows(place, config, stream)]
        kinds = {type(value).__name__ for value in values if value is not None}
        return " or ".join(sorted(kinds)) or "no value"


def fold(name: str) -> str:
    """Return what is left of a name in all targets: some make it snake case."""
    plain = re.sub(r"[^a-z0-9]", "_", name.lower())
    return re.sub(r"(?<!_)_(?!_)", "", plain)


def install(target: Target) -> str:
    """Make a target's environment, if it is not there; return the target's version.

    Raises:
        SkippedError: It cannot be installed.
    """
    locked = ROOT / "requirements" / f"target-{target.name}.txt"
    wanted = hashlib.sha256(locked.read_bytes() + target.source.encode()).hexdigest()
    mark = target.environment / ".packages"
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Setting up {target.environment.relative_to(ROOT)} ...", flush=True)
        run(sys.executable, "-m", "venv", "--clear", target.environment)
        pip = (target.environment / "bin" / "pip", "install", "-qq", "--no-compile")
        run(*pip, "--require-hashes", "-r", locked)
        if target.source:
            run(*pip, "--no-deps", target.source)
        mark.write_text(wanted)
    says = f"import importlib.metadata as m; print(m.version({target.package!r}))"
    return run(target.environment / "bin" / "python", "-c", says).strip()


def run(*command: t.Any, **options: t.Any) -> str:
    """Run a command; return what it prints.

    Raises:
        SkippedError: It failed; the message has its last line.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SkippedError(f"{Path(command[0]).name} failed: {' '.join(last)[:100]}")
    return str(done.stdout)


class _Files(Target):
    """A target that writes a folder."""

    folder_setting = "destination_path"

    def prepare(self, place: Path, stack: ExitStack) -> Config:  # noqa: ARG002
        (place / "data").mkdir()
        return {self.folder_setting: str(place / "data")}


class _JSONLines(_Files):
    def prepare(self, place: Path, stack: ExitStack) -> Config:
        return super().prepare(place, stack) | {"do_timestamp_file": False}

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:  # noqa: ARG002
        lines = (place / "data" / f"{stream}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line, parse_float=_Number) for line in lines.splitlines()]


class _Number(str):
    """A number with a fraction, as it stands in a file."""

    __slots__ = ()


_Number.__name__ = "number"


class _CSV(_Files):
    folder_setting = "output_path"

    def prepare(self, place: Path, stack: ExitStack) -> Config:
        scheme = {"file_naming_scheme": "{stream_name}-{timestamp}.csv"}
        return super().prepare(place, stack) | scheme

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:  # noqa: ARG002
        rows: list[Row] = []
        for path in sorted((place / "data").glob(f"{stream}-*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows += csv.DictReader(file)
        return rows


def _connected(config: Config) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config.get("path", ":memory:"), read_only="path" in config)


class _DuckDB(Target):
    def prepare(self, place: Path, stack: ExitStack) -> Config:  # noqa: ARG002
        return {"path": str(place / "db"), "default_target_schema": "main"}

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:
        with _connected(config) as db:
            found = db.execute(f"SELECT * FROM {self.table(place, stream)}")  # noqa: S608
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def type_of(self, place: Path, config: Config, stream: str, column: str) -> str:
        with _connected(config) as db:
            sql = f"DESCRIBE SELECT * FROM {self.table(place, stream)}"  # noqa: S608
            found = db.execute(sql)
            types = {fold(row[0]): row[1] for row in found.fetchall()}
        return str(types.get(fold(column), "no column"))

    def table(self, place: Path, stream: str) -> str:  # noqa: ARG002
        """Return what DuckDB selects from."""
        return stream


class _Parquet(_DuckDB):
    def prepare(self, place: Path, stack: ExitStack) -> Config:  # noqa: ARG002
        return {"destination_path": str(place / "data")}

    def table(self, place: Path, stream: str) -> str:
        files = f"{place}/data/**/{stream}-*.parquet"
        return f"read_parquet('{files}', union_by_name = true)"


class _SQLite(Target):
    def prepare(self, place: Path, stack: ExitStack) -> Config:  # noqa: ARG002
        return {"database": str(place / "data")}

    def _query(self, config: Config, sql: str) -> list[Row]:
        with sqlite3.connect(f"{config['database']}.db") as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql)]

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:  # noqa: ARG002
        return self._query(config, f"SELECT * FROM {stream}")  # noqa: S608

    def type_of(self, place: Path, config: Config, stream: str, column: str) -> str:  # noqa: ARG002
        columns = self._query(config, f"PRAGMA table_info({stream})")
        types = {fold(row["name"]): row["type"] for row in columns}
        return str(types.get(fold(column), "no column"))


class _Postgres(Target):
    def prepare(self, place: Path, stack: ExitStack) -> Config:
        server = _server(place.parent / "postgres", stack)
        run(*server.psql, "-c", f'CREATE DATABASE "{place.name}"', "postgres")
        return {
            "host": "127.0.0.1",
            "port": server.port,
            "user": "postgres",
            "password": "unused",
            "database": place.name,
            "dbname": place.name,
            "default_target_schema": "public",
        }

    def _query(self, place: Path, sql: str) -> list[t.Any]:
        server = _server(place.parent / "postgres", None)
        return run(*server.psql, "-Atc", sql, place.name).splitlines()

    def rows(self, place: Path, config: Config, stream: str) -> list[Row]:  # noqa: ARG002
        lines = self._query(place, f"SELECT to_jsonb(t) FROM {stream} t")  # noqa: S608
        return [json.loads(line, parse_float=_Number) for line in lines]

    def type_of(self, place: Path, config: Config, stream: str, column: str) -> str:  # noqa: ARG002
        sql = "SELECT column_name, data_type FROM information_schema.columns"
        lines = self._query(place, f"{sql} WHERE table_name = '{stream}'")
        types = dict(line.split("|") for line in lines)
        return str({fold(name): kind for name, kind in types.items()}[fold(column)])


class _Server(t.NamedTuple):
    port: int
    psql: tuple[str | Path, ...]


_servers: dict[Path, _Server] = {}


def _server(place: Path, stack: ExitStack | None) -> _Server:
    """Return the PostgreSQL server in a folder; start it first, with a stack."""
    if place not in _servers and stack:
        _servers[place] = _start(place, stack)
    return _servers[place]


def _start(place: Path, stack: ExitStack) -> _Server:
    initdb = shutil.which("initdb", path=search_path())
    if not initdb:
        raise SkippedError("PostgreSQL is not installed (Debian: postgresql)")
    programs = Path(initdb).resolve().parent
    place.mkdir()
    user: tuple[str, ...] = ()
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        user = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        shutil.chown(place, "nobody", "nogroup")
        place.parent.chmod(0o755)
    data = place / "data"
    flags = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
    run(*user, programs / "initdb", "-D", data, *flags, cwd=place)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-p {port} -h 127.0.0.1 -k {place} -F"
    control = (*user, programs / "pg_ctl", "-D", data, "-w", "-s")
    run(*control, "-l", place / "log", "-o", options, "start", cwd=place)
    stack.callback(run, *control, "-m", "immediate", "stop", cwd=place)
    where = ("-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
    return _Server(port, (programs / "psql", "-q", *where))


def search_path() -> str:
    """Return the PATH, with the folders in which Debian hides PostgreSQL first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([*map(str, debian), os.environ["PATH"]])


TARGETS: tuple[Target, ...] = (
    _JSONLines(
        *("jsonl", "target-jsonl", "target-jsonl", "target-jsonl"),
        settings="`do_timestamp_file: false`; the folder must exist",
        appends=True,
    ),
    _Postgres(
        *("postgres", "target-postgres (MeltanoLabs)", "target-postgres"),
        "meltanolabs-target-postgres",
        flattening=_SDK_FLATTENING,
        hard_delete=_HARD_DELETE,
    ),
    _Postgres(
        *("postgres-pipelinewise", "target-postgres (pipelinewise)", "target-postgres"),
        "pipelinewise-target-postgres",
        flattening={"data_flattening_max_level": 2},
        hard_delete=_HARD_DELETE,
    ),
    _DuckDB(
        *("duckdb", "target-duckdb (jwills)", "target-duckdb", "target-duckdb"),
        settings="beside `duckdb<1.3`",
        flattening={"data_flattening_max_level": 2},
        hard_delete=_HARD_DELETE,
    ),
    _DuckDB(
        *("duckdb-meltanolabs", "target-duckdb (MeltanoLabs)", "target-duckdb"),
        "target-duckdb",
        settings="beside `duckdb<1.3`, as tried here",
        source="git+https://github.com/MeltanoLabs/target-duckdb"
        "@9dcbe6432516efc465b3952b113fff8618dafffa",
        flattening={"data_flattening_max_level": 2},
        hard_delete=_HARD_DELETE,
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
        appends=True,
    ),
    _Parquet(
        *("parquet", "target-parquet (Automattic)", "target-parquet", "target-parquet"),
        source="git+https://github.com/Automattic/target-parquet"
        "@8bfbb1796e71d52863f821f5c1445525a6cea3d5",
        flattening=_SDK_FLATTENING,
        appends=True,
    ),
)
