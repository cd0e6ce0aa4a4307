"""Counts what the tap loses under edits, faults and kills: docs/reliability.md.

Every sync is a process of its own that reads a sandbox. Exit code 1 where a goal, 0 of
everything that should not be, is missed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import sys
import tempfile
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import attrgetter
from pathlib import Path

from campaigns import CAMPAIGNS, Campaign, attempt
from histories import Tally

if t.TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
WORKERS = 3
QUICK = 6
"""By how much there are fewer tries with --quick."""

COLUMNS = {
    "tries": "Tries",
    "syncs": "Syncs",
    "expected": "Records",
    "told": "Missing, told",
    "lost": "Lost",
    "silent": "Silently incomplete",
    "torn": "Lines not whole",
    "secrets": "Secrets shown",
    "tracebacks": "Tracebacks",
    "hangs": "Hangs",
    "failed": "Wrong ends",
}
GOALS = ("lost", "silent", "torn", "secrets", "tracebacks", "hangs", "failed")
"""What should be 0."""

TEXT = """\
# Reliability

<!-- Made by scripts/reliability.py (`make reliability`). Changes made here are
overwritten. -->

What the tap loses when it is read from while data changes, when the server fails, and
when it is killed. Everything from "Lost" on should be 0, and "Missing, told" as well,
but for equal times in any order and for misleading servers. Why it is:
[completeness.md](completeness.md). What each fault does: [faults.md](faults.md).

{table}

Made by `{command}` on {date}, with Python {python}, in {seconds:.0f} seconds. Choices
follow from the seed; moments (which request meets which edit, where a kill strikes)
differ from run to run.

## What is tried

Every sync is a process of its own, at `DEBUG` log level, with 1, 4 or 8 requests at
once, and reads all streams of a sandbox with 40 clients, about 600 records, in
pages of 7 to 30. Each begins with the last whole STATE of the one before.

- **Live edits**: records are added, changed and deleted while two syncs read; a third
  one reads a server that is still.
- **Random faults**: 5 to 30 % of all requests meet a 503, a 429, a reset, an answer cut
  off, or a maintenance page. One sync has to get everything.
- **Kills**: three runs end after a random number of bytes, by SIGTERM, SIGINT, SIGKILL,
  or because whoever reads goes away. A fourth one runs to its end.
- **Edits, faults and kills**: all of it at once, then one run to its end, on a server
  that is still.
- **Equal times in any order**, another at each request, under edits as above. In every
  table a quarter of the records share their times with many others.
  Where they do not fit on a page, the tap may end incomplete, but has to say so.
- **Habits**: sorting ignored, `modifiedAfter` ignored, or a page size of the server's
  own, in turn, each under edits as above.
- **Misleading servers**: one page in place of all, or wrong totals. The tap may end
  incomplete here, but has to say so.

## What is counted

- **Tries**: sandboxes. **Syncs**: times that the tap was started.
- **Records**: what the sandboxes held at the end in the paged streams (clients,
  contacts, contracts, client notes, pulses, products, tasks).
- **Missing, told**: records that did not come, of a stream of which the last sync
  warned that records are or may be missing; its bookmark stays, and the next sync tries
  again.
- **Lost**: records that never came in their newest form, without such a warning.
- **Silently incomplete**: streams with lost records.
- **Lines not whole**: lines of standard output that are not whole JSON, apart from a
  last one that SIGKILL or the reader's end cut off.
- **Secrets shown**: runs with the API key in either output, or a marked text of the
  records in the log. The server also repeats the key in its error messages.
- **Tracebacks**: runs that showed one. **Hangs**: runs that took longer than a minute.
- **Wrong ends**: runs with another exit code than 0, or than that of their kill.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaigns; return the exit code."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    tallies = {c.name: _run(c, options) for c in CAMPAIGNS}
    table = _table(tallies)
    if not options.quick:
        PAGE.write_text(_page(table, options.seed, time.monotonic() - began))
    print(table)
    return int(any(_missed(c, tallies[c.name]) for c in CAMPAIGNS))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few tries; write no page")
    parser.add_argument("--seed", type=int, default=1, help="other tries")
    return parser


def _run(campaign: Campaign, options: argparse.Namespace) -> Tally:
    count = campaign.tries // QUICK if options.quick else campaign.tries
    seeds = [f"{options.seed} {campaign.name} {number}" for number in range(count)]
    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(partial(_attempt, campaign), seeds), Tally())


def _attempt(campaign: Campaign, seed: str) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        tally = attempt(campaign, seed, Path(folder))
    if _missed(campaign, tally):
        print(f"{seed}: {tally}", file=sys.stderr)
    return tally


def _missed(campaign: Campaign, tally: Tally) -> bool:
    is_short = tally.told > 0 and not campaign.may_be_short
    return is_short or any(attrgetter(*GOALS)(tally))


def _table(tallies: dict[str, Tally]) -> str:
    total = sum(tallies.values(), Tally())
    lines = ["| Campaign | " + " | ".join(COLUMNS.values()) + " |"]
    lines.append("| --- |" + " ---: |" * len(COLUMNS))
    lines += [_row(name, tally) for name, tally in tallies.items()]
    return "\n".join([*lines, _row("**All**", total)])


def _row(name: str, tally: Tally) -> str:
    counts = attrgetter(*COLUMNS)(tally)
    return f"| {name} | " + " | ".join(f"{count:,}" for count in counts) + " |"


def _page(table: str, seed: int, seconds: float) -> str:
    command = "make reliability" + (f' ARGS="--seed {seed}"' if seed != 1 else "")
    return TEXT.format(
        table=table,
        command=command,
        date=dt.datetime.now(tz=dt.UTC).date(),
        python=platform.python_version(),
        seconds=seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
