"""A PostgreSQL server for as long as a script runs, started when it is first asked.

It is the one that is installed. The packages that bring a server and are maintained
create a user on the machine, for root, and open folders to it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from commands import SkippedError, run

HOST, USER = "127.0.0.1", "postgres"


def query(sql: str, database: str = "postgres") -> list[str]:
    """Return the lines that SQL gives.

    Raises:
        SkippedError: The SQL failed, or there is no server here.
    """
    return run("psql", "-Atqc", sql, env=environment(database)).split("\n")[:-1]


def environment(database: str) -> dict[str, str]:
    """Return the environment in which clients find a database, and `psql` is found."""
    where = {"PGHOST": HOST, "PGPORT": str(port()), "PGUSER": USER}
    known = {"PGPASSWORD": "unused", "PGDATABASE": database, "PATH": _search_path()}
    return os.environ | where | known


@cache
def port() -> int:
    """Return the server's port; start it, if it does not run yet.

    Raises:
        SkippedError: PostgreSQL is not installed, or does not start.
    """
    initdb = shutil.which("initdb", path=_search_path())
    if not initdb:
        raise SkippedError("PostgreSQL is not installed (Debian: postgresql)")
    stack = ExitStack()
    place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    # After the folder is made: what is registered last runs first.
    atexit.register(stack.close)
    control = [Path(initdb).resolve().with_name("pg_ctl"), "-D", place / "data", "-ws"]
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(place, "nobody", "nogroup")
        control[:0] = "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"
    flags = f"-U {USER} -A trust -E UTF8 --no-locale --no-sync"
    run(*control, "-o", flags, "initdb", cwd=place)
    with socket.socket() as free:
        free.bind((HOST, 0))
        found: int = free.getsockname()[1]
    options = f"-p {found} -h {HOST} -k {place} -F"
    run(*control, "-l", place / "log", "-o", options, "start", cwd=place)
    stack.callback(run, *control, "-m", "immediate", "stop", cwd=place)
    return found


def _search_path() -> str:
    """Return the PATH, with the folders in which Debian hides PostgreSQL first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([*map(str, debian), os.environ["PATH"]])
