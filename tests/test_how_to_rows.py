"""Each row of the how-to table runs as printed, in a Meltano project with a state.

`meltano init` makes the project, the README's block its plug-ins, and a loader of ours
stands in for DuckDB. A row gets a copy of the project, in which all was read once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from conftest import Output
from test_readme_samples import SECTIONS, blocks, commands

from clientsuccess_sandbox import Sandbox

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
MELTANO = ROOT / ".venv-meltano" / "bin"
LOADER = Path(__file__).parent / "stand_in_loader.py"
SYNC = "meltano run tap-clientsuccess target-duckdb"
NEW_FIELD = "brand_new__cs"

pytestmark = pytest.mark.skipif(
    not (MELTANO / "meltano").exists(), reason="`make demo` sets Meltano up"
)


def how_to_rows() -> dict[str, list[str]]:
    """The commands of each row, by what they are for."""
    table = SECTIONS["meltano.md"].partition("\n## How to\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| ([^|`]+) \| (.*`meltano .*) \|$", table, re.MULTILINE)
    return {what: re.findall(r"`(meltano [^`]*)`", cell) for what, cell in found}


ROWS = how_to_rows()
SAMPLES = {
    "README": [
        command
        for command in commands(SECTIONS["Meltano"])
        if command.startswith(("meltano invoke", "meltano run"))
    ],
    "deletes.md": commands(SECTIONS["deletes.md"]),
    "read one stream again": commands(
        SECTIONS["meltano.md"].partition("\n## Read one stream again\n")[2]
    ),
}


@dataclass
class Project:
    """A Meltano project, and what its last run sent."""

    folder: Path
    sandbox: Sandbox
    printed: str = ""
    log: str = ""

    def shell(self, *script: str) -> None:
        """Run commands as a user types them; each must succeed."""
        foreign = ("MELTANO_", "TAP_CLIENTSUCCESS_", "TARGET_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(script)],  # noqa: S607
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            env={
                **kept,
                "PATH": f"{MELTANO}:{os.environ['PATH']}",
                "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
                "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
                "NO_COLOR": "1",
                "TAP_CLIENTSUCCESS_BASE_URL": self.sandbox.base_url,
                "TAP_CLIENTSUCCESS_API_KEY": self.sandbox.api_key,
            },
        )
        self.printed, self.log = done.stdout, done.stderr
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def sent(self) -> Output:
        """The messages of the last run."""
        return Output((self.folder / "messages.jsonl").read_text(encoding="utf-8"))

    def next_run(self) -> Output:
        """Run once more; return the messages."""
        self.shell(SYNC)
        return self.sent

    @property
    def kinds(self) -> set[str]:
        """How streams with a bookmark were read in the last run."""
        rows = self.sent.records["sync_log"]
        return {r["kind"] for r in rows if r["stream"] in {"clients", "contacts"}}

    @property
    def settings(self) -> dict[str, t.Any]:
        """The settings of the tap in `meltano.yml`."""
        project = yaml.safe_load((self.folder / "meltano.yml").read_text())
        (tap,) = project["plugins"]["extractors"]
        config: dict[str, t.Any] = tap["config"]
        return config


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A new project in which everything was read once."""
    place = tmp_path_factory.mktemp("meltano")
    with Sandbox(seed=7, clients=6) as sandbox:
        Project(place, sandbox).shell("meltano init fresh --no-usage-stats")
        project = Project(place / "fresh", sandbox)
        add_plugins(project.folder)
        project.shell(SYNC)
        assert project.kinds == {"first"}
        yield project


def add_plugins(folder: Path) -> None:
    """Add the README's plug-ins, as if they were installed already."""
    path = folder / "meltano.yml"
    project = yaml.safe_load(path.read_text())
    plugins: dict[str, t.Any] = {}
    for block in blocks(SECTIONS["Meltano"], "yaml"):
        plugins |= yaml.safe_load(block)
    plugins["extractors"][0]["pip_url"] = "git+https://git.example/tap-clientsuccess"
    path.write_text(yaml.safe_dump({**project, "plugins": plugins}))
    python = shlex.quote(sys.executable)
    calls = {
        "tap-clientsuccess": f"{python} -m tap_clientsuccess",
        "target-duckdb": f"{python} {shlex.quote(str(LOADER))}",
    }
    for kind, (plugin,) in plugins.items():
        environment = folder / ".meltano" / kind / plugin["name"] / "venv"
        programs = environment / "bin"
        programs.mkdir(parents=True)
        (programs / "python").symlink_to(MELTANO / "python")
        program = programs / plugin["executable"]
        program.write_text(f'#!/bin/sh\nexec {calls[plugin["name"]]} "$@"\n')
        program.chmod(0o755)
        # With this, Meltano takes it for what it has installed.
        parts = sorted(set(plugin["pip_url"].split()))
        mark = hashlib.sha256(" ".join(parts).encode()).hexdigest()
        (environment / ".meltano_plugin_fingerprint").write_text(mark)


@pytest.fixture
def project(base: Project, tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    shutil.copytree(base.folder, folder, symlinks=True)
    return Project(folder, base.sandbox)


def lists_what_is_read(project: Project) -> None:
    listed = project.printed
    assert "clients.id" in listed
    # It is not read, and Meltano would select it.
    assert "client_details" not in listed


def reads_one_stream(project: Project) -> None:
    assert set(project.next_run().schemas) == {"contracts", "sync_log"}


def leaves_a_stream_out(project: Project) -> None:
    assert not set(project.next_run().schemas) & {"tasks"}
    assert len(project.sent.schemas) > 5


def shows_the_state(project: Project) -> None:
    bookmarks = json.loads(project.printed)["singer_state"]["bookmarks"]
    assert bookmarks["clients"]["replication_key_value"]


def reads_everything(project: Project) -> None:
    assert project.kinds == {"first"}


def reads_further_back(project: Project) -> None:
    assert project.settings["lookback_seconds"] == 3600


def fills_the_columns(project: Project) -> None:
    ids = project.sandbox.store.ids("clients")
    sent = project.next_run()
    assert sent.ids("clients") == ids
    assert all("custom__industry__cs" in row for row in sent.records["clients"])
    # Lists have become texts, in all rows.
    loaded = json.loads((project.folder / "loaded.json").read_text())
    items = [row["items"] for row in loaded["contracts"].values()]
    assert any(items)
    assert not any(isinstance(value, list) for value in items)
    reasons = {r["reason"] for r in sent.records["sync_log"] if r["kind"] == "full"}
    assert "there are new columns" in reasons


def sees_new_fields(project: Project) -> None:
    custom = project.sent.schemas["clients"]["properties"]["custom"]["properties"]
    assert NEW_FIELD in custom
    assert project.sent.ids("clients") == project.sandbox.store.ids("clients")


def reads_details(project: Project) -> None:
    assert len(project.next_run().records["client_details"]) == 6


def has_other_intervals(project: Project) -> None:
    assert project.settings["full_read_interval_days"] == {"clients": 7}


def sends_versions(project: Project) -> None:
    assert project.settings["emit_activate_version_messages"] is True


def is_json(project: Project) -> None:
    assert all(json.loads(line) for line in project.log.splitlines())


def reads_contacts_again(project: Project) -> None:
    rows = project.sent.records["sync_log"]
    assert {r["stream"] for r in rows if r["kind"] == "first"} == {"contacts"}


def reads_what_is_new(project: Project) -> None:
    assert "the connection works" in project.log
    assert project.kinds == {"incremental"}


CHECKS: dict[str, Callable[[Project], None]] = {
    "see what is read": lists_what_is_read,
    "read one stream only": reads_one_stream,
    "leave a stream out": leaves_a_stream_out,
    "look at the state": shows_the_state,
    "read everything again": reads_everything,
    "read further back at each run": reads_further_back,
    "have custom fields as columns": fills_the_columns,
    "see new custom fields": sees_new_fields,
    "read details": reads_details,
    "read everything more or less often": has_other_intervals,
    "delete what was deleted": sends_versions,
    "keep two states apart": reads_everything,
    "get logs as JSON": is_json,
    "README": reads_what_is_new,
    "deletes.md": reads_everything,
    "read one stream again": reads_contacts_again,
}


def test_each_row_has_a_check() -> None:
    assert {*ROWS, *SAMPLES} == set(CHECKS)


@pytest.mark.parametrize("what", CHECKS)
def test_a_row(project: Project, what: str) -> None:
    if what == "see new custom fields":
        names = {"fieldId": 9900, "fieldKey": NEW_FIELD, "fieldTypeName": "STRING"}
        project.sandbox.store.add_custom_field("CLIENT", names)
    project.shell(*{**ROWS, **SAMPLES}[what])
    CHECKS[what](project)


def test_an_exclude_alone_selects_nothing(project: Project) -> None:
    project.shell(*ROWS["leave a stream out"][1:], f"! {SYNC}")
    assert "no stream is selected" in project.log
    assert "meltano select tap-clientsuccess '*' '*'" in project.log


def test_no_page_has_another_command_of_meltano() -> None:
    """What is in no row nobody has tried."""
    tried = {command for row in (*ROWS.values(), *SAMPLES.values()) for command in row}
    text = "\n".join(SECTIONS.values())
    printed = set(re.findall(r"`(meltano \w+ [^`…]*tap-clientsuccess[^`…]*)`", text))
    assert len(printed) > 10
    assert printed - tried == set()
