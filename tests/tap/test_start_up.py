"""A start takes no longer than it must."""

from __future__ import annotations

import subprocess
import sys

IMPORTED = """
import sys
import singer_sdk
before = {*sys.modules}
import tap_clientsuccess.__main__
names = {name.partition(".")[0] for name in sys.modules.keys() - before}
# Compiled modules may share one of their own: its name has the version of Cython.
names = {name for name in names if not name.startswith("_cython_")}
print(*sorted(names - sys.stdlib_module_names))
"""
COLLECTED = """
import contextlib, gc, sys
from tap_clientsuccess.__main__ import main
print(gc.isenabled())
sys.argv = ["tap-clientsuccess", "--version"]
with contextlib.suppress(SystemExit):
    main()
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout


def test_the_command_imports_little_that_the_sdk_does_not() -> None:
    assert run(IMPORTED).split() == ["msgspec", "pyroaring", "tap_clientsuccess"]


def test_the_account_check_is_not_imported_before_it_is_asked_for() -> None:
    program = f"{IMPORTED}\nprint('tap_clientsuccess.account_check' in sys.modules)"
    assert run(program).split()[-1] == "False"


def test_garbage_is_collected_after_the_imports() -> None:
    first, *_, last = run(COLLECTED).splitlines()
    assert first == "False"
    assert last == "True True"
