"""Run Meltano without touching a developer's own state in this project.

Settings of theirs (environment, `.env`) do not reach these runs, and neither Meltano's
state nor a log of theirs is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import typing as t
from collections import Counter
from dataclasses import dataclass

from commands import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

_MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"
_FOREIGN = ("MELTANO_", "TAP_CLIENTSUCCESS_", "TARGET_")
_LINES_SHOWN = 15
_SECONDS_TO_END = 10


class MeltanoError(Exception):
    """Meltano failed; the message has the last lines of its log."""


@dataclass(frozen=True)
class Meltano:
    """Meltano with these settings.

    Attributes:
        settings: Environment variables for Meltano and its plug-ins.
    """

    settings: dict[str, str]

    def call(self, *arguments: str, log: Path) -> Counter[str]:
        """Print a call of Meltano, make it, and wait for its end.

        Args:
            arguments: The command and its arguments.
            log: Where its log goes, one JSON object a line.

        Returns:
            How many records the extractor read of each stream.

        Raises:
            MeltanoError: It did not end well.
        """
        print(f"  $ {_MELTANO.relative_to(ROOT)} {shlex.join(arguments)}")
        options = [f"--env-file={os.devnull}", "--log-format=json"]
        status = _run_to_the_end(
            [str(_MELTANO), *options, *arguments], self._environment(), log
        )
        lines = list(_read(log))
        if status:
            raise MeltanoError("\n".join(map(_in_words, lines[-_LINES_SHOWN:])))
        return _records_read(lines)

    def print_exports(self) -> None:
        """Print the settings as a shell takes them, so that a run can be repeated."""
        for name, value in self.settings.items():
            print(f"  $ export {name}={shlex.quote(value)}")

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        unproxied = ",".join(filter(None, [_no_proxy(), "127.0.0.1"]))
        return {
            **kept,
            "NO_PROXY": unproxied,
            "no_proxy": unproxied,
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            **self.settings,
        }


def _no_proxy() -> str:
    return os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")


def _run_to_the_end(command: list[str], environment: dict[str, str], log: Path) -> int:
    """Run a command in a new process group, and stop the whole group at the end."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait()
        finally:
            _end_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_END)
            _end_group(process.pid, signal.SIGKILL)


def _end_group(group: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


def _read(log: Path) -> t.Iterator[dict[str, t.Any]]:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = line
        yield entry if isinstance(entry, dict) else {"event": line}


def _in_words(entry: dict[str, t.Any]) -> str:
    head = [str(entry[key]) for key in ("level", "name") if key in entry]
    return ": ".join([*head, str(entry.get("event", ""))])


def _records_read(lines: list[dict[str, t.Any]]) -> Counter[str]:
    read: Counter[str] = Counter()
    for line in lines:
        metric = line.get("metric_info") or {}
        if metric.get("metric") == "record_count":
            read[metric["tags"]["stream"]] += metric["value"]
    return read
