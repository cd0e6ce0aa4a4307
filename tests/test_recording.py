"""The recording of the demo in the README."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path
from xml.etree import ElementTree as ET

import demo
import recording

if t.TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parent.parent

TEXT = "{http://www.w3.org/2000/svg}text"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(TEXT)]  # noqa: S314


def offsets(svg: str, name: str) -> list[int]:
    """Return where the keyframes of an animation put something."""
    frames = re.search(rf"@keyframes {name} {{(.*)}}$", svg, re.MULTILINE)
    assert frames
    return [int(px) for px in re.findall(r"translateY\((-?\d+)px\)", frames[1])]


def test_the_picture_shows_the_demo_as_it_is() -> None:
    picture = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    shown = texts(picture)
    assert shown[0] == "$ make demo"
    assert demo.FAREWELL.splitlines() == shown[-2:]
    assert "Second run: read the changes:" in shown
    for stream in demo.EDITS:
        assert sum(line.startswith(f"  {stream} ") for line in shown) == 2
    assert "](docs/demo.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_small_and_tells_nothing_of_the_machine() -> None:
    picture = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert len(picture) < 100_000
    hosts = set(re.findall(r"//([\w.-]+)", picture.replace("http://www.w3.org/", "")))
    assert hosts == {"127.0.0.1"}
    assert not re.findall(r"(?<![\w.$])/(?!api)\w+/", " ".join(texts(picture)))
    assert not re.findall(r"<script|<image|href|url\(|@import|\bon\w+=", picture)


def test_a_command_is_recorded_from_a_terminal() -> None:
    code = "import sys; print(sys.stdout.isatty()); print('é <b>'); sys.exit(3)"
    status, lines = recording.record([sys.executable, "-X", "utf8", "-c", code])
    assert status == 3
    assert [line for _, line in lines] == ["True", "é <b>"]


def test_a_demo_that_fails_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recording, "ROOT", tmp_path)
    monkeypatch.setattr(recording, "COMMAND", [sys.executable, "-c", "exit(2)"])
    assert recording.main() == 2
    assert not list(tmp_path.iterdir())


def test_idle_time_is_capped_and_machines_are_alike() -> None:
    shown = recording.shorten(
        [
            (0.0, f"cd {ROOT}/output"),
            (40.0, "Setting up .venv ..."),
            (100.0, "http://127.0.0.1:41234/api"),
            (100.0, "x" * (recording.COLUMNS + 1)),
        ]
    )
    first, line = recording.LINE_SECONDS, recording.LINE_SECONDS
    second = first + recording.MAX_IDLE_SECONDS
    assert shown == [
        (first, "cd $PWD/output"),
        (second, "http://127.0.0.1:8765/api"),
        (second + line, "x" * recording.COLUMNS),
        (second + line, "x"),
    ]


def test_lines_appear_one_after_the_other_and_scroll_when_the_window_is_full() -> None:
    count = recording.ROWS + 2
    svg = recording.picture([(number, f"<{number}> & more") for number in range(count)])
    assert texts(svg) == [f"<{number}> & more" for number in range(count)]
    height = offsets(svg, "cover")[0]
    assert offsets(svg, "cover") == [height * n for n in range(1, count + 1)]
    assert offsets(svg, "scroll") == [0] * recording.ROWS + [-height, -2 * height]
