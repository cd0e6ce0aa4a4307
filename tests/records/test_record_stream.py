"""Records through the whole tap, on both paths to standard output."""

from __future__ import annotations

import json
import typing as t
from decimal import Decimal

import pytest
from conftest import select

from clientsuccess_sandbox import Body, Sandbox
from tap_clientsuccess.singer.stream import RecordStream
from tap_clientsuccess.singer.writer import BufferedWriter
from tap_clientsuccess.tap import TapClientSuccess

PATH = "/client/search"
Lines = list[str]
Run = t.Callable[..., Lines]


@pytest.fixture(params=[False, True], ids=["many at once", "one by one"])
def run(
    request: pytest.FixtureRequest,
    config: dict[str, t.Any],
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Return the RECORD lines of clients that the server sends as this JSON."""
    if request.param:
        monkeypatch.setattr(RecordStream, "_changes_nothing", False)
    taken: list[t.Any] = []
    pass_on = BufferedWriter.write_records
    monkeypatch.setattr(
        BufferedWriter,
        "write_records",
        lambda *args: taken.append(pass_on(*args)),
    )

    def lines(*records: str, **settings: t.Any) -> Lines:
        body = f'{{"data":[{",".join(records)}],"totalElements":{len(records)},'
        body += '"totalPages":1,"size":200,"last":true}'
        sandbox.faults.add(Body(PATH, body.encode()))
        tap = TapClientSuccess(config=config | settings)
        catalog = select(tap.catalog_dict, ["clients"])
        tap = TapClientSuccess(config=config | settings, catalog=catalog)
        capsys.readouterr()
        tap.run()
        assert bool(taken) != request.param
        out = capsys.readouterr().out.split("\n")
        return list(dict.fromkeys(line for line in out if '"RECORD"' in line))

    return lines


@pytest.mark.parametrize(
    "member",
    [
        '"successScore":1234567890.1234567890123',
        '"successScore":12345678901234567890123456789012345678',
        '"custom":{"a":1234567890.1234567890123,"b":[1.10]}',
        '"custom":{"a":12345678901234567890123456789012345678}',
        '"modifiedTime":"2024-05-01T10:11:12.12+02:00"',
        r'"name":"\" \\ \n é 東京 😀"',
    ],
)
def test_values_pass_unchanged(run: Run, member: str) -> None:
    (line,) = run(f'{{"id":1,{member}}}')
    assert f",{member}," in line or f",{member}}}" in line


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ('{"id":1,"name":"a","name":"b"}', {"name": "b"}),
        ('{"segment":{"id":1,"id":2},"id":1}', {"segment": {"id": 2}}),
        ('{"custom":{"a":{"b":1,"b":2}},"id":1}', {"custom": {"a": {"b": 2}}}),
        (
            '{\r\n  "id" : 1,\n  "custom" : {\n "a" : [ 1.5,\n2 ] }\n}\n',
            {"custom": {"a": [Decimal("1.5"), 2]}},
        ),
        (r'{"id":1,"name":"\u00fc\/\u2028"}', {"name": "ü/\u2028"}),
        (r'{"id":1,"name":"a\u0000b"}', {"name": "a\N{REPLACEMENT CHARACTER}b"}),
        ('{"id":1,"name":5,"active":"no"}', {"name": "5", "active": False}),
        ('{"id":1,"unheard":{"of":1}}', {}),
        (
            '{"id":1,"clientType":{"id":1,"key":5}}',
            {"clientType": {"id": 1, "key": "5"}},
        ),
    ],
)
def test_odd_json_is_one_valid_line_with_each_key_once(
    run: Run, record: str, expected: dict[str, t.Any]
) -> None:
    usual = '{"id":2,"name":"as declared"}'
    first, second = map(read, run(record, usual))
    declared = dict.fromkeys(second)
    assert first == declared | {"id": 1} | expected
    assert second == declared | {"id": 2, "name": "as declared"}


def read(line: str) -> dict[str, t.Any]:
    def once(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    message = json.loads(line, object_pairs_hook=once, parse_float=Decimal)
    record: dict[str, t.Any] = message["record"]
    return record


def test_a_record_has_every_field_of_its_schema(run: Run) -> None:
    (record,) = map(read, run('{"id":1}'))
    schema = TapClientSuccess(validate_config=False).streams["clients"].schema
    assert record == dict.fromkeys(schema["properties"]) | {"id": 1}


def test_a_stream_map_sees_null_for_a_missing_field(
    config: dict[str, t.Any], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"data": [{"id": 1}], "totalElements": 1, "last": True}
    sandbox.faults.add(Body("/contact/search", body))
    maps = {"stream_maps": {"contacts": {"mail": "email or None"}}}
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["contacts"])
    TapClientSuccess(config=config | maps, catalog=catalog).run()
    assert '"mail":null' in capsys.readouterr().out


def test_a_state_follows_its_records(
    config: dict[str, t.Any], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.max_size = 2
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["contacts"])
    TapClientSuccess(config=config, catalog=catalog).run()
    newest = ""
    times = 0
    for line in capsys.readouterr().out.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            newest = max(newest, message["record"]["modifiedTime"])
        elif message["type"] == "STATE":
            mark = message["value"]["bookmarks"].get("contacts", {})
            assert mark.get("replication_key_value", "") <= newest
            times += bool(mark)
    assert times > 2
