"""Where batch files are written, and that they can be."""

from __future__ import annotations

import contextlib
import re
import typing as t
from uuid import uuid4

from upath import UPath

from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from singer_sdk.exceptions import ConfigValidationError
    from singer_sdk.helpers._batch import BatchConfig

_LONGEST_NAME = 100


def file_name_of(stream: str) -> str:
    """Return what stands for a stream in a file's name: `a/b` is no folder."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", stream)[:_LONGEST_NAME]


def unwritable(error: Exception) -> ConfigValidationError:
    """Describe why a batch file cannot be written."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return config_error(f"batch_config.storage.root cannot be written to: {reason}")


def check_storage(batch_config: BatchConfig) -> None:
    """Write and delete an empty file, where the batch files are to be.

    Raises:
        ConfigValidationError: That is not possible.
    """
    storage = batch_config.storage
    name = f"{storage.prefix or ''}{uuid4()}"
    try:
        file = UPath(storage.root, **storage.params).resolve() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with storage.open(name, "wb") as opened:
            opened.write(b"")
    except Exception as error:  # noqa: BLE001 - each kind of storage raises its own
        raise unwritable(error) from None
    with contextlib.suppress(Exception):  # It may be allowed to write alone.
        file.unlink()
