"""Record `make demo` in a terminal as an animated SVG, docs/demo.svg.

The demo prints plain lines, without colours or cursor movements, so that the picture is
text that scrolls: no terminal emulator, no font, no script, no other file is needed.
"""

from __future__ import annotations

import html
import os
import pty
import re
import subprocess
import sys
import time
import typing as t

from commands import ROOT

COMMAND = ("make", "--no-print-directory", "demo")
MAX_IDLE_SECONDS = 2.5
LINE_SECONDS = 0.08
LAST_SECONDS = 8.0
COLUMNS, ROWS = 92, 26
_COLUMN, _LINE, _MARGIN, _BAR = 8.4, 19, 14, 30
_COMMAND_LINE = re.compile(r"\s*(\$|>>>) ")
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")

_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img">
<title>A recording of make demo</title>
<style>
text {{ font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
fill: #d5dae3; white-space: pre }}
.in {{ fill: #7fd1a0 }}
.p {{ fill: #1b2029 }}
.scroll {{ transform: translateY({scroll_end}px); \
animation: scroll {total:.1f}s step-end infinite }}
.cover {{ transform: translateY({cover_end}px); \
animation: cover {total:.1f}s step-end infinite }}
@keyframes scroll {{ {scroll} }}
@keyframes cover {{ {cover} }}
@media (prefers-reduced-motion: reduce) {{ .scroll, .cover {{ animation: none }} }}
</style>
<rect class="p" width="{width}" height="{height}" rx="9"/>
<circle cx="20" cy="17" r="6" fill="#ee6a5f"/><circle cx="40" cy="17" r="6" \
fill="#f5bd4f"/><circle cx="60" cy="17" r="6" fill="#61c454"/>
<svg y="{top}" width="{width}" height="{rows}">
<g class="scroll">
{text}
<rect class="p cover" width="{width}" height="{all_rows}"/>
</g>
</svg>
</svg>
"""

Lines = list[tuple[float, str]]
"""Lines of output, and the seconds after which each was there."""


def main() -> int:
    """Record the demo and write the picture; return the demo's exit code."""
    status, lines = record(COMMAND)
    if not status:
        path = ROOT / "docs" / "demo.svg"
        path.write_text(picture([(0.0, "$ make demo"), *shorten(lines)]))
        print(f"Wrote {path.relative_to(ROOT)}.")
    return status


def record(command: t.Sequence[str]) -> tuple[int, Lines]:
    """Run a command in a terminal; return its exit code and its output."""
    ours, theirs = pty.openpty()
    with (
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
        ) as process,
        os.fdopen(ours, errors="replace") as terminal,
    ):
        os.close(theirs)
        began, lines = time.monotonic(), []
        try:
            for line in terminal:
                print(line, end="", flush=True)
                lines.append((time.monotonic() - began, line.rstrip()))
        except OSError:  # Linux: the other end was closed.
            pass
    return process.returncode, lines


def shorten(lines: Lines) -> Lines:
    """Cap idle time, and give each line time to be seen.

    Set-up, paths and ports are left out: they differ from one machine to another.
    """
    shown: Lines = []
    now = last = 0.0
    for then, line in lines:
        idle, last = then - last, then
        if line.startswith("Setting up "):
            continue
        now += max(LINE_SECONDS, min(idle, MAX_IDLE_SECONDS))
        local = line.replace(str(ROOT), "$PWD")
        same = _ADDRESS.sub("127.0.0.1:8765", local)
        parts = (same[at : at + COLUMNS] for at in range(0, len(same), COLUMNS))
        shown += [(now, part) for part in parts] or [(now, "")]
    return shown


def picture(lines: Lines) -> str:
    """Draw a terminal in which the lines appear at their times, over and over."""
    counts = {then: number for number, (then, _) in enumerate(lines, 1)}
    total = max(counts) + LAST_SECONDS
    # Below the last line, a cover hides what is still to come.
    covered = {at: n * _LINE for at, n in counts.items()}
    scrolled = {at: min(0, ROWS - n) * _LINE for at, n in counts.items()}
    text = "\n".join(
        f'<text class="{"in" if _COMMAND_LINE.match(line) else "out"}" x="{_MARGIN}" '
        f'y="{(row + 1) * _LINE - 5}">{html.escape(line)}</text>'
        for row, (_, line) in enumerate(lines)
        if line
    )
    return _PICTURE.format(
        width=round(COLUMNS * _COLUMN) + 2 * _MARGIN,
        height=ROWS * _LINE + 2 * _MARGIN + _BAR,
        top=_BAR + _MARGIN / 2,
        rows=ROWS * _LINE,
        all_rows=len(lines) * _LINE,
        total=total,
        cover=_frames(covered, total),
        cover_end=covered[max(counts)],
        scroll=_frames(scrolled, total),
        scroll_end=scrolled[max(counts)],
        text=text,
    )


def _frames(offsets: dict[float, int], total: float) -> str:
    """Return keyframes that move something down."""
    return " ".join(
        f"{at / total:.2%} {{ transform: translateY({down}px) }}"
        for at, down in offsets.items()
    )


if __name__ == "__main__":
    sys.exit(main())
