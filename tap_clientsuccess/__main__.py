"""The command ``tap-clientsuccess``, also as ``python -m tap_clientsuccess``."""

import gc
import sys
import typing as t

from tap_clientsuccess.singer.signals import stop_signal

# Before the slow imports, so that a signal during them is handled, too.
stop_signal.take_over()

# Imports leave no garbage, but the collector would search all of it, again and again.
gc.disable()

from tap_clientsuccess.errors import printable  # noqa: E402
from tap_clientsuccess.tap import TapClientSuccess  # noqa: E402

if t.TYPE_CHECKING:
    import click


def main() -> None:
    """Run the command line."""
    gc.freeze()
    gc.enable()
    try:
        _command()()
    finally:
        stop_signal.ignore()


def _command() -> "click.Command":
    """Return the command; the SDK sets up logging when it is accessed."""
    try:
        command: click.Command = TapClientSuccess.cli
    except Exception as error:  # noqa: BLE001 # whatever a logging configuration raises
        sys.exit(
            "tap-clientsuccess: Invalid logging configuration "
            "(LOGLEVEL, TAP_CLIENTSUCCESS_LOGLEVEL or SINGER_SDK_LOG_CONFIG): "
            f"{printable(' '.join(str(error).split()))}"
        )
    return command


if __name__ == "__main__":
    main()
