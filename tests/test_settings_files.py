"""The settings are in three files: the others must match the schema."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.config.validation import problems
from tap_clientsuccess.tap import TapClientSuccess

ROOT = Path(__file__).parent.parent
SDK: dict[str, t.Any] = {"properties": {}}
TapClientSuccess.append_builtin_config(SDK)
# The SDK adds its own settings to the tap's schema, as soon as there is a tap.
SETTINGS: dict[str, dict[str, t.Any]] = {
    name: schema
    for name, schema in SCHEMA["properties"].items()
    if name not in SDK["properties"]
}
NEEDED = "api_key"


@pytest.fixture(scope="module")
def extractor() -> dict[str, t.Any]:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (found,) = project["plugins"]["extractors"]
    assert isinstance(found, dict)
    return found


def kind_of(schema: dict[str, t.Any]) -> str:
    if "enum" in schema:
        return "options"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    (kind,) = set(schema["type"]) - {"null"}
    return str(kind)


def in_meltano(name: str) -> dict[str, t.Any]:
    """The entry that a setting's schema implies."""
    schema = SETTINGS[name]
    options = [{"label": value, "value": value} for value in schema.get("enum", [])]
    entry = {
        "name": name,
        "kind": kind_of(schema),
        "options": options,
        "sensitive": schema.get("secret"),
        "value": schema.get("default"),
        "label": schema["title"],
        "description": schema["description"],
    }
    return {key: value for key, value in entry.items() if value not in (None, [])}


def in_example(name: str) -> str:
    """The lines that a setting's schema implies."""
    schema = SETTINGS[name]
    default = schema.get("default", "")
    value = default if isinstance(default, str) else json.dumps(default)
    mark = "" if name == NEEDED else "# "
    line = f"{mark}TAP_CLIENTSUCCESS_{name.upper()}={value}"
    return f"# {schema['description']}\n{line}\n"


@pytest.mark.parametrize("name", SETTINGS)
def test_meltano_has_the_setting(name: str, extractor: dict[str, t.Any]) -> None:
    assert in_meltano(name) in extractor["settings"]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_example_has_the_setting(name: str) -> None:
    assert in_example(name) in (ROOT / ".env.example").read_text()


def test_meltano_has_no_other_setting(extractor: dict[str, t.Any]) -> None:
    names = [setting["name"] for setting in extractor["settings"]]
    assert [name for name in names if name not in SDK["properties"]] == list(SETTINGS)


def test_the_example_has_no_other_setting() -> None:
    example = (ROOT / ".env.example").read_text()
    names = re.findall(r"^(?:# )?TAP_CLIENTSUCCESS_(\w+)=", example, re.MULTILINE)
    assert names == [name.upper() for name in SETTINGS]


def test_settings_required_by_meltano_suffice(extractor: dict[str, t.Any]) -> None:
    for names in extractor["settings_group_validation"]:
        assert problems(dict.fromkeys(names, "password"), SCHEMA) == []


def test_meltano_requires_every_required_setting(extractor: dict[str, t.Any]) -> None:
    assert problems({}, SCHEMA)
    assert extractor["settings_group_validation"][0] == [NEEDED]


def test_meltano_knows_the_capabilities(extractor: dict[str, t.Any]) -> None:
    capabilities = [item.value for item in TapClientSuccess.capabilities]
    assert sorted(extractor["capabilities"]) == sorted(capabilities)
