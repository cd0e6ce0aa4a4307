"""The fast path gives the same result as coercing each record."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_clientsuccess.errors import UnexpectedBodyError
from tap_clientsuccess.records.coerce import Coercer
from tap_clientsuccess.records.decoding import Counts, Found, decode_json, record_of
from tap_clientsuccess.records.record_reader import NO_RECORD, RecordReader

if t.TYPE_CHECKING:
    from tap_clientsuccess.records import JSONSchema

ENCODER = msgspec.json.Encoder(decimal_format="number")


def nullable(name: str, **more: t.Any) -> JSONSchema:
    return {"type": [name, "null"], **more}


PERSON = nullable(
    "object",
    properties={"id": nullable("integer"), "name": nullable("string")},
    additionalProperties=True,
)
SCHEMA: JSONSchema = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": nullable("string"),
        "score": nullable("integer"),
        "value": nullable("number"),
        "active": nullable("boolean"),
        "at": nullable("string", format="date-time"),
        "day": nullable("string", format="date"),
        "person": PERSON,
        "people": nullable("array", items=PERSON),
        "tags": nullable("array", items=nullable("string")),
        "custom": nullable("object", additionalProperties=True),
        "list": nullable("array"),
        "must": {"type": "boolean"},
        "any": {},
    },
}
NAMES = [*SCHEMA["properties"], "unknown", 'odd"name', "née"]


class Reading:
    """A reader and its warnings."""

    def __init__(self, schema: JSONSchema = SCHEMA, **options: t.Any) -> None:
        self.warnings: Counter[str] = Counter()
        self.reader = RecordReader(schema, warn=self.warn, **options)

    def warn(self, what: str, times: int) -> None:
        self.warnings[what] += times

    def page(self, *records: str | bytes) -> Found:
        raws = [r.encode() if isinstance(r, str) else r for r in records]
        return self.reader.read(b'{"data":[' + b",".join(raws) + b"]}")

    def lines(self, *records: str | bytes) -> list[bytes]:
        return [record.line for record in self.page(*records).records]

    def dicts(self, *records: str | bytes) -> list[dict[str, t.Any]]:
        return [decode_json(line) for line in self.lines(*records)]

    def line(self, record: str | bytes) -> str:
        (line,) = self.lines(record)
        return line.decode()


def only(*names: str, **more: t.Any) -> Reading:
    properties = {name: SCHEMA["properties"][name] for name in names}
    return Reading({"properties": properties, **more})


def digits(most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=1, max_size=most)


numbers = (
    st.integers().map(str)
    | st.builds(
        "{}{}.{}".format, st.sampled_from(["", "-"]), st.integers(0), digits(30)
    )
    | st.builds("{}e{}".format, st.integers(-99, 99), st.integers(-400, 400))
    | st.sampled_from(
        ["1" * 39, "-" + "9" * 38, "1" * 400, "0.0", "-0", "2.0", "1e308"]
    )
)
strings = (
    st.text().map(json.dumps)
    | st.text().filter(str.isprintable).map(lambda s: json.dumps(s, ensure_ascii=False))
    | numbers.map('"{}"'.format)
    | st.datetimes(timezones=st.sampled_from([dt.UTC, None])).map('"{}"'.format)
    | st.dates().map('"{}"'.format)
    | st.sampled_from(
        [
            *(
                '""',
                '" "',
                '"true"',
                '"soon"',
                r'"\ud83d"',
                r'"\ud83d\ude00"',
                r'"\u0000"',
            ),
            *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-01:00"'),
            *('"2024-05-01T10:11:12.123Z"', '"2024-05-01t10:11:12z"'),
            *('"2024-05-01T10:11:12+0200"', '"2024-05-01T10:11:12.1234567891Z"'),
        ]
    )
)
names = st.sampled_from(["id", "name", "more", "title", 'q"', "é"]).map(json.dumps)
spaces = st.sampled_from(["", "", "", " ", "\n", "\r\n  ", "\t"])


def objects(
    names: st.SearchStrategy[str], values: st.SearchStrategy[str], max_size: int
) -> st.SearchStrategy[str]:
    members = st.builds("{1}{0}{1}:{1}{2}{1}".format, names, spaces, values)
    return st.lists(members, max_size=max_size).map(
        lambda found: "{" + ",".join(found) + "}"
    )


scalars = st.sampled_from(["null", "true", "false"]) | numbers | strings
values = st.recursive(
    scalars | st.sampled_from(["NaN", "-Infinity"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
        | objects(names, inner, max_size=3)
    ),
    max_leaves=6,
)
records = objects(st.sampled_from(NAMES).map(json.dumps), values, max_size=8) | values


@given(
    st.lists(st.lists(records, max_size=4), max_size=4),
    st.sampled_from([False, True]),
    st.sets(st.sampled_from(NAMES[1:-3]), max_size=2),
)
def test_the_same_as_coercing_each_record(
    pages: list[list[str]], is_open: bool, deselected: set[str]
) -> None:
    schema = {**SCHEMA, "additionalProperties": is_open}
    reading = Reading(
        schema, primary_keys=["id"], time_keys=("at", ""), deselected=deselected
    )
    warnings: Counter[str] = Counter()
    coercer = Coercer(schema, lambda what, times: warnings.update({what: times}))
    for page in pages:
        expected = []
        for text in page:
            without_nul = text.replace(r"\u0000", r"\ufffd")
            decoded = decode_json(f"[{without_nul}]".encode())[0]
            coerced = coercer.coerce(decoded) if isinstance(decoded, dict) else None
            expected.append(coerced)
        found = reading.page(*page).records
        for record, coerced in zip(found, expected, strict=True):
            if coerced is None:
                assert record.line == NO_RECORD
                assert record.key is None
                continue
            assert record.key == coerced.get("id")
            kept = {k: v for k, v in coerced.items() if k not in deselected}
            assert exact(decode_json(record.line)) == exact(
                decode_json(ENCODER.encode(kept))
            )
            assert b"\r" not in record.line
            assert b"\n" not in record.line
            record.line.decode()
    about_values = {what: n for what, n in reading.warnings.items() if "the " in what}
    if not deselected:
        assert about_values == warnings


def exact(value: t.Any) -> t.Any:
    """Return a value that equals another only if no digit differs."""
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return (
        (type(value), str(value))
        if isinstance(value, Decimal)
        else (type(value), value)
    )


@pytest.mark.parametrize(
    "record",
    [
        '{"id":1,"value":1234567890.1234567890123}',
        '{"id":1,"value":12345678901234567890123456789012345678}',
        '{"id":1,"value":1.50}',
        '{"id":1,"custom":{"a":0.10000000000000000000000001,"b":[1e2]}}',
        '{"id":1,"at":"2024-05-01T10:11:12.1234567891+02:00"}',
    ],
)
def test_numbers_keep_every_digit(record: str) -> None:
    reading = only(*json.loads(record))
    assert reading.line(record) == record
    assert not reading.warnings


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_time_that_has_no_equivalent_in_utc_is_null(time: str) -> None:
    reading = only("id", "at")
    for times in (1, 2):
        assert reading.line(f'{{"id":1,"at":"{time}"}}') == '{"id":1,"at":null}'
        assert reading.warnings.total() == times


def test_missing_fields_are_null_in_the_order_of_the_schema() -> None:
    line = only("id", "name", "at", "must").line('{"at":null,"id":1}')
    assert line == '{"id":1,"name":null,"at":null}'


def test_the_last_of_two_equal_keys_wins() -> None:
    reading = only("id", "name", "value")
    record = '{"name":"a","value":1,"id":1,"id":2,"value":2.0,"name":"b"}'
    assert reading.line(record) == '{"id":2,"name":"b","value":2.0}'


def test_pretty_printed_json_is_one_line() -> None:
    reading = only("id", "custom")
    record = '{\r\n  "id" : 1,\n  "custom" : {\n  "a" : [ 1.50 ,\r "x\\n" ]\n}\n}'
    assert reading.line(record) == r'{"id":1,"custom":{"a":[1.50,"x\n"]}}'


@pytest.mark.parametrize("times", [1, 3])
def test_only_odd_values_are_coerced(times: int) -> None:
    reading = only("id", "name", "value", "person", "custom")
    odd = '{"id":"1","name":7,"value":"x","person":{"id":"5","name":"a","b":1.0},'
    odd += '"custom":{"n":1.10}}'
    for _ in range(times):
        lines = reading.lines(odd, '{"id":2,"value":1.10}')
    assert [line.decode() for line in lines] == [
        (
            '{"id":1,"name":"7","value":null,"person":{"id":5,"name":"a","b":1.0},'
            '"custom":{"n":1.10}}'
        ),
        '{"id":2,"name":null,"value":1.10,"person":null,"custom":null}',
    ]
    lost = "the value of 'value' is not of the declared type; null is sent"
    assert reading.warnings == {lost: times}


def test_unknown_fields_are_dropped_and_counted() -> None:
    reading = only("id")
    for _ in range(3):
        assert reading.lines('{"id":1,"x":2}', '{"id":2}') == [b'{"id":1}', b'{"id":2}']
    (told,) = reading.warnings
    assert told.startswith("dropped the field 'x', which is not in the catalog")
    assert reading.warnings[told] == 3


def test_an_open_schema_keeps_unknown_fields() -> None:
    reading = only("id", additionalProperties=True)
    for _ in range(3):
        assert reading.line('{"id":1,"x":[2.50]}') == '{"id":1,"x":[2.50]}'
    assert not reading.warnings


def test_any_number_of_unknown_names() -> None:
    reading = only("id", "person")
    for number in range(300):
        record = f'{{"id":1,"x{number}":1,"person":{{"y{number}":1}}}}'
        assert f'"y{number}":1' in reading.line(record)
    assert reading.warnings.total() == 300


@pytest.mark.parametrize("value", ["1" * 5000, "1e999", "NaN", "-Infinity", "9" * 39])
@pytest.mark.parametrize(
    "record", ['{"id":1,"person":{"x":%s}}', '{"id":1,"custom":{"x":[%s]}}']
)
def test_an_unstorable_number_in_an_open_object_is_null(
    record: str, value: str
) -> None:
    reading = only("id", "person", "custom")
    for times in (1, 2, 3):
        (found,) = reading.dicts(record % value)
        assert (found["person"] or found["custom"])["x"] in (None, [None])
        (told,) = reading.warnings
        assert reading.warnings[told] == times
        assert "is sent" in told


def test_bytes_that_are_not_utf_8() -> None:
    for record in (b'{"id":1,"name":"\xff"}', b'{"id":1,"custom":{"\xff":"\xff"}}'):
        found = only("id", "name", "custom").dicts(record, b'{"id":2}')
        replaced = "\N{REPLACEMENT CHARACTER}"
        assert found[0]["name"] == replaced or found[0]["custom"] == {
            replaced: replaced
        }
        assert found[1]["id"] == 2


def test_keys_and_times() -> None:
    schema = {
        "properties": {
            **{name: SCHEMA["properties"][name] for name in ("id", "at", "day")},
            "other": nullable("string"),
        }
    }
    reading = Reading(schema, primary_keys=["id", "day"], time_keys=("at", "other"))
    record = '{"id":%s,"at":%s,"day":"2024-05-01","other":"2024-05-02T00:00:00"}'
    records = reading.page(
        record % (1, '"2024-05-01T02:00:00+02:00"'),
        record % (2, 1714521600000),
        record % (3, '"soon"'),
        record % ("null", "null"),
        '{"at":"2024-05-01T00:00:00Z"}',
        "5",
    ).records
    first, second = (dt.datetime(2024, 5, day, tzinfo=dt.UTC) for day in (1, 2))
    day = dt.date(2024, 5, 1)
    keys = [(1, day), (2, day), (3, day), None, None, None]
    assert [record.key for record in records] == keys
    assert [record.modified for record in records] == [
        first,
        first,
        None,
        None,
        first,
        None,
    ]
    times = [first, first, second, second, first, None]
    assert [record.time for record in records] == times
    assert records[-1].line == NO_RECORD


@pytest.mark.parametrize(
    "key", ["null", '""', '"abc"', "3.5", "[3]", "{}", "true", "1e6000"]
)
def test_a_record_without_its_key(key: str) -> None:
    reading = Reading(SCHEMA, primary_keys=["id"])
    for _ in range(3):
        first, second = reading.page(f'{{"id":{key}}}', '{"id":2}').records
        assert (first.key, second.key) == (None, 2)


def test_a_primary_key_that_the_schema_lacks() -> None:
    reading = Reading(SCHEMA, primary_keys=["ID"])
    assert reading.page('{"id":1}').records[0].key is None


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('[{"id":1}]', [1]),
        (' \n[{"id":1}]', [1]),
        ('{"content":[{"id":1}],"totalElements":"5"}\n', [1]),
        ('{"data":[{"id":1}],"content":[{"id":2}],"x":{"data":3}}', [1]),
        ('{"data":null,"totalElements":0}', []),
        ('{"totalElements":"0"}', []),
        ('\ufeff{"data":[{"id":1}]}', [1]),
        ('{"data":[[1],null,5,"x",{"id":4}]}', [None] * 4 + [4]),
    ],
)
def test_where_records_are(body: str, ids: list[int]) -> None:
    page = Reading(SCHEMA, primary_keys=["id"]).reader.read(body.encode())
    assert [record.key for record in page.records] == ids


DEEP = 2000


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "5", "null", '"x"', '{"data":5}', '{"data":null}', "{}"),
        *('[{"id":1}', '[{"id":1}] x', "[" * 5000, "[" * 5000 + "]" * 5000),
        '[{"id":1,"custom":' + '{"a":' * DEEP + "1" + "}" * DEEP + "}]",
    ],
    ids=lambda body: body[:20],
)
def test_bodies_without_a_list_of_records(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Reading().reader.read(body.encode())


@pytest.mark.parametrize("levels", range(200, 1100, 10))
def test_deeply_nested_values_are_sent_or_refused(levels: int) -> None:
    nested = "[" * levels + "]" * levels
    for name in ("custom", "unknown", "name"):
        record = f'{{"id":1,"{name}":{{"a":{nested}}}}}'
        try:
            assert only("id", "custom", "name").line(record).startswith('{"id":1')
        except ValueError:
            assert levels > 300


@pytest.mark.parametrize("nul", [r"\u0000", "\0"])
def test_nul_is_replaced(nul: str) -> None:
    reading = only("id", "name", "custom", "person")
    literal = r"\\u0000"
    record = (
        f'{{"id":1,"name":"a{nul}{nul}b{literal}","custom":{{"{nul}":"{nul}"}},'
        f'"person":{{"name":"\\\\{nul}"}}}}'
    )
    replaced = "\N{REPLACEMENT CHARACTER}"
    assert reading.dicts(record) == [
        {
            "id": 1,
            "name": f"a{replaced * 2}b" + r"\u0000",
            "custom": {replaced: replaced},
            "person": {"name": "\\" + replaced},
        }
    ]
    (told,) = reading.warnings
    assert "NUL" in told
    assert reading.warnings[told] == 5


@pytest.mark.parametrize(
    "record",
    [
        '{"id":1,"person":{"id":1,"name":"a:b","id":2}}',
        '{"id":1,"people":[{"id":1,"id":2}]}',
        '{"id":1,"custom":{"a":{"b":1.50,"b":2.50}}}',
        '{"id":1,"custom":{"a":[{"b":1,"b":2}],"a":{"c":2.50}}}',
    ],
)
def test_a_duplicate_nested_key_is_sent_once(record: str) -> None:
    reading = only("id", "person", "people", "custom")
    for _ in range(2):
        line = reading.line(record)
        assert line.count('"b"') <= 1
        assert line.count('"id":2') + line.count("2.50") == 1
        assert line.count('"id":1') == 1


def test_one_odd_field_keeps_the_others_on_the_fast_path() -> None:
    reading = only("id", "name", "person", "people", "custom")
    record = '{"id":1,"name":5,"person":{"name":7},"people":[],"custom":{}}'
    expected = '{"id":1,"name":"5","person":{"name":"7"},"people":[],"custom":{}}'
    assert reading.line(record) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coercer, "coerce", None)  # Coerces whole records.
        assert reading.line(record) == expected


def test_what_is_odd_is_learned_once() -> None:
    reader = only("id", "name", "value").reader
    first = reader._columns  # noqa: SLF001
    reader.read(b'[{"id":1,"value":"5"}]')
    assert reader._columns is first  # noqa: SLF001 # only a column was odd
    reader.read(b'[{"id":1,"name":5,"x":1},{"id":2,"name":"a","y":1}]')
    second = reader._columns  # noqa: SLF001
    assert [*second] == [*first, "x", "y"]
    reader.read(b'[{"id":1,"name":5,"x":1},{"id":2,"y":1}]')
    assert reader._columns is second  # noqa: SLF001


def test_threads_that_share_a_reader_take_turns() -> None:
    is_reading, may_go_on = Event(), Event()

    def warn(what: str, times: int) -> None:
        is_reading.set()
        may_go_on.wait(5)

    reader = RecordReader(SCHEMA, warn=warn)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(reader.read, b'[{"value":"odd"}]')
        assert is_reading.wait(5)
        second = pool.submit(reader.read, b'[{"value":1}]')
        with pytest.raises(TimeoutError):
            second.result(timeout=0.05)
        may_go_on.set()
        assert len(first.result(5).records) == len(second.result(5).records) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"id":1,"name":"Ada","data":{}}',
        '{"data":{"id":1,"name":"Ada","x":2}}',
        '{"size":1,"content": {"id":1,"score":"5"}}',
        '{"data":5,"id":1}',
    ],
)
def test_a_single_record_is_not_coerced(
    monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """What is odd about a record is learned before it is read."""
    reading = Reading()
    monkeypatch.setattr(Coercer, "coerce", None)
    (record,) = reading.reader.read(body.encode(), record_of).records
    assert record.key is None
    assert decode_json(record.line)["id"] == 1


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "[{}]"])
def test_a_body_that_is_no_single_record(body: str) -> None:
    with pytest.raises(UnexpectedBodyError, match="not an object"):
        Reading().reader.read(body.encode(), record_of)


def test_counts_and_records_elsewhere() -> None:
    reading = Reading(SCHEMA)
    page = reading.reader.read(b'{"totalElements":7,"last":true,"data":[]}')
    assert page.counts == Counts(total=7, last=True)
    body = b'{"deep":{"er":[{"id":"1"},5]}}'
    page = reading.reader.read(
        body, lambda body: Found(decode_json(body)["deep"]["er"])
    )
    assert decode_json(page.records[0].line)["id"] == 1
    assert page.records[1].line == NO_RECORD


@pytest.mark.parametrize(
    ("counts", "number", "is_last"),
    [
        (Counts(last=False, pages=1), 0, False),
        (Counts(last=True, pages=9), 0, True),
        (Counts(pages=3), 1, False),
        (Counts(pages=3), 2, True),
        (Counts(total=3), 0, None),
    ],
)
def test_the_hint_that_a_page_is_the_last(
    counts: Counts, number: int, *, is_last: bool | None
) -> None:
    assert counts.is_last(number) is is_last


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "", "ä"])
def test_any_name_of_a_field(name: str) -> None:
    properties = {
        name: nullable("integer"),
        "o": nullable("object", properties={name: {}}),
    }
    reading = Reading({"properties": properties})
    record = json.dumps({name: 5, "o": {name: 1}})
    for _ in range(2):
        assert json.loads(reading.line(record)) == {name: 5, "o": {name: 1}}
    assert not reading.warnings


@pytest.mark.parametrize(
    ("declared", "value", "sent"),
    [
        (["string", "integer", "null"], "5", "5"),
        (["integer", "number"], "5.5", "5.5"),
        (["object", "string"], "[1]", '"[1]"'),
        ("null", "null", "null"),
    ],
)
def test_unions_that_users_declare(declared: t.Any, value: str, sent: str) -> None:
    reading = Reading({"properties": {"a": {"type": declared}}})
    for _ in range(2):
        assert reading.line(f'{{"a":{value}}}') == f'{{"a":{sent}}}'


VISIT = nullable(
    "object",
    properties={"at": SCHEMA["properties"]["at"], "note": nullable("string")},
    additionalProperties=True,
)
VISITS: JSONSchema = {
    "properties": {
        "id": {"type": "integer"},
        "at": SCHEMA["properties"]["at"],
        "note": nullable("string"),
        "visit": VISIT,
        "visits": nullable("array", items=VISIT),
        "days": nullable("object", additionalProperties=SCHEMA["properties"]["at"]),
    }
}
COMPACT = '"2024-05-01T10:11:12.123+0000"'


@pytest.mark.parametrize("zone", ["+0000", "-0000", "+0530", "-1100"])
@pytest.mark.parametrize("fraction", ["", ".1", ".123", ".123456"])
def test_times_without_a_colon_in_the_zone_are_not_coerced(
    zone: str, fraction: str
) -> None:
    record = (
        '{"id":1,"at":AT,"note":"+0000","visit":{"at":AT,"note":"a, T: Z"},'
        '"visits":[{"at":AT,"note":null},null,{"at":null,"note":"x"}],'
        '"days":{"a":AT,"b":null}}'
    )
    time = f'"2024-05-01T10:11:12{fraction}{zone}"'
    reading = Reading(VISITS, time_keys=("at", ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Coercer, "value", None)
        found = reading.page(record.replace("AT", time), '{"id":2}').records
    sent = f"{time[:-3]}:{time[-3:]}"
    assert found[0].line.decode() == record.replace("AT", sent)
    assert found[0].modified == dt.datetime.fromisoformat(sent.strip('"'))
    assert not reading.warnings


@pytest.mark.parametrize(
    "record",
    [
        '{"note":AT,"at":AT}',
        '{"visit":{"note":AT}}',
        '{"visit":{"note":AT,"at":AT}}',
        '{"visit":{"at":"2024-05-01 10:11:12Z","note":AT}}',
        '{"visit":{"at":"2024-05-01 10:11:12Z","at":AT}}',
        '{"visit":{"at":AT,"more":AT,"note":"2024"}}',
        '{"visit":{"at":AT,"more":{AT:1}}}',
        r'{"visit":{"at":AT,"note":"\"2024-05-01T10:11:12+0000\""}}',
        r'{"visit":{"at":AT,"note":"x\"2024-05-01T10:11:12+0000"}}',
        r'{"at":"2024-05-01T10:11:12\u002b0000"}',
        '{"at":"2024-05-01T10:11:12.1234567+0000"}',
        f'{{"at":"2024-05-01T10:11:12.{"1" * 90}+0000"}}',
        '{"at":"2024-05-01T10:11:12+2400"}',
        '{"at":"0001-01-01T00:00:00+1400","visits":[{"at":AT},{"at":"9999-12-31"}]}',
        '{"days":{"a":AT,"b":"2024-05-01t10:11:12Z","c":"2024-05-01"}}',
        '{"at":1714558272,"visits":{"at":AT}}',
    ],
)
def test_only_declared_times_get_a_colon_in_the_zone(record: str) -> None:
    text = record.replace("AT", COMPACT)
    warnings: Counter[str] = Counter()
    coercer = Coercer(VISITS, lambda what, times: warnings.update({what: times}))
    expected = coercer.coerce(decode_json(text.encode()))
    reading = Reading(VISITS)
    (found,) = reading.dicts(text)
    assert found == decode_json(ENCODER.encode(expected))
    assert reading.warnings == warnings
