"""The settings in `plugin.yml`, `meltano.yml`, `.env.example` and the README."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import tomllib
import typing as t
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

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


def hub_validator() -> Draft7Validator:
    """The hub's schema of an extractor, with those that it refers to."""
    files = (ROOT / "tests" / "hub_schemas").glob("*.json")
    schemas = {schema["$id"]: schema for schema in map(_json, files)}
    resources = [(name, DRAFT7.create_resource(each)) for name, each in schemas.items()]
    registry: Registry[t.Any] = Registry().with_resources(resources)
    return Draft7Validator(schemas["extractors.schema.json"], registry=registry)


def _json(path: Path) -> t.Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_definition_is_valid_in_the_hub() -> None:
    assert [error.message for error in hub_validator().iter_errors(PLUGIN)] == []
    for setting in PLUGIN["settings"]:
        for option in setting.get("options", []):
            # The hub's schema does not look into the options.
            assert {type(value) for value in option.values()} == {str}


@pytest.mark.parametrize("change", ["key", "kind", "version"])
def test_the_schema_of_the_hub_sees_a_mistake(change: str) -> None:
    wrong = copy.deepcopy(PLUGIN)
    match change:
        case "key":
            wrong["pipurl"] = wrong.pop("pip_url")
        case "kind":
            wrong["settings"][0]["kind"] = "text"
        case "version":
            wrong["supported_python_versions"] = ["3"]
    assert not hub_validator().is_valid(wrong)


def test_the_definition_says_where_the_tap_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    repository, version = project["urls"]["Repository"], project["version"]
    assert PLUGIN["repo"] == repository
    assert PLUGIN["pip_url"] == f"git+{repository}.git@v{version}"
    assert f"v{version}/docs/meltano.md" in PLUGIN["docs"]
    assert PLUGIN["supported_python_versions"][0] in project["requires-python"]
    assert {"logo_url", "usage"} <= PLUGIN.keys()


def test_secrets_are_sensitive_and_not_of_a_deprecated_kind() -> None:
    secrets = [item for item in PLUGIN["settings"] if item.get("sensitive")]
    assert [item["name"] for item in secrets] == ["api_key", "password"]
    assert {item["kind"] for item in secrets} == {"string"}


def test_the_definition_needs_no_variable() -> None:
    assert "${" not in (ROOT / "plugin.yml").read_text()


@pytest.mark.parametrize("url", [None, "https://git.example/tap"])
def test_a_definition_of_a_fork(url: str | None, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "meltano.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (sed .*plugin\.yml .*)$", page, re.MULTILINE)
    result = subprocess.run(
        ["bash", "-c", command.replace("/path/to", str(ROOT))],  # noqa: S607
        check=False,
        cwd=tmp_path,
        capture_output=True,
        env={"PATH": os.environ["PATH"]} | ({"REPO": url} if url else {}),
        text=True,
    )
    if url:
        written = yaml.safe_load((tmp_path / "tap.yml").read_text())
        assert written == PLUGIN | {"pip_url": f"git+{url}"}
    else:
        assert result.returncode
        assert result.stderr.endswith("REPO: is not set\n")
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "tap.yml").exists()


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
