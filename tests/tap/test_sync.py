from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest

from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from conftest import Sync

    from clientsuccess_sandbox import Sandbox


def test_every_record_of_every_stream_arrives(sync: Sync, sandbox: Sandbox) -> None:
    output = sync()
    for stream in KINDS:
        assert output.ids(stream) == sandbox.store.ids(stream)


def test_values_arrive_as_they_are(sync: Sync, sandbox: Sandbox) -> None:
    output = sync(streams=["contracts", "client_notes"])
    for stream in ["contracts", "client_notes"]:
        arrived = {record["id"]: record for record in output.records[stream]}
        for record in sandbox.store.records(stream):
            for field, value in record.items():
                if field not in {"stage", "adjustedBy"}:
                    assert plain(arrived[record["id"]][field]) == plain(value), field


def plain(value: t.Any) -> t.Any:
    """Make numbers comparable: the sandbox has decimals, the output floats."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_every_request_carries_the_key_and_the_user_agent(
    sync: Sync, sandbox: Sandbox
) -> None:
    sync()
    assert {request.key_headers for request in sandbox.requests} == {("x-api-key",)}


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_the_key_goes_into_the_header_of_the_setting(
    sync: Sync, sandbox: Sandbox, header: str
) -> None:
    sync(streams=["products"], api_key_header=header)
    (request,) = sandbox.requests
    assert request.key_headers == (header.lower(),)


def test_a_slash_at_the_end_of_the_base_url_is_harmless(
    sync: Sync, sandbox: Sandbox
) -> None:
    sync(streams=["products"], base_url=sandbox.base_url + "/")
    (request,) = sandbox.requests
    assert request.path == "/api/product/search"


def test_the_first_sync_asks_for_everything_oldest_first(
    sync: Sync, sandbox: Sandbox
) -> None:
    sync(streams=["clients"])
    (request,) = sandbox.requests
    assert request.query == {
        "page": "0",
        "size": "200",
        "sortBy": "modifiedTime",
        "sortDirection": "asc",
    }


def test_a_cap_of_the_page_size_loses_nothing(sync: Sync, sandbox: Sandbox) -> None:
    sandbox.max_size = 7
    output = sync(streams=["contacts"], page_size=1000)
    assert output.ids("contacts") == sandbox.store.ids("contacts")
    assert len(sandbox.requests) <= 3 * -(-90 // 7)


def test_an_empty_account(sync: Sync, sandbox: Sandbox) -> None:
    for record in sandbox.store.records("products"):
        sandbox.store.delete("products", record["id"])
    output = sync(streams=["products"])
    assert not output.records["products"]
    assert output.bookmark("products") is None
