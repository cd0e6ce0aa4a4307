"""The command ``tap-clientsuccess``, also as ``python -m tap_clientsuccess``."""

import signal

# Until the tap takes over, Ctrl-C ends the process without a word: importing all that
# is needed takes a moment.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from tap_clientsuccess.tap import TapClientSuccess  # noqa: E402


def main() -> None:
    """Run the command line."""
    TapClientSuccess.cli()


if __name__ == "__main__":
    main()
