"""``python -m tap_clientsuccess`` is ``tap-clientsuccess``."""

from tap_clientsuccess.tap import TapClientSuccess

TapClientSuccess.cli()
