"""One sync: ``tap-clientsuccess | target-duckdb``. Knows nothing of Dagster."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import subprocess
import sys
import tempfile
import threading
import typing as t
from functools import partial
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

State = dict[str, t.Any]
Progress = dict[str, t.Any]
"""A stream's records, requests, bookmark and more: docs/progress.md of the tap."""

_LOG_AS_JSON = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
}


_FINAL = {2, 3}
"""Exit codes of the tap after which there is no retry: docs/faults.md of the tap.

2: the settings or the key are wrong, and stay so until somebody changes them.
3: all streams were read and loaded, but records are missing (`on_incomplete: fail`).
A retry accepts a total that is wrong twice, ends with 0, and hides the failure.
"""


class SyncError(Exception):
    """The tap or the target failed; the message is one line that says why.

    Attributes:
        streams: The progress of each stream until then.
        retry_helps: Whether the same sync may succeed in a minute.
    """

    def __init__(
        self, reason: str, streams: list[Progress], *, retry_helps: bool
    ) -> None:
        super().__init__(reason)
        self.streams = streams
        self.retry_helps = retry_helps


def sync(
    environment: dict[str, str],
    folder: Path,
    rows_per_load: int,
    state: State | None,
    keep: Callable[[State], None],
) -> list[Progress]:
    """Run the tap into the target and wait for both.

    Args:
        environment: Of both programs, with the settings of the tap.
        folder: Where `warehouse.duckdb` is; created if need be.
        rows_per_load: The target loads after this many rows of a stream, and confirms
            the state.
        state: Where to start; none reads everything.
        keep: Called with each state as soon as the target has confirmed it, also
            when the sync fails or is interrupted.

    Returns:
        The progress of each stream at its end.

    Raises:
        SyncError: The tap or the target failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        _locked(folder / "lock") as lock,
        tempfile.TemporaryDirectory() as scratch,
    ):
        tap_command, target_command = _commands(
            Path(scratch), folder, rows_per_load, state
        )
        log_settings = _write(Path(scratch) / "log.json", _LOG_AS_JSON)
        start = partial(
            subprocess.Popen,
            env=environment | {"SINGER_SDK_LOG_CONFIG": log_settings},
            # Here is no `.env`, from which the tap would read further settings.
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[lock],
        )
        tap = start(tap_command, stdin=subprocess.DEVNULL)
        target = start(target_command, stdin=tap.stdout)
        # Only the target reads it: when the target ends, so does the tap.
        tap.stdout.close()
        tap_log, target_log = _Log(tap), _Log(target)
        states = map(json.loads, target.stdout)
        try:
            for confirmed in states:
                keep(confirmed)
        except BaseException:
            # On SIGTERM the tap writes a last STATE, which the target confirms.
            tap.terminate()
            for confirmed in states:
                keep(confirmed)
            raise
        finally:
            # First the target: a tap that cannot write is not to blame.
            problems = [target_log.problem(), tap_log.problem()]
            if tap.returncode < 0:
                # A killed tap leaves half a line, which the target cannot read.
                problems.reverse()
    streams = list(tap_log.streams.values())
    retry_helps = bool(target.returncode) or tap.returncode not in _FINAL
    for problem in filter(None, problems):
        raise SyncError(problem, streams, retry_helps=retry_helps)
    return streams


def _commands(
    scratch: Path, folder: Path, rows_per_load: int, state: State | None
) -> tuple[list[str], list[str]]:
    """Return the commands of the tap and the target; write the files they read."""
    settings = {
        "filepath": str(folder.absolute() / "warehouse.duckdb"),
        "default_target_schema": "clientsuccess",
        "batch_size_rows": rows_per_load,
        "flush_all_streams": True,
    }
    tap = ["tap-clientsuccess", "--config=ENV"]
    if state:
        tap += ["--state", _write(scratch / "state.json", state)]
    return tap, ["target-duckdb", "--config", _write(scratch / "target.json", settings)]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold a lock, which the processes that inherit it go on holding.

    Where a run was killed, its tap and target may live on for a while. The next run of
    the account waits here until they have ended.
    """
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _write(path: Path, content: object) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


class _Log:
    """Passes a process's log on to stderr, and notes what is worth knowing."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.streams: dict[str, Progress] = {}
        self._process = process
        self._last = self._error = ""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def problem(self) -> str | None:
        """Wait for the end of the process; return why it failed, if it did."""
        code = self._process.wait()
        self._thread.join()
        name = str(t.cast("list[str]", self._process.args)[0])
        if code < 0:
            return f"{name} was ended by {signal.Signals(-code).name}"
        return f"{name}: {self._error or self._last}" if code else None

    def _read(self) -> None:
        with t.cast("t.IO[bytes]", self._process.stderr) as log:
            for raw in log:
                line = raw.decode(errors="replace").rstrip()
                with contextlib.suppress(ValueError, TypeError, LookupError):
                    entry = json.loads(line)
                    line = f"{entry['level'].upper()} {entry['message']}"
                    if progress := entry["extra"].get("progress"):
                        self.streams[progress["stream"]] = progress
                    if entry["level"] in {"error", "critical"}:
                        self._error = entry["message"]
                sys.stderr.write(f"{line}\n")
                self._last = line or self._last
