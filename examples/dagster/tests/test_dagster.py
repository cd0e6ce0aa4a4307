"""`dagster dev` with many accounts at once, each a sandbox; `make test-dagster`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import requests

from clientsuccess_sandbox import Latency, RateLimit, Sandbox, Status
from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent.parent
VENVS = [HERE.parent.parent / name / "bin" for name in (".venv-dagster", ".venv")]
LIMIT_SECONDS = 400.0
"""Only a failing test waits this long."""

KILLED = ("tap_killed", "run_killed")
HEALTHY = ("healthy", "rate_limited", "outage", *KILLED)
FAILED = ("wrong_key", "incomplete")
WRONG_KEY = "a-key-that-was-revoked"


def wait_until(reached: Callable[[], t.Any]) -> None:
    give_up = time.monotonic() + LIMIT_SECONDS
    while not reached():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.1)


@dataclass(frozen=True)
class Dagster:
    """A running `dagster dev`, asked through GraphQL as its own pages do."""

    url: str
    home: Path

    def ask(self, query: str, **variables: t.Any) -> t.Any:
        question = {"query": query, "variables": variables}
        response = requests.post(f"{self.url}/graphql", json=question, timeout=60)
        answer = response.json()
        assert not answer.get("errors"), answer
        (result,) = answer["data"].values()
        assert "message" not in result, result
        return result

    def answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            query = "{ workspaceOrError { ... on Workspace { locationEntries { name "
            query += "locationOrLoadError { __typename } } } } }"
            entries = self.ask(query)["locationEntries"]
            kinds = [each["locationOrLoadError"] for each in entries]
            return kinds == [{"__typename": "RepositoryLocation"}]
        return False

    def sync(self, *accounts: str) -> None:
        """Materialize the partitions of these accounts, as the button does."""
        self.ask(
            "mutation($p: LaunchBackfillParams!) { launchPartitionBackfill("
            "backfillParams: $p) { ... on PythonError { message }"
            " ... on LaunchBackfillSuccess { backfillId } } }",
            p={
                "assetSelection": [{"path": ["clientsuccess"]}],
                "partitionNames": accounts,
            },
        )

    def runs(self, account: str) -> list[dict[str, t.Any]]:
        """Return the runs of an account, newest first."""
        found: list[dict[str, t.Any]] = self.ask(
            "query($f: RunsFilter!) { runsOrError(filter: $f) { ... on Runs {"
            " results { id status eventConnection { events { __typename"
            " ... on MessageEvent { message }"
            " ... on ExecutionStepUpForRetryEvent { retry: error { errorChain {"
            " error { message } } } }"
            " ... on ExecutionStepFailureEvent { error { message } } } } } } } }",
            f={"tags": [{"key": "dagster/partition", "value": account}]},
        )["results"]
        return found

    def asset(self, account: str, kind: str) -> list[dict[str, t.Any]]:
        """Return the metadata of observations or materializations, newest first."""
        found = self.ask(
            f"query($p: [String!]) {{ assetOrError(assetKey: {{path: "
            f'["clientsuccess"]}}) {{ ... on Asset {{ {kind}(partitions: $p) {{'
            " metadataEntries { label ... on JsonMetadataEntry { jsonString }"
            " ... on IntMetadataEntry { intValue }"
            " ... on FloatMetadataEntry { floatValue }"
            " ... on TableMetadataEntry { table { records } } } } } } }",
            p=[account],
        )
        return [
            {entry.pop("label"): entry for entry in event["metadataEntries"]}
            for event in found.get(kind, [])
        ]

    def states(self, account: str) -> list[dict[str, t.Any]]:
        found = self.asset(account, "assetObservations")
        return [json.loads(each["state"]["jsonString"]) for each in found]

    def statuses(self, account: str) -> list[str]:
        return [run["status"] for run in self.runs(account)]


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                Sandbox(seed=seed, clients=clients, api_key=f"key-{seed}-of-{name}")
            )
            for seed, (name, clients) in enumerate(
                [
                    ("healthy", 60),
                    ("wrong_key", 20),
                    ("rate_limited", 600),
                    ("tap_killed", 600),
                    ("run_killed", 700),
                    ("outage", 20),
                    ("incomplete", 20),
                ]
            )
        }


@pytest.fixture(scope="module")
def dagster(
    sandboxes: dict[str, Sandbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dagster]:
    tmp_path = tmp_path_factory.mktemp("dagster")
    shutil.copy(HERE / "dagster.yaml", tmp_path)
    settings = {
        "CLIENTSUCCESS_ACCOUNTS": ",".join(sandboxes),
        "CLIENTSUCCESS_DATA": str(tmp_path / "data"),
        "CLIENTSUCCESS_RETRY_SECONDS": "1",
        "CLIENTSUCCESS_ROWS_PER_LOAD": "500",
        "DAGSTER_HOME": str(tmp_path),
        "PATH": os.pathsep.join([*map(str, VENVS), os.environ["PATH"]]),
        "TAP_CLIENTSUCCESS_PAGE_SIZE": "50",
        "TAP_CLIENTSUCCESS_REQUEST_TIMEOUT": "10",
    }
    for name, sandbox in sandboxes.items():
        settings[f"TAP_CLIENTSUCCESS_BASE_URL__{name.upper()}"] = sandbox.base_url
        settings[f"TAP_CLIENTSUCCESS_API_KEY__{name.upper()}"] = sandbox.api_key
    settings["TAP_CLIENTSUCCESS_API_KEY__WRONG_KEY"] = WRONG_KEY
    settings["TAP_CLIENTSUCCESS_MAX_RETRIES__OUTAGE"] = "0"
    settings["TAP_CLIENTSUCCESS_ON_INCOMPLETE__INCOMPLETE"] = "fail"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = ["dagster", "dev", "--host", "127.0.0.1", "--port", port]
    with (tmp_path / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=HERE,
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Dagster(f"http://127.0.0.1:{port}", tmp_path)
    try:
        wait_until(lambda: process.poll() is not None or running.answers())
        assert process.poll() is None, (tmp_path / "dev.log").read_text()
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def rows(dagster: Dagster, account: str) -> dict[str, int]:
    path = dagster.home / "data" / account / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as warehouse:
        found = {
            kind: warehouse.table(f"clientsuccess.{kind}").count("*").fetchone()
            for kind in KINDS
        }
    return {kind: row[0] if row else 0 for kind, row in found.items()}


def retries(run: dict[str, t.Any]) -> list[str]:
    """Return the reason of each retry within a run."""
    return [
        json.dumps(event["retry"])
        for event in run["eventConnection"]["events"]
        if event["__typename"] == "ExecutionStepUpForRetryEvent"
    ]


def process_of(dagster: Dagster, account: str) -> int:
    """Return the process id of an account's run."""
    text = json.dumps(dagster.runs(account)[0]["eventConnection"])
    (found,) = re.findall(r"Started process for run \(pid: (\d+)\)", text)
    return int(found)


def notes_were_read(dagster: Dagster, account: str) -> bool:
    notes = [
        state["bookmarks"].get("client_notes", {}) for state in dagster.states(account)
    ]
    return any(each.get("first_read_began", "none") is None for each in notes)


def kill_the_tap(dagster: Dagster, account: str) -> None:
    run = str(process_of(dagster, account))
    subprocess.run(["pkill", "-KILL", "-P", run, "-f", "tap-client"], check=True)


def kill_the_run(dagster: Dagster, account: str) -> None:
    os.kill(process_of(dagster, account), signal.SIGKILL)


@pytest.fixture(scope="module")
def resumed(dagster: Dagster, sandboxes: dict[str, Sandbox]) -> dict[str, int]:
    """Sync all accounts at once; return how many requests came before each kill."""
    sandboxes["rate_limited"].faults.add(RateLimit("/", per_second=20))
    sandboxes["outage"].faults.add(Status("/client/search", 503, times=1))
    sandboxes["incomplete"].extra_total = 3
    # Notes come at once, and contacts late: the kill finds some streams read.
    late = Latency("/contact/search", seconds=LIMIT_SECONDS)
    slow = {name: sandboxes[name].faults.add(late) for name in KILLED}
    dagster.sync(*sandboxes)

    requests_before = {}
    kills = {"tap_killed": kill_the_tap, "run_killed": kill_the_run}
    for name, kill in kills.items():
        wait_until(lambda name=name: notes_were_read(dagster, name))
        kill(dagster, name)
        requests_before[name] = len(sandboxes[name].requests)
        sandboxes[name].faults.remove(slow[name])
    for name in HEALTHY:
        wait_until(lambda name=name: "SUCCESS" in dagster.statuses(name))
    for name in FAILED:
        wait_until(lambda name=name: {"SUCCESS", "FAILURE"} & {*dagster.statuses(name)})
    return requests_before


@pytest.mark.usefixtures("resumed")
@pytest.mark.parametrize("account", [*HEALTHY, "incomplete"])
def test_all_records_arrive(
    dagster: Dagster, sandboxes: dict[str, Sandbox], account: str
) -> None:
    store = sandboxes[account].store
    assert rows(dagster, account) == {kind: store.count(kind) for kind in KINDS}


@pytest.mark.usefixtures("resumed")
def test_the_summary_is_metadata(dagster: Dagster) -> None:
    (summary,) = dagster.asset("healthy", "assetMaterializations")
    streams = [json.loads(row) for row in summary["streams"]["table"]["records"]]
    read = {row["stream"]: row["records"] for row in streams}
    assert {kind: read[kind] for kind in KINDS} == rows(dagster, "healthy")
    assert summary["records"]["floatValue"] == sum(read.values())
    assert summary["requests"]["floatValue"] > len(read)
    bookmarks = dagster.states("healthy")[0]["bookmarks"]
    assert {row["stream"]: row["bookmark"] for row in streams if row["bookmark"]} == {
        stream: bookmark["replication_key_value"]
        for stream, bookmark in bookmarks.items()
        if "replication_key_value" in bookmark
    }


@pytest.mark.usefixtures("resumed")
@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("wrong_key", r"tap-clientsuccess: GET .* the API key is wrong.*\n$"),
        ("incomplete", r"tap-clientsuccess: records are missing, or may be, in .*\n$"),
    ],
)
def test_what_a_retry_does_not_help_fails_at_once_in_one_line(
    dagster: Dagster, account: str, reason: str
) -> None:
    (failed,) = dagster.runs(account)
    assert failed["status"] == "FAILURE"
    assert retries(failed) == []
    (error,) = [
        event["error"]["message"]
        for event in failed["eventConnection"]["events"]
        if event["__typename"] == "ExecutionStepFailureEvent"
    ]
    assert re.search(reason, error)
    assert not dagster.asset(account, "assetMaterializations")


@pytest.mark.usefixtures("resumed")
def test_an_outage_is_retried(dagster: Dagster) -> None:
    (run,) = dagster.runs("outage")
    (reason,) = retries(run)
    assert "503" in reason


@pytest.mark.usefixtures("resumed")
def test_an_incomplete_sync_keeps_its_state(dagster: Dagster) -> None:
    assert dagster.states("incomplete")


@pytest.mark.usefixtures("resumed")
def test_a_rate_limit_was_met(sandboxes: dict[str, Sandbox]) -> None:
    assert 429 in {each.status for each in sandboxes["rate_limited"].requests}


def test_what_was_killed_resumes_at_its_state(
    dagster: Dagster, sandboxes: dict[str, Sandbox], resumed: dict[str, int]
) -> None:
    events = json.dumps(dagster.runs("tap_killed"))
    assert "tap-clientsuccess was ended by SIGKILL" in events
    assert dagster.statuses("run_killed") == ["SUCCESS", "FAILURE"]
    for name in KILLED:
        again = sandboxes[name].requests[resumed[name] :]
        # Notes are the first stream: it was not read again.
        notes = [each for each in again if "clientNote" in each.path]
        assert notes
        assert all("modifiedAfter" in each.query for each in notes)


@pytest.mark.usefixtures("resumed")
def test_the_next_run_begins_at_the_stored_states(
    dagster: Dagster, sandboxes: dict[str, Sandbox]
) -> None:
    before = len(sandboxes["healthy"].requests)
    dagster.sync("healthy")
    wait_until(lambda: dagster.statuses("healthy") == ["SUCCESS", "SUCCESS"])
    again = sandboxes["healthy"].requests[before:]
    searches = [each for each in again if each.path.endswith("/search")]
    assert searches
    assert all("modifiedAfter" in each.query for each in searches)


@pytest.mark.usefixtures("resumed")
def test_no_key_is_stored_or_logged(
    dagster: Dagster, sandboxes: dict[str, Sandbox]
) -> None:
    stored = [path for path in dagster.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in stored)
    keys = {WRONG_KEY, *(sandbox.api_key for sandbox in sandboxes.values())}
    for path in stored:
        # Dagster removes the log of a SQLite database when it closes it.
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes()
            assert not [key for key in keys if key.encode() in content], path
