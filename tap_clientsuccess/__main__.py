"""The command ``tap-clientsuccess``, also as ``python -m tap_clientsuccess``."""

from tap_clientsuccess.singer.signals import stop_signal

# First of all, because importing the rest takes a moment.
stop_signal.take_over()

from tap_clientsuccess.tap import TapClientSuccess  # noqa: E402


def main() -> None:
    """Run the command line."""
    try:
        TapClientSuccess.cli()
    finally:
        stop_signal.ignore()


if __name__ == "__main__":
    main()
