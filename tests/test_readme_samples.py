"""The shell samples of the docs work as printed, against the sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from conftest import Output

from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from clientsuccess_sandbox import Sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(
    re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
)
SECTIONS |= {
    page.name: page.read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md"))
}
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^ *\$ (.*(?:\n +\S.*)*)", re.MULTILINE)
# These need a network or another environment, or never end.
NOT_RUN = {
    "Two commands",
    "Install",
    "Try it without an account",
    "Meltano",
    "Development",
    "deletes.md",
    "meltano.md",
    "targets.md",
    "scale.md",
    "dbt.md",
}


def blocks(section: str, language: str) -> list[str]:
    return [body for _, kind, body in _BLOCK.findall(section) if kind == language]


def commands(section: str) -> list[str]:
    """The commands of a section, with their continuation lines."""
    return [
        command
        for block in blocks(section, "console")
        for command in _COMMAND.findall(block)
    ]


def check_how_to(files: dict[str, Output], sandbox: Sandbox) -> None:
    """A range has nothing newer, a start nothing much older."""
    (name,) = files["range"].records
    assert name == "contracts"
    times = [record["modifiedTime"] for record in files["range"].records[name]]
    assert times
    assert max(times) < "2025-07-01"
    notes = files["notes"].records["client_notes"]
    assert 0 < len(notes) < sandbox.store.count("client_notes")
    # The filter may compare days, so a little more is read.
    assert min(note["modifiedTime"] for note in notes) > "2025-05-30"
    assert files["notes"].ids("clients") == sandbox.store.ids("clients")
    assert files["part-1"].ids("clients") == sandbox.store.ids("clients")
    assert "custom__industry__cs" in files["flat"].schemas["clients"]["properties"]


def check_stream_maps(files: dict[str, Output], sandbox: Sandbox) -> None:
    """All records have the account; a hash stands for an address."""
    for name in ("account", "shared", "hashed"):
        for records in files[name].records.values():
            assert {record["account"] for record in records} == {"emea"}
        assert len(files[name].records) > 10
    keys = {
        message["stream"]: message["key_properties"]
        for message in files["shared"].messages
        if message["type"] == "SCHEMA"
    }
    assert keys["custom_fields"] == ["account", "resourceType", "fieldId"]
    assert keys["sync_log"] == ["account", "run_id", "stream"]
    emails = [record.get("email") for record in sandbox.store.records("contacts")]
    salted = [f"a long random text{email.strip().lower()}" for email in emails if email]
    hashes = {hashlib.sha256(text.encode()).hexdigest() for text in salted}
    assert hashes
    sent = {record["email"] for record in files["hashed"].records["contacts"]}
    assert sent - {None} == hashes


CHECKS = {"how-to.md": check_how_to, "stream-maps.md": check_stream_maps}
"""What the files must have that the samples of a page write."""

RUN = [
    name for name, text in SECTIONS.items() if commands(text) and name not in NOT_RUN
]


def test_there_are_samples() -> None:
    assert {
        "Quick start from a shell",
        "Connection test",
        "details-and-lists.md",
    } <= set(RUN)


@pytest.mark.skipif(not shutil.which("jq"), reason="the samples use jq")
@pytest.mark.parametrize("name", RUN)
def test_the_samples_of_a_section(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    quick_start = commands(SECTIONS["Quick start from a shell"])
    # Other sections use the catalog that the quick start has written.
    before = [command for command in quick_start if ">catalog.json" in command]
    script = [*before, *commands(SECTIONS[name])]
    result = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(script)],  # noqa: S607
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # The line that the sandbox prints, pasted.
            "TAP_CLIENTSUCCESS_BASE_URL": sandbox.base_url,
            "TAP_CLIENTSUCCESS_API_KEY": sandbox.api_key,
        },
    )
    assert result.returncode == 0, result.stderr
    assert "not read" not in result.stderr
    if name in CHECKS:
        files = sorted(tmp_path.glob("*.jsonl"))
        CHECKS[name]({f.stem: Output(f.read_text("utf-8")) for f in files}, sandbox)


def test_no_sample_leaves_a_setting_for_those_that_follow() -> None:
    """Only what says which account is read, and with which key."""
    lasting = {"TAP_CLIENTSUCCESS_API_KEY", "TAP_CLIENTSUCCESS_BASE_URL"}
    for section in SECTIONS.values():
        script = "\n".join(commands(section))
        exported = re.findall(r"^export .*", script, re.MULTILINE)
        names = set(re.findall(r"TAP_CLIENTSUCCESS_\w+(?==)", "\n".join(exported)))
        unset = set(re.findall(r"^unset (\w+)", script, re.MULTILINE))
        assert names - lasting - unset == set()


def test_the_config_file_of_the_quick_start(config: dict[str, t.Any]) -> None:
    (block,) = blocks(SECTIONS["Quick start from a shell"], "json")
    given = json.loads(block)
    assert "start_date" in given
    assert TapClientSuccess(config=config | given).context.settings.start_date


def test_no_sample_needs_a_setting_that_was_not_exported() -> None:
    calls = [
        line
        for section in SECTIONS.values()
        for line in commands(section)
        if "tap-clientsuccess --" in line
        and not line.startswith("meltano")
        and "--version" not in line
    ]
    assert calls
    assert [line for line in calls if "--config=ENV" not in line] == []


def test_the_meltano_blocks_say_what_meltano_yml_says() -> None:
    ours = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    printed: dict[str, t.Any] = {}
    for block in blocks(SECTIONS["Meltano"], "yaml"):
        printed |= yaml.safe_load(block)
    (extractor,), (loader,) = printed["extractors"], printed["loaders"]
    assert loader["pip_url"] == ours["loaders"][0]["pip_url"]
    names = {setting["name"] for setting in ours["extractors"][0]["settings"]}
    left_out = {"stream_maps", "stream_map_config", "faker_config", "batch_config"}
    assert {item["name"] for item in extractor["settings"]} == names - left_out
    assert extractor["capabilities"] == ours["extractors"][0]["capabilities"]
