"""Runs `launcher OUTPUT ERRORS COMMAND...` and writes what it took as JSON.

A small process of its own: Linux counts a process's peak memory from that of the
process which started it.
"""

import json
import os
import sys
import time

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

output, errors, *command = sys.argv[1:]
begin = time.perf_counter()
process = os.posix_spawn(
    command[0],
    command,
    os.environ,
    file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, output, FLAGS, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, errors, FLAGS, 0o600),
    ],
)
_, status, usage = os.wait4(process, 0)
figures = {
    "wall": round(time.perf_counter() - begin, 3),
    "cpu": round(usage.ru_utime + usage.ru_stime, 3),
    "peak": usage.ru_maxrss * 1024,
}
sys.stdout.write(json.dumps(figures))
sys.exit(os.waitstatus_to_exitcode(status))
