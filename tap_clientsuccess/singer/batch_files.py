"""Batch files: that they can be written, and how."""

from __future__ import annotations

import contextlib
import re
import typing as t
from uuid import uuid4

from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import BatchConfig
from upath import UPath

from tap_clientsuccess.errors import config_error

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.exceptions import ConfigValidationError
    from singer_sdk.helpers.types import Record

_LONGEST_NAME = 100


def written(
    tap: str, stream: str, batch_config: BatchConfig, records: Iterable[Record]
) -> Iterator[list[str]]:
    """Write batch files of records, and yield the names of the files of each batch.

    Raises:
        ConfigValidationError: A file cannot be written.
    """
    # `a/b` is no folder.
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", stream)[:_LONGEST_NAME]
    try:
        yield from Batcher(tap, name, batch_config).get_batches(iter(records))
    except OSError as error:
        raise _unwritable(error) from None


def check_storage(batch_config: dict[str, t.Any]) -> None:
    """Write and delete an empty file, where the batch files are to be.

    Raises:
        ConfigValidationError: That is not possible.
    """
    storage = BatchConfig.from_dict(batch_config).storage
    name = f"{storage.prefix or ''}{uuid4()}"
    try:
        file = UPath(storage.root, **storage.params).resolve() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with storage.open(name, "wb") as opened:
            opened.write(b"")
    except Exception as error:  # noqa: BLE001 - each kind of storage raises its own
        raise _unwritable(error) from None
    with contextlib.suppress(Exception):  # It may be allowed to write alone.
        file.unlink()


def _unwritable(error: Exception) -> ConfigValidationError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return config_error(f"batch_config.storage.root cannot be written to: {reason}")
