"""Runs a command and says what it took.

A process of its own, and a small one: a command's peak memory counts from that of the
process which started it.
"""

from __future__ import annotations

import json
import os
import sys
import time

_KIBIBYTE = 1024


def main() -> None:
    """Run ``launcher OUTPUT ERRORS COMMAND...`` and write the figures as JSON."""
    output, errors, *command = sys.argv[1:]
    began = time.perf_counter()
    process = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[_into(1, output), _into(2, errors)],
    )
    _, status, usage = os.wait4(process, 0)
    figures = {
        "wall": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * _KIBIBYTE,
    }
    sys.stdout.write(json.dumps(figures))
    sys.exit(os.waitstatus_to_exitcode(status))


def _into(descriptor: int, path: str) -> tuple[int, int, str, int, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return (os.POSIX_SPAWN_OPEN, descriptor, path, flags, 0o600)


if __name__ == "__main__":
    main()
