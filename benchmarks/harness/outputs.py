"""Finds the records in what the contenders wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, Any]

_decode = msgspec.json.Decoder().decode


def singer_records(output: Path, stream: str) -> Iterator[Record]:
    """Find the records in Singer messages.

    Args:
        output: The file with the messages.
        stream: The stream that was read.

    Yields:
        The records of the stream.
    """
    for message in _lines(output):
        if message["type"] == "RECORD" and message["stream"] == stream:
            yield message["record"]


def airbyte_records(output: Path, stream: str) -> Iterator[Record]:
    """Find the records in Airbyte messages.

    Args:
        output: The file with the messages.
        stream: The stream that was read.

    Yields:
        The records of the stream.
    """
    for message in _lines(output):
        if message["type"] == "RECORD" and message["record"]["stream"] == stream:
            yield message["record"]["data"]


def dlt_records(pipelines: Path, stream: str) -> Iterator[Record]:
    """Find the records in the load packages that dlt extracted.

    Args:
        pipelines: The folder with dlt's pipelines.
        stream: The stream that was read.

    Yields:
        The records of the stream.
    """
    for path in pipelines.glob(f"**/new_jobs/{stream}.*.typed-jsonl"):
        for records in _lines(path):
            yield from records


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as lines:
        yield from map(_decode, lines)
