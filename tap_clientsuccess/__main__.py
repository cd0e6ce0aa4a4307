"""The command ``tap-clientsuccess``, also as ``python -m tap_clientsuccess``."""

import gc
import sys

from tap_clientsuccess.singer.signals import stop_signal

# Before the slow imports, so that a signal during them is handled, too.
stop_signal.take_over()

# Imports leave no garbage, but the collector would search all of it, again and again.
gc.disable()

from tap_clientsuccess.errors import printable  # noqa: E402
from tap_clientsuccess.tap import TapClientSuccess  # noqa: E402


def main() -> None:
    """Run the command line."""
    gc.freeze()
    gc.enable()
    try:
        command = TapClientSuccess.cli  # The SDK sets up logging with it.
    except Exception as error:  # noqa: BLE001 # whatever a logging configuration raises
        sys.exit(
            "tap-clientsuccess: Invalid logging configuration "
            "(LOGLEVEL, TAP_CLIENTSUCCESS_LOGLEVEL or SINGER_SDK_LOG_CONFIG): "
            f"{printable(' '.join(str(error).split()))}"
        )
    try:
        command()
    finally:
        stop_signal.ignore()


if __name__ == "__main__":
    main()
