"""The shell samples of the docs work as printed, against the sandbox."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

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
        timeout=120,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # The line that the sandbox prints, pasted.
            "TAP_CLIENTSUCCESS_BASE_URL": sandbox.base_url,
            "TAP_CLIENTSUCCESS_API_KEY": sandbox.api_key,
        },
    )
    assert result.returncode == 0, result.stderr
    assert "not read" not in result.stderr


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
