"""The terms in which the benchmark thinks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent
ROOT = BENCHMARKS.parent
PROGRAMS = BENCHMARKS / "programs"
API_KEY = "benchmark"
OURS = "ours"
PAGE_SIZE = 200


@dataclass(frozen=True)
class Setting:
    """What is asked of the contenders.

    Attributes:
        name: What it is called in results and on the command line.
        stream: The stream to read.
        records: How many records the server has.
        latency_ms: Milliseconds before each answer.
        rounds: How often each contender is run.
        concurrency: Requests in flight, for those who can; None: their default.
        round_trips: Answers that must be waited for one after the other, at best.
        all_compete: Whether the others run, too.
    """

    name: str
    stream: str
    records: int
    latency_ms: int
    rounds: int
    concurrency: int | None = None
    round_trips: int = 0
    all_compete: bool = True

    @property
    def title(self) -> str:
        """What it is called in the report."""
        latency = f"{self.latency_ms} ms latency" if self.latency_ms else "No latency"
        if self.stream == "client_details":
            return f"{latency}, details of {self.records:,} clients"
        pages = -(-self.records // PAGE_SIZE)
        return f"{latency}, {self.records:,} clients in {pages:,} pages"

    @property
    def ideal(self) -> float:
        """The seconds that the waiting alone takes at best."""
        return self.round_trips * self.latency_ms / 1000


@dataclass(frozen=True)
class Job:
    """What one process of a contender has to read.

    Attributes:
        base_url: The API's base URL.
        stream: The stream to read.
        concurrency: Requests in flight, for those who can; None: their default.
    """

    base_url: str
    stream: str
    concurrency: int | None


@dataclass(frozen=True)
class Measured:
    """What one process took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, in user and system mode.
        peak: The most memory that it held at once, in bytes.
    """

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class Run:
    """One contender in one round of a setting.

    Attributes:
        contender: The contender's name.
        setting: The setting's name.
        round: The round's number, from 1.
        whole: The run over all records.
        start: A run over one record, without latency.
    """

    contender: str
    setting: str
    round: int
    whole: Measured
    start: Measured


@dataclass(frozen=True)
class Competitor:
    """A contender as the report tells of it.

    Attributes:
        name: What it is called in results.
        title: What it is called in the report.
        what: What it does, in a sentence or two.
        versions: The versions of what it is made of.
        peer: Whether it is another connector, to which speed is compared.
    """

    name: str
    title: str
    what: str
    versions: str
    peer: bool


@dataclass(frozen=True)
class Results:
    """All that a report tells of.

    Attributes:
        date: The day of the run.
        machine: What it ran on, by aspect.
        competitors: Who took part.
        settings: What was asked.
        runs: What was measured.
    """

    date: str
    machine: dict[str, str]
    competitors: tuple[Competitor, ...]
    settings: tuple[Setting, ...]
    runs: tuple[Run, ...]
