"""The settings in `plugin.yml`, `meltano.yml`, `.env.example` and the README."""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tap_clientsuccess.config.settings import SCHEMA
from tap_clientsuccess.config.validation import problems
from tap_clientsuccess.tap import TapClientSuccess

ROOT = Path(__file__).parent.parent
PLUGIN: dict[str, t.Any] = yaml.safe_load((ROOT / "plugin.yml").read_text())
PROJECT = yaml.safe_load((ROOT / "meltano.yml").read_text())
(EXTRACTOR,) = PROJECT["plugins"]["extractors"]
SDK: dict[str, t.Any] = {"properties": {}}
TapClientSuccess.append_builtin_config(SDK)
# The SDK adds its own settings to the tap's schema, as soon as there is a tap.
OWN = [name for name in SCHEMA["properties"] if name not in SDK["properties"]]

# What the JSON schema of the hub's extractors asks for.
HUB_REQUIRED = {"name", "namespace", "variant", "quality"}
HUB_KEYS = HUB_REQUIRED | {
    *("pip_url", "label", "description", "executable", "settings", "capabilities"),
    *("settings_group_validation", "keywords", "domain_url", "maintenance_status"),
    *("docs", "repo", "log_parser", "settings_preamble", "next_steps", "prereq"),
}
HUB_KINDS = {
    *("array", "boolean", "date_iso8601", "integer", "object", "options", "string")
}
HUB_STATUS = {"active", "beta", "development", "inactive", "unknown"}


def test_the_definition_is_current() -> None:
    written = subprocess.run(
        [sys.executable, "-c", "import plugin; print(end=plugin.definition())"],
        check=True,
        env={"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}"},
        capture_output=True,
        text=True,
    ).stdout
    assert (ROOT / "plugin.yml").read_text() == written


def test_the_definition_has_the_form_of_the_hub() -> None:
    assert HUB_REQUIRED <= PLUGIN.keys() <= HUB_KEYS
    assert PLUGIN["quality"] in {"gold", "silver", "bronze", "unknown"}
    assert PLUGIN["maintenance_status"] in HUB_STATUS
    assert {setting["kind"] for setting in PLUGIN["settings"]} <= HUB_KINDS
    for setting in PLUGIN["settings"]:
        for option in setting.get("options", []):
            assert {type(value) for value in option.values()} == {str}


def test_the_project_says_what_the_definition_says() -> None:
    shared = EXTRACTOR.keys() & PLUGIN.keys() - {"pip_url"}
    assert {"settings", "capabilities", "settings_group_validation"} <= shared
    assert {key: EXTRACTOR[key] for key in shared} == {k: PLUGIN[k] for k in shared}


def test_the_definition_has_every_setting() -> None:
    settings = {setting["name"]: setting for setting in PLUGIN["settings"]}
    assert list(settings) == [*OWN, *SDK["properties"]]
    for name, schema in (SDK["properties"] | SCHEMA["properties"]).items():
        setting = settings[name]
        assert setting.get("value") == schema.get("default")
        assert setting.get("sensitive", False) == schema.get("secret", False)
        if setting["kind"] not in {"options", "date_iso8601"}:
            assert setting["kind"] in schema["type"]
    assert settings["start_date"]["kind"] == "date_iso8601"
    assert settings["v1_streams"]["kind"] == "options"


def test_the_example_has_every_setting_of_the_tap() -> None:
    example = (ROOT / ".env.example").read_text()
    names = re.findall(r"^# TAP_CLIENTSUCCESS_(\w+)=", example, re.MULTILINE)
    assert names == [name.upper() for name in OWN]
    assert not re.findall(r"^[^#\n]", example, re.MULTILINE)


def test_settings_required_by_meltano_suffice() -> None:
    assert problems({}, SCHEMA)
    for names in PLUGIN["settings_group_validation"]:
        assert problems(dict.fromkeys(names, "password"), SCHEMA) == []


@pytest.mark.parametrize("name", OWN)
def test_about_and_the_readme_have_the_setting(name: str) -> None:
    assert name in TapClientSuccess.config_jsonschema["properties"]
    assert f"| `{name}` |" in (ROOT / "README.md").read_text(encoding="utf-8")
