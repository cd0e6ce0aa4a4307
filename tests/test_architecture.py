"""The architecture: the diagram is true, and inheritance stays shallow.

`make lint` holds that imports run one way, with the contracts in `pyproject.toml`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from singer_sdk import Stream

from tap_clientsuccess.streams import STREAMS
from tap_clientsuccess.streams.custom import CustomStream

ROOT = Path(__file__).parent.parent


def test_the_diagram_in_the_docs_shows_the_layers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = re.findall(r'L(\d+)\["([^"]+)"\]', page)
    assert [int(number) for number, _ in shown] == list(range(len(shown)))
    assert [names.split(", ") for _, names in shown] == [
        layer.split(" | ") for layer in contract["layers"]
    ]


@pytest.mark.parametrize("stream", [*STREAMS, CustomStream])
def test_few_classes_stand_between_the_sdk_and_a_stream(
    stream: type[Stream],
) -> None:
    line = stream.__mro__
    assert line.index(Stream) - 1 <= 5
