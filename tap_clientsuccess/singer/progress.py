"""Progress while a sync runs, and a summary of each stream.

On a terminal there is a live line per stream, and a table at the end. Elsewhere there
is a log line every `INTERVAL_SECONDS`, and one at the end of each stream, with the same
values as fields of structured logs.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import typing as t
from dataclasses import dataclass, field

from tap_clientsuccess.errors import counted
from tap_clientsuccess.http.client import RequestCounts

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("tap-clientsuccess")

INTERVAL_SECONDS = 10.0
_LIVE_SECONDS = 0.2
_COLUMNS = ("stream", "records", "new", "requests", "retries", "seconds", "status")


@dataclass
class StreamProgress:
    """How far the sync of a stream has come.

    Attributes:
        stream: The stream's name.
        bookmark_before: The bookmark at the start, if any.
        part: What is read of it, where that is not all of its run.
        records: Records sent so far.
        repeated: How many of them did not change after that bookmark.
        total: Records to read by the server's count; None if unknown.
        requests: Counts of its requests.
        seconds: How long it has taken.
        bookmark: The bookmark at the end, if any.
        status: complete, incomplete, skipped, sampled or interrupted, once it ended.
    """

    stream: str
    bookmark_before: str | None = None
    part: str = ""
    records: int = 0
    repeated: int = 0
    total: int | None = None
    requests: RequestCounts = field(default_factory=RequestCounts)
    seconds: float = 0.0
    bookmark: str | None = None
    status: str = ""

    @property
    def new(self) -> int:
        """How many records sent so far changed after that bookmark."""
        return max(0, self.records - self.repeated)

    @property
    def fields(self) -> dict[str, t.Any]:
        """The values for a structured log."""
        counts = self.requests
        return {
            "stream": self.stream,
            "part": self.part,
            "records": self.records,
            "new": self.new,
            "total": self.total,
            "requests": counts.requests,
            "retries": counts.retries,
            "rate_limited": counts.rate_limited,
            "seconds": round(self.seconds, 1),
            "status": self.status,
            "bookmark_before": self.bookmark_before,
            "bookmark": self.bookmark,
        }

    def describe(self) -> str:
        """Describe how far it has come."""
        rate = self.records / max(self.seconds, 0.001)
        amount = counted(self.records)
        rest = ""
        if self.total:
            share = min(1.0, self.records / self.total)
            amount = f"{self.records:,} of {counted(self.total)} ({share:.0%})"
            if rate:
                left = max(0, self.total - self.records) / rate
                rest = f", about {left:,.0f} s left"
        amount = f"{self.part}: {amount}" if self.part else amount
        return f"{amount}, {rate:,.0f}/s{rest}; {self.requests.describe()}"

    def summarize(self) -> str:
        """Describe the result."""
        what = f"{self.part} {self.status}".lstrip()
        text = f"{what}: {counted(self.records)} ({self.new:,} new)"
        text += f" in {self.seconds:.1f} s; {self.requests.describe()}"
        if self.bookmark:
            text += f"; bookmark: {self.bookmark_before or 'none'} -> {self.bookmark}"
        if self.status == "interrupted":
            resumes = "resumes there, if the target confirms it"
            text += f"; the next sync {resumes if self.bookmark else 'starts over'}"
        return text


class Progress:
    """Reports the progress of a sync; made for one run of the tap."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.streams: list[StreamProgress] = []
        self._clock = clock
        self._live = sys.stderr is not None and sys.stderr.isatty()
        self._started = 0.0
        self._due = float("inf")
        self._bar: t.Any = None

    @contextlib.contextmanager
    def of(self, stream: StreamProgress) -> Iterator[None]:
        """Report a stream while it is read; its `status` must be set at the end."""
        self.streams.append(stream)
        self._started = self._clock()
        self._due = self._started + (_LIVE_SECONDS if self._live else INTERVAL_SECONDS)
        try:
            with self._live_line(stream.stream):
                yield
        finally:
            self._due = float("inf")
            stream.seconds = self._clock() - self._started
            self._log(stream, stream.summarize())

    def tick(self) -> None:
        """Report if it is time to; cheap enough to be called all the time."""
        now = self._clock()
        if now < self._due:
            return
        stream = self.streams[-1]
        stream.seconds = now - self._started
        if self._bar is None:
            self._due = now + INTERVAL_SECONDS
            self._log(stream, stream.describe())
        else:
            self._due = now + _LIVE_SECONDS
            self._bar.total = stream.total
            self._bar.n = min(stream.records, stream.total or stream.records)
            self._bar.set_postfix_str(stream.requests.describe())

    @staticmethod
    def _log(stream: StreamProgress, text: str) -> None:
        extra = {"progress": stream.fields}
        logger.info("%s: %s", stream.stream, text, extra=extra)

    @contextlib.contextmanager
    def _live_line(self, name: str) -> Iterator[None]:
        """Show a progress bar on stderr, with log lines above it."""
        if not self._live:
            yield
            return
        # Imported here, as it is needed on a terminal only.
        from tqdm import tqdm  # noqa: PLC0415
        from tqdm.contrib.logging import logging_redirect_tqdm  # noqa: PLC0415

        with (
            logging_redirect_tqdm(),
            tqdm(desc=name, unit=" records", leave=False, dynamic_ncols=True) as bar,
        ):
            self._bar = bar
            yield
        self._bar = None

    def print_table(self) -> None:
        """Print the summary of all streams, on a terminal."""
        if self._live and self.streams:
            rows = [_COLUMNS, *map(_row, self.streams)]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for row in rows:
                cells = [c.ljust(w) for c, w in zip(row, widths, strict=True)]
                sys.stderr.write("  ".join(cells).rstrip() + "\n")


def _row(stream: StreamProgress) -> tuple[str, ...]:
    fields = {**stream.fields, "seconds": f"{stream.seconds:.1f}"}
    numbers = (f"{fields[name]:,}" for name in _COLUMNS[1:5])
    name = f"{stream.stream} ({stream.part})" if stream.part else stream.stream
    return (name, *numbers, fields["seconds"], stream.status)
