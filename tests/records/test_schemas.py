"""What holds for all schemas of the tap."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tap_clientsuccess import schemas
from tap_clientsuccess.catalog import SCHEMAS

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

NAMES = [
    path.stem
    for path in Path(schemas.__path__[0]).glob("*.json")
    if path.stem != "shared"
]


def unions(schema: JSONSchema) -> t.Iterator[t.Any]:
    declared = schema["type"]
    if isinstance(declared, list) and len({*declared} - {"null"}) != 1:
        yield declared
    for part in [*schema.get("properties", {}).values(), schema.get("items")]:
        if part:
            yield from unions(part)


@pytest.mark.parametrize("name", NAMES)
def test_no_type_but_one_or_null(name: str) -> None:
    assert not list(unions(SCHEMAS.fetch_schema(name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_can_flatten_null(name: str) -> None:
    # It looks for ``type`` in ``schema[field]``, also where that is the description.
    schema = SCHEMAS.fetch_schema(name)
    assert "description" not in schema["properties"] or (
        "type" not in schema["description"]
    )
