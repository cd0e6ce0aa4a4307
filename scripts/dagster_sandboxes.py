"""`dagster dev` with four sandboxes as its accounts, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

from commands import ROOT

from clientsuccess_sandbox import RateLimit, Sandbox

EXAMPLE = ROOT / "examples" / "dagster"
PROGRAMS = [str(ROOT / venv / "bin") for venv in (".venv-dagster", ".venv")]
CLIENTS = {"acme": 200, "globex": 1_000, "initech": 100, "umbrella": 50}
REVOKED, LIMITED = "umbrella", "initech"
ABOUT = f"""\
Accounts: {", ".join(CLIENTS)}. The key of {REVOKED} is revoked, and {LIMITED} \
allows 5 requests a second.
Materialize all partitions of `clientsuccess` on http://127.0.0.1:3000. Ctrl-C ends it.
"""
# `dg dev`, which Dagster would rather have, needs 30 more packages.
NO_WARNING = "ignore:Function `dev_command` is superseded:FutureWarning"


def main() -> int:
    """Start all of it; return the exit code of Dagster."""
    settings = {
        "CLIENTSUCCESS_ACCOUNTS": ",".join(CLIENTS),
        "DAGSTER_HOME": str(EXAMPLE),
        "PYTHONWARNINGS": NO_WARNING,
        "PATH": os.pathsep.join([*PROGRAMS, os.environ["PATH"]]),
    }
    with contextlib.ExitStack() as stack:
        for name, clients in CLIENTS.items():
            sandbox = stack.enter_context(Sandbox(seed=len(name), clients=clients))
            if name == LIMITED:
                sandbox.faults.add(RateLimit("/", per_second=5))
            key = "revoked" if name == REVOKED else sandbox.api_key
            settings[f"TAP_CLIENTSUCCESS_BASE_URL__{name.upper()}"] = sandbox.base_url
            settings[f"TAP_CLIENTSUCCESS_API_KEY__{name.upper()}"] = key
        print(ABOUT, flush=True)
        # Ctrl-C reaches Dagster too, which then ends its processes by itself.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        command = [f"{PROGRAMS[0]}/dagster", "dev", *sys.argv[1:]]
        return subprocess.run(
            command,
            cwd=EXAMPLE,
            env=os.environ | settings,
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
