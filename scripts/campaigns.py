"""The campaigns of scripts/reliability.py: what happens to a tap.

Each try has a sandbox and a seed of its own.
"""

from __future__ import annotations

import random
import signal
import typing as t

from histories import KEY, MARKER, STREAMS, History, Tally

from clientsuccess_sandbox import (
    CutOff,
    Edits,
    Html,
    Mutate,
    RepeatPage,
    Reset,
    Rule,
    Sandbox,
    Status,
    WrongTotal,
)
from clientsuccess_sandbox.data import KINDS

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDINGS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE)
"""How a run is ended early; SIGPIPE stands for a reader that goes away."""

_MOST_BYTES = 600_000
_ODD = {"unheardOf": MARKER, "npsScore": MARKER}
_SEARCHES = ("/client/", "/contact/", "/contract/", "/clientNote/", "/pulse/")


def faults(share: float) -> list[Rule]:
    """Make rules that strike each request with some probability."""
    echo = {"userMessage": f"{KEY} {MARKER}"}
    each = share / 5
    return [
        Status("*", 503, body=echo, probability=each),
        Status("*", 429, body=echo, retry_after=0, probability=each),
        Reset("*", probability=each),
        CutOff("*", probability=each),
        Html("*", probability=each),
    ]


def _edits(history: History, dice: random.Random) -> None:
    history.sandbox.faults.add(Edits("*", every=dice.randint(1, 3)))


def _quiet(history: History) -> None:
    """Let the server be still, and read the rest."""
    history.sandbox.faults.clear()
    history.sandbox.faults.add(Mutate("/client/search", values=_ODD))
    history.sync()


def _end_early(history: History, dice: random.Random) -> None:
    ending = dice.choice(ENDINGS)
    size, after = dice.randrange(1, _MOST_BYTES), dice.uniform(0.0, 0.2)
    history.sync(ending, size, after)


def _live_edits(history: History, dice: random.Random) -> None:
    _edits(history, dice)
    history.sync()
    history.sync()
    _quiet(history)


def _random_faults(history: History, dice: random.Random) -> None:
    for rule in faults(dice.uniform(0.05, 0.3)):
        history.sandbox.faults.add(rule)
    history.sync()


def _kills(history: History, dice: random.Random) -> None:
    for _ in range(3):
        _end_early(history, dice)
    _quiet(history)


def _all_together(history: History, dice: random.Random) -> None:
    _edits(history, dice)
    for rule in faults(0.1):
        history.sandbox.faults.add(rule)
    for _ in range(3):
        _end_early(history, dice)
    _quiet(history)


def _with_habits(*habits: dict[str, t.Any]) -> Callable[[History, random.Random], None]:
    def run(history: History, dice: random.Random) -> None:
        for name, value in dice.choice(habits).items():
            setattr(history.sandbox, name, value)
        _live_edits(history, dice)

    return run


def _repeated_page(history: History, dice: random.Random) -> None:
    path = dice.choice(_SEARCHES)
    history.sandbox.faults.add(RepeatPage(path, number=dice.randint(0, 3)))
    history.sync()


def _wrong_totals(history: History, dice: random.Random) -> None:
    elements, pages = dice.randint(-40, 40), dice.randint(-4, 4)
    often = dice.choice([0.3, 1.0])
    rule = WrongTotal("*", elements=elements, pages=pages, probability=often)
    history.sandbox.faults.add(rule)
    history.sync()


def _misled(history: History, dice: random.Random) -> None:
    dice.choice([_repeated_page, _wrong_totals])(history, dice)


_any_order_of_ties = _with_habits({"unstable_ties": True})
_habits = _with_habits(
    {"ignore": {"/search": {"sortBy", "sortDirection"}}},
    {"ignore": {"/search": {"modifiedAfter"}}},
    {"echo_size": True},
)


class Campaign(t.NamedTuple):
    """A way to harm a sync.

    Attributes:
        name: Its name in the table.
        run: One try.
        tries: How often it is tried.
        latency: Seconds before each answer.
        may_be_short: Whether records may be missing in the end, if the tap says so.
    """

    name: str
    run: Callable[[History, random.Random], None]
    tries: int
    latency: float = 0.0
    may_be_short: bool = False


CAMPAIGNS = (
    Campaign("Live edits", _live_edits, 12),
    Campaign("Random faults", _random_faults, 8),
    Campaign("Kills", _kills, 10, 0.01),
    Campaign("Edits, faults and kills", _all_together, 10, 0.005),
    Campaign("Equal times in any order", _any_order_of_ties, 12, may_be_short=True),
    Campaign("Habits", _habits, 12),
    Campaign("Misleading servers", _misled, 8, may_be_short=True),
)


def attempt(campaign: Campaign, seed: str, folder: Path) -> Tally:
    """Make one try in a sandbox of its own.

    Args:
        campaign: What to try.
        seed: The same seed makes the same choices; the moments differ all the same.
        folder: An empty folder.
    """
    dice = random.Random(seed)  # noqa: S311 - made-up misfortunes
    company: dict[str, t.Any] = {"clients": 40, "seed": dice.randrange(10**6)}
    with Sandbox(
        **company,
        api_key=KEY,
        max_size=dice.randint(7, 30),
        latency=campaign.latency,
        modification_times={"pulses": True},
    ) as sandbox:
        for stream in STREAMS:
            text = {KINDS[stream].text: MARKER}
            sandbox.store.edit(stream, dice.randint(1, 10), **text)
        history = History(sandbox, folder, dice.choice([1, 4, 8]))
        sandbox.faults.add(Mutate("/client/search", values=_ODD))
        campaign.run(history, dice)
        return history.conclude()
