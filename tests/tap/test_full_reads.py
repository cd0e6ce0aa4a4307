"""Full reads: what a modification time does not tell, over real HTTP."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import Output, select

from clientsuccess_sandbox import Sandbox, Status
from tap_clientsuccess.singer.signals import Interrupted
from tap_clientsuccess.streams.search import SearchStream
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import CommandLine, Sync

DAY = 86_400.0
NEWS = ["client_notes", "clients", "contacts", "contracts", "products", "pulses"]
State = dict[str, t.Any]


def rows(output: Output) -> dict[str, dict[str, t.Any]]:
    """Return the last row of `sync_log` about each stream."""
    return {row["stream"]: row for row in output.records["sync_log"]}


def versions(output: Output, stream: str) -> set[int | None]:
    return {
        message.get("version")
        for message in output.messages
        if message["type"] == "RECORD" and message["stream"] == stream
    }


def activated(output: Output) -> dict[str, int]:
    return {
        message["stream"]: message["version"]
        for message in output.messages
        if message["type"] == "ACTIVATE_VERSION"
    }


def requested(sandbox: Sandbox) -> list[str]:
    return [request.path.rpartition("/api")[2] for request in sandbox.requests]


class Nights:
    """Syncs, a day apart by the server's clock, into one table a stream."""

    def __init__(self, sync: Sync, sandbox: Sandbox, **settings: t.Any) -> None:
        self.sync = sync
        self.sandbox = sandbox
        # Not just a day off: versions take such a clock for right or for wrong.
        sandbox.clock.offset = 3600.0
        self.settings = settings
        self.state: State | None = None
        self.tables: dict[str, dict[int, tuple[int, t.Any]]] = {}

    def night(self, days: float = 1.0, **settings: t.Any) -> Output:
        self.sandbox.clock.offset += days * DAY
        self.sandbox.requests.clear()
        output = self.sync(state=self.state, **{**self.settings, **settings})
        self.state = output.state
        self.load(output)
        return output

    def load(self, output: Output) -> None:
        for message in output.messages:
            table = self.tables.setdefault(message.get("stream", ""), {})
            if message["type"] == "RECORD" and "id" in message["record"]:
                record = message["record"]
                table[record["id"]] = (message.get("version") or 0, record)
            elif message["type"] == "ACTIVATE_VERSION":
                old = [k for k, (v, _) in table.items() if v < message["version"]]
                for key in old:
                    del table[key]

    def ids(self, stream: str) -> list[int]:
        return sorted(self.tables[stream])


@pytest.fixture
def nights(sync: Sync, sandbox: Sandbox) -> Nights:
    return Nights(sync, sandbox, page_size=10, emit_activate_version_messages=True)


def change_without_time(sandbox: Sandbox, stream: str, **values: t.Any) -> None:
    """Change a record of a stream, but not its modification time."""
    record = sandbox.store.get(stream, 3)
    assert record
    sandbox.store.edit(stream, 3, **values, modifiedTime=record["modifiedTime"])


def test_a_score_that_moves_no_time_arrives_by_the_next_night(nights: Nights) -> None:
    nights.night()
    change_without_time(nights.sandbox, "clients", successScore=12.5)

    output = nights.night()

    assert nights.tables["clients"][3][1]["successScore"] == 12.5
    assert rows(output)["clients"]["kind"] == "full"
    assert rows(output)["contacts"]["kind"] == "incremental"


def test_deleted_records_are_dropped_by_the_next_full_read(nights: Nights) -> None:
    nights.night()
    for stream in ("clients", "contacts", "tasks"):
        nights.sandbox.store.delete(stream, 5)

    output = nights.night()
    assert 5 not in nights.tables["clients"]
    assert 5 not in nights.tables["tasks"]
    assert 5 in nights.tables["contacts"]
    assert "contacts" not in activated(output)

    nights.night(days=6)
    assert 5 not in nights.tables["contacts"]
    for stream in (*NEWS, "tasks"):
        assert nights.ids(stream) == [
            r["id"] for r in nights.sandbox.store.records(stream)
        ]


def test_records_carry_the_latest_version_also_in_ordinary_nights(
    nights: Nights,
) -> None:
    first = activated(nights.night())
    nights.sandbox.store.edit("contacts", 4, firstName="Ada")
    output = nights.night()

    assert versions(output, "contacts") == {first["contacts"]}
    assert versions(output, "clients") == {activated(output)["clients"]}
    assert activated(output)["clients"] > first["clients"]
    assert versions(output, "sync_log") == {1}
    assert "sync_log" not in activated(output)


def test_an_ordinary_night_costs_a_request_for_each_stream(
    sync: Sync, sandbox: Sandbox
) -> None:
    nights = Nights(sync, sandbox, full_read_interval_days={"*": 30})
    nights.night()
    nights.night(streams=["sync_log", *NEWS])

    assert len(sandbox.requests) == len(NEWS)


def test_what_is_new_in_all_streams_comes_before_what_is_old(nights: Nights) -> None:
    nights.night()
    edited = {"clients": 3, "contacts": 3, "contracts": 3, "products": 3}
    for stream, number in edited.items():
        nights.sandbox.store.edit(stream, number)
    output = nights.night(days=8)

    records = [m for m in output.messages if m["type"] == "RECORD"]
    first_old = next(
        index
        for index, message in enumerate(records)
        if message["stream"] == "clients" and message["record"]["id"] == 7
    )
    before = {(m["stream"], m["record"].get("id")) for m in records[:first_old]}
    assert set(edited.items()) <= before


def test_the_version_is_activated_before_the_state_that_says_complete(
    nights: Nights,
) -> None:
    nights.night()
    output = nights.night()
    kinds = [
        (message["type"], message)
        for message in output.messages
        if message["type"] == "STATE" or message.get("stream") == "clients"
    ]
    (at,) = [n for n, (kind, _) in enumerate(kinds) if kind == "ACTIVATE_VERSION"]
    version = kinds[at][1]["version"]

    def is_complete(message: State) -> bool:
        past = message["value"]["bookmarks"]["clients"]["full_read"]
        return bool(past["version"] == version)

    states = [(n, m) for n, (kind, m) in enumerate(kinds) if kind == "STATE"]
    assert not any(is_complete(message) for n, message in states if n < at)
    assert all(is_complete(message) for n, message in states if n > at)


class Stopped:
    """Stops the tap at a page of the second half of a full read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def after(self, stream: str, pages: int) -> None:
        read = SearchStream.page

        def page(this: SearchStream, *args: t.Any, **kwargs: t.Any) -> t.Any:
            if this.name == stream and this.part:
                self.left -= 1
                if self.left < 0:
                    raise Interrupted(15)
            return read(this, *args, **kwargs)

        self.left = pages
        self.monkeypatch.setattr(SearchStream, "page", page)

    def no_more(self) -> None:
        self.monkeypatch.undo()


@pytest.mark.usefixtures("short_waits")
def test_a_full_read_takes_several_nights_with_one_version(
    sync: Sync, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        Sandbox(seed=7, clients=300, ties=0) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        settings = {
            "base_url": sandbox.base_url,
            "page_size": 10,
            "concurrency": 1,
            "emit_activate_version_messages": True,
        }
        streams = ["sync_log", "clients", "contacts"]
        nights = Nights(sync, sandbox, **settings)
        nights.night(streams=streams)
        sandbox.store.delete("clients", 5)
        seen = set()
        for number in range(3):
            sandbox.store.edit("contacts", 1 + number, firstName=f"Night {number}")
            stopped = Stopped(patch)
            stopped.after("clients", 12)
            sandbox.clock.offset += DAY
            with pytest.raises(Interrupted):
                sync(
                    state=nights.state,
                    streams=["sync_log", "clients", "contacts"],
                    **settings,
                )
            from conftest import Output  # noqa: PLC0415

            output = Output(capsys.readouterr().out)
            nights.state = output.state
            nights.load(output)
            stopped.no_more()
            assert nights.tables["contacts"][1 + number][1]["firstName"] == (
                f"Night {number}"
            )
            seen |= versions(output, "clients")
            assert rows(output)["clients"]["status"] == "interrupted"
            assert not activated(output)
        assert 5 in nights.tables["clients"]
        sandbox.requests.clear()
        output = nights.night(streams=streams)

        assert seen == {activated(output)["clients"]}
        assert rows(output)["clients"]["resumed"]
        assert nights.ids("clients") == [
            record["id"] for record in sandbox.store.records("clients")
        ]
        assert len(sandbox.requests) < 30  # All 300 take more.


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("full_read", {"began": 5}),
        ("full_read", {"begun": "2024-01-01T00:00:00Z"}),
        ("full_reed", {}),
    ],
)
def test_notes_that_cannot_be_read_make_a_full_read_due(
    nights: Nights, sandbox: Sandbox, note: str, value: t.Any
) -> None:
    nights.night()
    assert nights.state
    bookmark = nights.state["bookmarks"]["contacts"]
    bookmark[note] = {**bookmark.pop("full_read"), **value}
    sandbox.store.delete("contacts", 5)

    output = nights.night()

    assert rows(output)["contacts"]["kind"] == "full"
    assert "contacts" not in activated(output)


@pytest.mark.parametrize(
    "note", [{"first_read_began": 0}, {"first_read_begun": "2024-01-01T00:00:00Z"}]
)
def test_a_first_read_goes_on_though_its_note_cannot_be_read(
    config: State, capsys: pytest.CaptureFixture[str], note: State
) -> None:
    """An incremental read does not look for what has no modification time."""
    bookmark = {
        "replication_key": "modifiedTime",
        "replication_key_value": "2999-01-01T00:00:00Z",
    }
    state = {"bookmarks": {"clients": bookmark | note}}
    with Sandbox(clients=5, undated={"clients": 2}) as sandbox:
        settings = config | {
            "base_url": sandbox.base_url,
            "api_key": sandbox.api_key,
            "full_read_interval_days": {"*": None},
        }
        catalog = TapClientSuccess(config=settings).catalog_dict
        select(catalog, ["clients", "sync_log"])
        tap = TapClientSuccess(config=settings, state=state, catalog=catalog)
        capsys.readouterr()
        tap.run()
    output = Output(capsys.readouterr().out)
    assert rows(output)["clients"]["kind"] == "first"
    assert len(output.ids("clients")) == 2
    assert output.state["bookmarks"]["clients"]["first_read_began"] is None


def test_a_new_column_makes_a_full_read_due(nights: Nights, sandbox: Sandbox) -> None:
    settings: State = {"discover_custom_fields": True}
    nights.night(**settings)
    sandbox.store.add_custom_field(
        "CONTACT", {"fieldKey": "shoe__cs", "fieldTypeName": "Text"}
    )
    row = rows(nights.night(**settings))["contacts"]

    assert (row["kind"], row["reason"]) == ("full", "there are new columns")
    assert rows(nights.night(**settings))["contacts"]["kind"] == "incremental"


def test_definitions_that_could_not_be_read_make_one_due_next_time(
    nights: Nights, sandbox: Sandbox
) -> None:
    settings: State = {"discover_custom_fields": True}
    nights.night(**settings)
    number = sandbox.faults.add(Status("/customfield/all/CONTACT", 403))
    assert rows(nights.night(**settings))["contacts"]["kind"] == "incremental"
    sandbox.faults.remove(number)
    row = rows(nights.night(**settings))["contacts"]

    assert (row["kind"], row["reason"]) == ("full", "there are new columns")


def test_null_turns_full_reads_off(sync: Sync, sandbox: Sandbox) -> None:
    nights = Nights(sync, sandbox, full_read_interval_days={"*": None})
    nights.night()
    output = nights.night(days=100)

    kinds = {row["kind"] for row in rows(output).values() if row["stream"] in NEWS}
    assert kinds == {"incremental"}


def test_a_list_that_lost_half_its_records_is_not_activated(
    nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    nights.night()
    for number in range(1, 17):
        nights.sandbox.store.delete("clients", number)
    output = nights.night()

    assert "clients" not in activated(output)
    assert "14 records are fewer than half of 30" in caplog.text
    assert len(nights.ids("clients")) == 30


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"start_date": "2020-01-01T00:00:00Z"}, "start_date leaves records out"),
        (
            {"stream_maps": {"clients": {"__filter__": "record['id'] > 3"}}},
            "a stream map leaves records out",
        ),
        (
            {"stream_maps": {"clients": {"__key_properties__": ["id", "uuid"]}}},
            "a stream map sets the primary key",
        ),
        (
            {"stream_maps": {"clients": {"__alias__": "contacts"}}},
            "another stream is sent under the same name",
        ),
    ],
)
def test_what_bars_an_activation_is_said(
    nights: Nights,
    caplog: pytest.LogCaptureFixture,
    settings: State,
    why: str,
) -> None:
    nights.night()
    nights.night(days=8)
    output = nights.night(days=8, **settings)

    assert not {"clients", "contacts"} & activated(output).keys() - {
        "contacts" if "__alias__" not in json.dumps(settings) else ""
    }
    assert why in caplog.text


def test_an_old_state_makes_every_stream_due_and_activates_nothing(
    nights: Nights, sync: Sync
) -> None:
    old = sync().state
    for bookmark in old["bookmarks"].values():
        for key in ("full_read", "full_read_in_progress", "table_version"):
            bookmark.pop(key, None)
    nights.state = old
    output = nights.night()

    assert activated(output) == {}
    assert {row["kind"] for row in rows(output).values()} == {"full", "first"}
    assert "clients" in activated(nights.night())


def test_without_versions_the_log_says_how_many_are_gone(
    sync: Sync, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    nights = Nights(sync, sandbox)
    nights.night()
    sandbox.store.delete("clients", 5)
    caplog.set_level("INFO")
    nights.night()

    assert "clients: 1 record fewer than at the last full read, on 20" in caplog.text
    assert activated(nights.night()) == {}


def test_a_stream_by_number_is_read_once(nights: Nights, sandbox: Sandbox) -> None:
    sandbox.ignore = {"/pulse/search": {"modifiedAfter", "sortBy", "sortDirection"}}
    nights.night(streams=["sync_log", "pulses"])
    nights.night(streams=["sync_log", "pulses"])
    sandbox.store.delete("pulses", 5)
    output = nights.night(days=8, streams=["sync_log", "pulses"])

    assert rows(output)["pulses"]["kind"] == "full"
    assert 5 not in nights.tables["pulses"]
    assert len(requested(sandbox)) <= 7


def test_details_of_deleted_clients_are_dropped(nights: Nights) -> None:
    settings: State = {"read_details": True, "streams": ["sync_log", "client_details"]}
    nights.night(**settings)
    nights.sandbox.store.delete("clients", 5)
    output = nights.night(days=31, **settings)

    assert rows(output)["client_details"]["status"] == "complete"
    assert 5 not in nights.tables["client_details"]


def test_a_detail_that_is_not_there_bars_the_activation(
    nights: Nights, sandbox: Sandbox
) -> None:
    settings: State = {"read_details": True, "streams": ["sync_log", "client_details"]}
    nights.night(**settings)
    record = sandbox.store.get("clients", 5)
    assert record
    sandbox.faults.add(Status(f"/client/{record['uuid']}", 404))
    output = nights.night(days=31, **settings)

    assert rows(output)["client_details"]["status"] == "in doubt"
    assert activated(output) == {}
    assert 5 in nights.tables["client_details"]


def test_a_row_of_sync_log_about_a_stream_that_failed(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Status("/contact/search", 500))
    result = cli(max_retries=0)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    failed = [
        line["record"]
        for line in lines
        if line.get("stream") == "sync_log" and line["type"] == "RECORD"
    ]

    assert result.exit_code == 1
    assert failed[-1]["stream"] == "contacts"
    assert failed[-1]["status"] == "failed"
    assert "500" in failed[-1]["why"]


def test_a_row_of_sync_log_says_why_a_stream_map_failed(cli: CommandLine) -> None:
    result = cli(stream_maps={"contracts": {"x": "nam + 1"}})
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    (why,) = {
        line["record"]["why"]
        for line in lines
        if line.get("stream") == "sync_log"
        and line["type"] == "RECORD"
        and line["record"]["status"] == "failed"
    }
    assert result.exit_code == 2
    assert "nam + 1" in why
    assert why in result.stderr


def test_its_schema_leaves_first_and_a_row_once_a_stream(sync: Sync) -> None:
    output = sync()
    kinds = [m for m in output.messages if m["type"] != "STATE"]
    assert (kinds[0]["type"], kinds[0]["stream"]) == ("SCHEMA", "sync_log")
    names = [row["stream"] for row in output.records["sync_log"]]

    assert sorted(names) == sorted({*output.schemas} - {"sync_log"})
    assert {row["status"] for row in output.records["sync_log"]} == {"complete"}


def test_maps_flattening_and_batch_apply_to_sync_log(
    sync: Sync, tmp_path: Path
) -> None:
    maps = {"*": {"source": "'cs'"}, "sync_log": {"__alias__": "log"}}
    output = sync(stream_maps=maps, flattening_enabled=True, flattening_max_depth=1)
    assert output.records["log"]

    storage = {"root": f"file://{tmp_path}/files"}
    batch = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": storage}
    output = sync(batch_config=batch)
    assert len(output.batches["sync_log"]) == len({*output.schemas}) - 1


@pytest.mark.parametrize(
    "pattern",
    [
        {"id2": "id"},
        {"__filter__": "modifiedTime is not None"},
        {"account": "'a'", "__key_properties__": ["account", "id"]},
        {"__else__": None, "id": "id"},
    ],
    ids=str,
)
def test_patterns_that_do_not_fit_sync_log(
    sync: Sync, caplog: pytest.LogCaptureFixture, pattern: State
) -> None:
    output = sync(streams=["sync_log", "clients"], stream_maps={"*": pattern})

    assert len(output.records["clients"]) == 30
    assert rows(output)["clients"]["status"] == "complete"
    assert "sync_log: sent without the patterns in stream_maps" in caplog.text


def test_a_pattern_that_fits_sync_log(sync: Sync) -> None:
    maps = {"*": {"account": "'a'"}}
    output = sync(streams=["sync_log", "clients"], stream_maps=maps)

    assert rows(output)["clients"]["account"] == "a"


def test_a_wrong_total_that_was_accepted_does_not_fail_again(
    cli: CommandLine, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.extra_total = 3
    (tmp_path / "state.json").write_text("{}")
    codes = []
    for _ in range(4):
        sandbox.clock.offset += DAY
        result = cli("--state", str(tmp_path / "state.json"), on_incomplete="fail")
        codes.append(result.exit_code)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        *_, state = [line["value"] for line in lines if line["type"] == "STATE"]
        (tmp_path / "state.json").write_text(json.dumps(state))

    assert codes == [3, 0, 0, 0]


@pytest.mark.parametrize("beyond", ["400", "empty"])
def test_a_capped_count_bars_the_activation_of_a_resumed_read_too(
    sync: Sync, beyond: t.Any
) -> None:
    """It counts 1,000, of which 950 have a time: 50 have none, it seems, not 200."""
    how: dict[str, t.Any] = {"undated": {"client_notes": 200}, "beyond_depth": beyond}
    with Sandbox(
        seed=7, clients=5, client_notes=1150, max_depth=1000, cap_total=True, **how
    ) as other:
        nights = Nights(
            sync,
            other,
            streams=["client_notes", "sync_log"],
            base_url=other.base_url,
            page_size=100,
            emit_activate_version_messages=True,
        )
        for _ in range(3):
            output = nights.night()
            assert rows(output)["client_notes"]["status"] == "in doubt"
            assert not activated(output)


@pytest.mark.parametrize(("days", "is_due"), [(0, False), (7, True)])
def test_no_date_where_every_run_reads_in_full(
    sync: Sync, caplog: pytest.LogCaptureFixture, *, days: int, is_due: bool
) -> None:
    caplog.set_level("INFO")
    output = sync(streams=["clients"], full_read_interval_days={"*": days})
    sync(
        streams=["clients"],
        full_read_interval_days={"*": days},
        state=output.state,
    )
    assert ("the next full read is due on" in caplog.text) is is_due
    assert ("clients: read in full (its interval is 0)\n" in caplog.text) is not is_due


def test_a_catalog_without_sync_log(sync: Sync) -> None:
    config = {"api_key": "x", "discover_custom_fields": False}
    catalog = select(TapClientSuccess(config=config).catalog_dict, ["products"])
    catalog["streams"] = [
        entry for entry in catalog["streams"] if entry["tap_stream_id"] != "sync_log"
    ]
    output = sync(catalog=catalog)

    assert "sync_log" not in output.schemas


def test_incomplete_streams_fail_at_the_end_if_told_to(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    sandbox.extra_total = 3
    assert cli().exit_code == 0
    result = cli(on_incomplete="fail")

    assert result.exit_code == 3
    *_, line = result.stderr.strip().splitlines()
    assert "tasks" in line
    assert '"type":"STATE"' in result.stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"full_read_interval_days": {"client": 1}}, "did you mean clients?"),
        ({"full_read_interval_days": {"zzz": 1}}, "zzz: name *, clients, contacts,"),
        ({"full_read_interval_days": {"tasks": 1}}, "tasks has no interval, as every"),
        ({"full_read_interval_days": {"clients": -1}}, "full_read_interval_days"),
        ({"full_read_interval_days": 5}, "full_read_interval_days"),
        ({"full_read_interval_days": {"clients": float("nan")}}, "a number of days"),
        ({"on_incomplete": "stop"}, "on_incomplete"),
    ],
)
def test_mistakes_in_the_settings(
    cli: CommandLine, settings: State, words: str
) -> None:
    result = cli(**settings)
    assert result.exit_code == 2
    assert words in result.stderr.strip().splitlines()[-1]
    assert cli("--test", **settings).exit_code == 1


def test_a_wrong_key_does_not_ask_for_a_retry(cli: CommandLine) -> None:
    assert cli(api_key="wrong").exit_code == 2
    assert cli("--test", api_key="wrong").exit_code == 1


def test_the_interval_of_custom_fields(sync: Sync, sandbox: Sandbox) -> None:
    interval = {"full_read_interval_days": {"custom_fields": 2}}
    nights = Nights(sync, sandbox, **interval)
    nights.night()
    assert rows(nights.night())["custom_fields"]["status"] == "skipped"
    assert rows(nights.night())["custom_fields"]["status"] == "complete"
