"""Reports a sync while it runs, and each stream and the run at their end.

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

from singer_sdk import metrics

from tap_clientsuccess.singer.progress import BROKEN_OFF, StreamProgress
from tap_clientsuccess.singer.signals import stop_signal

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("tap-clientsuccess")
_run_logger = logger.getChild("run")

INTERVAL_SECONDS = 10.0
_LIVE_SECONDS = 0.2
_COLUMNS = ("stream", "records", "new", "requests", "retries", "seconds", "status")
_RUN_FIELDS = (
    *("streams", "records", "distinct_records", "new", "requests", "retries"),
    *("rate_limited", "warnings", "seconds", "status"),
)
_WORST_FIRST = (*BROKEN_OFF, "incomplete")


class Reporter:
    """Reports the progress of a sync; made for one run of the tap."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.streams: list[StreamProgress] = []
        self._clock = clock
        self._live = sys.stderr is not None and sys.stderr.isatty()
        self._made = clock()
        self._started = 0.0
        self._due = float("inf")
        self._bar: t.Any = None
        logger.addHandler(_warnings)
        self._warnings_before = _warnings.count

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
        """Stop here after a signal; else report if it is time to.

        Cheap enough to be called between two messages, and while anything is awaited.

        Raises:
            Interrupted: A signal was received.
        """
        stop_signal.raise_if_set()
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
            self._bar.n = min(stream.position, stream.total or stream.position)
            words = (stream.label, stream.requests.describe())
            self._bar.set_postfix_str(", ".join(filter(None, words)))

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

    def end(self) -> None:
        """Report the whole run: in one line, and on a terminal in a table before it."""
        if not self.streams:
            return
        total = self._total()
        if self._live:
            _print_table([*self.streams, total])
        streams = len({stream.stream for stream in self.streams})
        warnings = _warnings.count - self._warnings_before
        fields = {**total.fields, "streams": streams, "warnings": warnings}
        _run_logger.info(
            "run %s: %d %s, %s; warnings: %d",
            total.status,
            streams,
            "stream" if streams == 1 else "streams",
            total.result,
            warnings,
            extra={"run": {name: fields[name] for name in _RUN_FIELDS}},
        )

    def _total(self) -> StreamProgress:
        """Return what all streams together came to."""
        streams = self.streams
        new = [stream.new for stream in streams if stream.new is not None]
        total = StreamProgress(
            "total",
            records=sum(stream.records for stream in streams),
            sent=sum(stream.distinct for stream in streams),
            changed=sum(new) if new else None,
            seconds=self._clock() - self._made,
        )
        for counts in (stream.requests for stream in streams):
            total.requests.requests += counts.requests
            total.requests.retries += counts.retries
            total.requests.rate_limited += counts.rate_limited
        how = {stream.status for stream in streams}
        worst = next((status for status in _WORST_FIRST if status in how), "complete")
        total.status = worst
        return total


def be_quiet() -> None:
    """Log no more than warnings, errors and the line about the whole run."""
    level = logging.getLogger().level
    _run_logger.setLevel(level)
    for each in (logger, metrics.get_metrics_logger()):
        each.setLevel(max(logging.WARNING, level))


class _WarningCount(logging.Handler):
    """Counts logged warnings and errors; one for the process, as loggers are."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Count."""
        self.count += 1


_warnings = _WarningCount(logging.WARNING)


def _print_table(streams: list[StreamProgress]) -> None:
    rows = [_COLUMNS, *map(_row, streams)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [c.ljust(w) for c, w in zip(row, widths, strict=True)]
        sys.stderr.write("  ".join(cells).rstrip() + "\n")


def _row(stream: StreamProgress) -> tuple[str, ...]:
    counts = stream.requests
    name = f"{stream.stream} ({stream.part})" if stream.part else stream.stream
    return (
        name,
        f"{stream.distinct:,}",
        "" if stream.new is None else f"{stream.new:,}",
        f"{counts.requests:,}",
        f"{counts.retries:,}",
        f"{stream.seconds:.1f}",
        stream.status,
    )
