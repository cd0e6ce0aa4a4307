"""The documentation: generated parts are current, links have targets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tap_clientsuccess.config.settings import SCHEMA

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "sandbox" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = "examples/dbt/models/sources.yml"
SETTINGS = [ROOT / name for name in ("meltano.yml", ".env.example", SOURCES)]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TEXT = re.compile(r"\[([^\]]*)\]\(")
_FILE = re.compile(r"[\w/.-]+\.(md|yml|py|example)$")
_GROUP = re.compile(r"^```\{toctree\}\n(?::.+\n)*\n([^`]*)^```", re.MULTILINE)
_CODE = re.compile(r"^\s*```.*?^\s*```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(prose(page))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    links = [link for link in _LINK.findall(prose(page)) if "://" not in link]
    return [link for link in links if not has_target(page, link)]


def has_target(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target)


def test_the_generated_parts_are_current() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "cogapp", "--check", "--diff", "--verbosity=0"),
            *("-I", "scripts", "-I", ".", "-p", "import docs, plugin"),
            *map(str, [*PAGES, *SETTINGS]),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (result.stdout + result.stderr, result.returncode) == ("", 0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_shows_the_name_of_a_file(page: Path) -> None:
    texts = _TEXT.findall(prose(page))
    assert [text for text in texts if _FILE.fullmatch(text)] == []


def test_every_page_is_in_one_group_of_the_site() -> None:
    groups = _GROUP.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    entries = [line for group in groups for line in group.splitlines()]
    listed = [entry.rpartition("<")[2].rstrip(">") for entry in entries]
    pages = {page.stem for page in PAGES} - {"README", "index"}
    assert sorted(listed) == sorted(pages)


@pytest.mark.parametrize(
    "key",
    SCHEMA["properties"]["custom_streams"]["items"]["properties"],
)
def test_every_key_of_a_custom_stream_is_in_the_docs(key: str) -> None:
    page = ROOT / "docs" / "custom-streams.md"
    assert f"| `{key}` |" in page.read_text(encoding="utf-8")
