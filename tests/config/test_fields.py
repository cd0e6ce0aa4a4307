"""A setting is one field: all that reads settings knows it then."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from tap_clientsuccess.config.environment import read_environment
from tap_clientsuccess.config.field import checks, json_schema, setting, values
from tap_clientsuccess.config.settings import Settings

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def odd(value: int) -> Iterator[str]:
    if value % 2:
        yield "must be even"


@dataclass(frozen=True, kw_only=True)
class Some:
    pairs: int = setting(
        th.IntegerType(minimum=0), "Pairs", "How many.", default=2, check=odd
    )
    days: dict[str, float | None] = setting(
        th.ObjectType(additional_properties=th.NumberType(nullable=True)),
        "Days",
        "Days by stream.",
        default={"*": 7.0},
    )
    what: str = setting(
        th.StringType(allowed_values=["warn", "fail"]),
        "What",
        "What to do.",
        default="warn",
        read=str.upper,
    )
    token: str | None = setting(th.StringType, "Token", "It.", secret=True)


def test_the_schema() -> None:
    properties = json_schema(Some)["properties"]
    assert list(properties) == ["pairs", "days", "what", "token"]
    assert properties["pairs"] == {
        "type": ["integer", "null"],
        "title": "Pairs",
        "description": "How many.",
        "default": 2,
        "minimum": 0,
    }
    assert properties["days"]["type"] == ["object", "null"]
    assert properties["what"]["enum"] == ["warn", "fail"]
    assert properties["token"]["secret"] is True


def test_the_values() -> None:
    assert values(Some, {"what": None, "token": "x"}) == {
        "pairs": 2,
        "days": {"*": 7.0},
        "what": "WARN",
        "token": "x",
    }


def test_the_checks() -> None:
    assert [(name, list(check(3))) for name, check in checks(Some)] == [
        ("pairs", ["must be even"])
    ]


def test_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_CLIENTSUCCESS_PAIRS", "4")
    monkeypatch.setenv("TAP_CLIENTSUCCESS_DAYS", '{"clients": null}')
    # As Meltano sets them, too.
    monkeypatch.setenv("TAP_CLIENTSUCCESS_DAYS_CLIENTS", "null")
    config, sources = read_environment(json_schema(Some))
    assert config == {"pairs": 4, "days": {"clients": None}}
    assert sources == dict.fromkeys(
        ["TAP_CLIENTSUCCESS_PAIRS", "TAP_CLIENTSUCCESS_DAYS"], "the environment"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("YES", True), ("1", True), ("False", False), ("off", False)],
)
def test_a_boolean_variable(
    monkeypatch: pytest.MonkeyPatch, text: str, *, value: bool
) -> None:
    schema = {"properties": {"quiet": {"type": ["boolean", "null"]}}}
    monkeypatch.setenv("TAP_CLIENTSUCCESS_QUIET", text)
    assert read_environment(schema)[0] == {"quiet": value}


@pytest.mark.parametrize("text", ["tru", "y", "maybe", "2"])
def test_a_misspelt_boolean_variable_is_an_error(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    schema = {"properties": {"quiet": {"type": ["boolean", "null"]}}}
    monkeypatch.setenv("TAP_CLIENTSUCCESS_QUIET", text)
    with pytest.raises(ConfigValidationError) as caught:
        read_environment(schema)
    assert caught.value.errors == ["TAP_CLIENTSUCCESS_QUIET is not of type boolean"]


def test_a_secret_is_not_in_the_repr() -> None:
    assert "s3cr3t" not in repr(Some(**values(Some, {"token": "s3cr3t"})))
    settings = Settings.from_config({"api_key": "s3cr3t", "password": "s3cr3t"})
    assert "s3cr3t" not in repr(settings)
