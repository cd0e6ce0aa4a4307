"""The account's own fields become typed properties of `custom`."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientsuccess_sandbox import Body, Fault, Mutate, Redirect, Sandbox, Status
from tap_clientsuccess.custom_fields import FieldDefinitions, property_of
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from conftest import CommandLine, Sync
    from singer_sdk.singerlib import Catalog

NULLABLE_LIST = {"type": ["array", "null"], "items": {"type": ["string", "null"]}}


def definition(type_name: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"fieldKey": "f", "fieldLabel": "F", "fieldTypeName": type_name, **more}


@pytest.mark.parametrize(
    ("names", "schema"),
    [
        ("STRING string Text TEXT_AREA long-text Url email Phone", {"type": "string"}),
        ("INTEGER int Long whole_number", {"type": "integer"}),
        ("DECIMAL Number float CURRENCY Percent", {"type": "number"}),
        ("BOOLEAN bool Checkbox", {"type": "boolean"}),
        ("DATE date", {"type": "string", "format": "date"}),
        (
            "DATETIME Date-Time date_time TIMESTAMP",
            {"type": "string", "format": "date-time"},
        ),
        ("PICKLIST Drop_Down select SINGLE_SELECT radio", {"type": "string"}),
        (
            "MULTI_PICKLIST MultiSelect multi-select_picklist PicklistMulti",
            NULLABLE_LIST,
        ),
        ("HYPERLOOM 7 Geo", {"type": "string"}),
    ],
)
def test_types(names: str, schema: dict[str, t.Any]) -> None:
    for name in names.split():
        key, made = property_of(definition(name))
        assert key == "f"
        assert made.pop("description") == f"F ({name})."
        if isinstance(schema["type"], str):
            assert made == {**schema, "type": [schema["type"], "null"]}
        else:
            assert made == schema


def test_a_picklist_lists_its_values_but_allows_others() -> None:
    values = [{"label": "Red", "value": "r"}, {"label": None, "value": "g"}, "odd"]
    _, made = property_of(definition("PICKLIST", picklistValues=values))
    assert made["description"] == "F (PICKLIST). Values: Red, g."
    assert "enum" not in made


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
    | st.fixed_dictionaries(
        {"fieldKey": st.text()},
        optional={
            "fieldTypeName": st.none() | st.text() | st.integers(),
            "fieldLabel": st.none() | st.text(),
            "picklistValues": st.none() | st.lists(st.none() | st.text()),
        },
    )
)
def test_any_definition_makes_a_property_or_is_refused(odd: t.Any) -> None:
    try:
        key, made = property_of(odd)
    except ValueError:
        return
    assert key
    assert made["type"]


@pytest.fixture
def discovering(config: dict[str, t.Any]) -> dict[str, t.Any]:
    return config | {"discover_custom_fields": True}


def custom_of(catalog: Catalog, stream: str) -> dict[str, t.Any]:
    entry = catalog.get_stream(stream)
    assert entry
    custom: dict[str, t.Any] = entry.schema.to_dict()["properties"]["custom"]
    return custom


WITH_CUSTOM_FIELDS = {
    "clients": "CLIENT",
    "client_details": "CLIENT",
    "contacts": "CONTACT",
    "contact_details": "CONTACT",
    "contracts": "CONTRACT",
}


def test_discovery_shows_the_accounts_fields(
    discovering: dict[str, t.Any], sandbox: Sandbox
) -> None:
    catalog = TapClientSuccess(config=discovering | {"read_details": True}).catalog
    for stream, resource in WITH_CUSTOM_FIELDS.items():
        keys = {field["fieldKey"] for field in sandbox.store.definitions(resource)}
        custom = custom_of(catalog, stream)
        assert set(custom["properties"]) == keys
        assert custom["additionalProperties"] is True
    asked = [request.path for request in sandbox.requests]
    assert sorted(asked) == [
        f"/api/customfield/all/{resource}"
        for resource in ("CLIENT", "CONTACT", "CONTRACT")
    ]


def test_it_can_be_turned_off(config: dict[str, t.Any], sandbox: Sandbox) -> None:
    catalog = TapClientSuccess(config=config).catalog
    assert "properties" not in custom_of(catalog, "clients")
    assert not sandbox.requests


def test_definitions_are_not_requested_again_with_a_full_catalog(
    sync: Sync, discovering: dict[str, t.Any], sandbox: Sandbox
) -> None:
    catalog = TapClientSuccess(config=discovering).catalog_dict
    sandbox.requests.clear()
    sync(catalog=catalog, discover_custom_fields=True)
    asked = [r.path for r in sandbox.requests if "customfield" in r.path]
    assert len(asked) == 22  # by the stream custom_fields


def test_a_catalog_made_without_settings_gets_the_fields(
    sync: Sync, sandbox: Sandbox
) -> None:
    output = sync(streams=["clients"], discover_custom_fields=True)
    custom = output.schemas["clients"]["properties"]["custom"]
    assert "industry__cs" in custom["properties"]
    asked = [r.path for r in sandbox.requests if "customfield" in r.path]
    assert asked == ["/api/customfield/all/CLIENT"]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_without_definitions_the_sync_continues_with_a_warning(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    sandbox.faults.add(Status("/customfield/all", status))
    output = sync(streams=["clients"], discover_custom_fields=True, max_retries=1)
    assert len(output.records["clients"]) == 30
    assert any(record.get("custom") for record in output.records["clients"])
    assert caplog.text.count("Custom fields stay untyped") == 1


def test_a_wrong_key_fails_discovery(cli: CommandLine) -> None:
    result = cli("--discover", discover_custom_fields=True, api_key="wrong")
    assert result.exit_code == 2
    assert "the API key is wrong" in result.stderr
    assert not result.stdout


@pytest.mark.parametrize(
    ("faults", "exit_code"),
    [
        ([Status("/customfield/all", 403)], 0),
        ([Status("/customfield/all/CLIENT", 403)], 0),
        ([Status("/customfield/all", 403), Status("/health", 404)], 0),
        ([Redirect("/customfield/all", "https://login.example/")], 0),
        ([Status("/customfield/all/CONTACT", 401)], 2),
        ([Status("*", 403)], 2),
        ([Body("*", {"error": "invalid_token"})], 2),
    ],
    ids=str,
)
def test_discovery_fails_where_the_key_is_refused(
    cli: CommandLine, sandbox: Sandbox, faults: list[Fault], exit_code: int
) -> None:
    """A key may lack just the permission to read the definitions."""
    for fault in faults:
        sandbox.faults.add(fault)
    result = cli("--discover", discover_custom_fields=True)
    assert result.exit_code == exit_code
    assert bool(result.stdout) == (exit_code == 0)
    words = "the API key is wrong" if exit_code else "Custom fields stay untyped"
    assert words in result.stderr
    checks = [r for r in sandbox.requests if r.path.endswith("/health")]
    assert len(checks) <= 1


def test_discovery_fails_where_the_login_is_refused(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    for status in (400, 401, 403):
        sandbox.faults.clear()
        sandbox.faults.add(Status("/v1/auth", status))
        login = {"auth_method": "password", "username": "me", "password": "secret"}
        result = cli("--discover", discover_custom_fields=True, api_key=None, **login)
        assert result.exit_code == 2
        assert "the login was rejected" in result.stderr.splitlines()[-1]


def values_of(
    sync: Sync, sandbox: Sandbox, custom: dict[str, t.Any]
) -> dict[str, t.Any]:
    sandbox.faults.add(Mutate("/client/search", values={"custom": custom}))
    output = sync(streams=["clients"], discover_custom_fields=True)
    arrived: dict[str, t.Any] = output.records["clients"][0]["custom"]
    return arrived


def test_another_searchs_fault_says_nothing_of_the_definitions(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """They alone are refused; clients, which show that, are not read."""
    sandbox.faults.add(Status("/customfield/all", 403))
    sandbox.faults.add(Status("/client/search", 503))
    output = sync(streams=["contacts"], discover_custom_fields=True, max_retries=1)
    assert len(output.records["contacts"]) == len(sandbox.store.ids("contacts"))
    assert "Custom fields stay untyped" in caplog.text


def test_values_are_coerced_to_the_declared_type(sync: Sync, sandbox: Sandbox) -> None:
    arrived = values_of(
        sync,
        sandbox,
        {
            "total_users__cs": "12",
            "annual_budget__cs": "1234.50",
            "reference_customer__cs": "true",
            "account_code__cs": 77,
            "kickoff_date__cs": "2024-05-01T00:00:00.000Z",
            "last_audit__cs": "2024-05-01T10:11:12+0000",
            "regions_served__cs": "EMEA",
            "not_defined__cs": {"kept": [1]},
        },
    )
    assert arrived == {
        "total_users__cs": 12,
        "annual_budget__cs": 1234.5,
        "reference_customer__cs": True,
        "account_code__cs": "77",
        "kickoff_date__cs": "2024-05-01",
        "last_audit__cs": "2024-05-01T10:11:12+00:00",
        "regions_served__cs": ["EMEA"],
        "not_defined__cs": {"kept": [1]},
    }


def test_values_that_contradict_their_definition(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    arrived = values_of(
        sync,
        sandbox,
        {
            "total_users__cs": "a dozen of secrets",
            "reference_customer__cs": "maybe",
            "kickoff_date__cs": "soon",
            "account_code__cs": {"nested": True},
            "last_audit__cs": "",
        },
    )
    assert arrived == {
        "total_users__cs": None,
        "reference_customer__cs": None,
        "kickoff_date__cs": None,
        "account_code__cs": '{"nested":true}',
        "last_audit__cs": None,
    }
    first = [m for m in caplog.messages if "declared type" in m and "times" not in m]
    assert sorted(first) == [
        f"clients: the value of 'custom.{field}' is not of the declared type; "
        f"null is sent{form}"
        for field, form in (
            ("kickoff_date__cs", "; its form is aaaa"),
            ("reference_customer__cs", ""),
            ("total_users__cs", ""),
        )
    ]
    assert "dozen" not in caplog.text


def test_a_date_with_a_time_is_truncated_with_a_warning(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    value = "2024-05-01T07:30:00.000Z"
    arrived = values_of(sync, sandbox, {"kickoff_date__cs": value})
    assert arrived["kickoff_date__cs"] == "2024-05-01"
    assert "custom.kickoff_date__cs" in caplog.text


def test_with_flattening_they_are_columns(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(
        streams=["clients"],
        discover_custom_fields=True,
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    columns = output.schemas["clients"]["properties"]
    assert columns["custom__total_users__cs"]["type"] == ["integer", "null"]
    assert columns["custom__kickoff_date__cs"]["format"] == "date"
    by_id = {record["id"]: record for record in output.records["clients"]}
    for record in sandbox.store.records("clients"):
        users = (record.get("custom") or {}).get("total_users__cs")
        assert by_id[record["id"]].get("custom__total_users__cs") == users


def test_with_flattening_a_field_of_unknown_type_is_text(
    sync: Sync, sandbox: Sandbox
) -> None:
    sandbox.store.add_custom_field(
        "CLIENT", {"fieldKey": "odd__cs", "fieldTypeName": "HYPERLOOM"}
    )
    sandbox.faults.add(Mutate("/client/search", values={"custom": {"odd__cs": [1, 2]}}))
    output = sync(
        streams=["clients"],
        discover_custom_fields=True,
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    columns = output.schemas["clients"]["properties"]
    assert columns["custom__odd__cs"]["type"] == ["string", "null"]
    assert output.records["clients"][0]["custom__odd__cs"] == "[1,2]"


def test_a_field_that_is_added_appears_at_the_next_discovery(
    discovering: dict[str, t.Any], sandbox: Sandbox
) -> None:
    before = TapClientSuccess(config=discovering).catalog
    sandbox.store.add_custom_field(
        "CLIENT", {"fieldKey": "new__cs", "fieldTypeName": "INTEGER"}
    )
    after = TapClientSuccess(config=discovering).catalog
    added = set(custom_of(after, "clients")["properties"]) - set(
        custom_of(before, "clients")["properties"]
    )
    assert added == {"new__cs"}


def test_the_oldest_field_comes_first() -> None:
    """Its column keeps its name where a newer one differs in case alone."""
    found: list[t.Any] = [{"fieldKey": key, "fieldId": key} for key in ("b", "a")]
    found += [{"fieldKey": f"f{number}", "fieldId": number} for number in (3, 1)]
    definitions = FieldDefinitions(lambda _: found)
    assert list(definitions.properties("CLIENT")) == ["f1", "f3", "b", "a"]


ODD_KEYS = ('say "hi"', "back\\slash", "two\nlines", "bell\a", "nul\0", "\xad")


@pytest.mark.parametrize("others", ["DATE", None])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key(sync: Sync, sandbox: Sandbox, key: str, others: str | None) -> None:
    """Also where all fields are of types that are decoded as they are."""
    types = {key: "INTEGER", "plain": "STRING", "other": others or "BOOLEAN"}
    found = [{"fieldKey": k, "fieldTypeName": name} for k, name in types.items()]
    sandbox.faults.add(Body("/customfield/all", found))
    custom = {key: "5", "plain": "a", "other": None, "undeclared": 1.5}
    arrived = values_of(sync, sandbox, custom)
    assert arrived == {k.replace("\0", "\ufffd"): v for k, v in custom.items()} | {
        key.replace("\0", "\ufffd"): 5
    }
    sandbox.faults.clear()
    sandbox.faults.add(Body("/customfield/all", found))
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    sandbox.faults.add(Mutate("/client/search", values={"custom": custom}))
    output = sync(streams=["clients"], discover_custom_fields=True, **flat)
    record = output.records["clients"][0]
    columns = [name for name in record if name.startswith("custom__")]
    assert [record[name] for name in columns] == [5, "a", None]
    assert set(record) == set(output.schemas["clients"]["properties"])


@pytest.mark.parametrize("value", [1582934400000, "1582934400000", 20200229])
def test_a_date_is_a_date_whatever_it_was(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, value: t.Any
) -> None:
    arrived = values_of(sync, sandbox, {"kickoff_date__cs": value})
    assert arrived["kickoff_date__cs"] == "2020-02-29"
    assert "declared type" not in caplog.text
