"""Customer success's figures, computed from the tap's messages, one day at a time.

Nothing here shares code with the package: what both agree on is likely to be right.
"""

from __future__ import annotations

import json
import typing as t
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Record = dict[str, t.Any]
Group = tuple[t.Any, ...]

_HEALTHY = {"EXTREMELY_SATISFIED", "VERY_SATISFIED", "FAIRLY_SATISFIED"}


def read(nights: Iterable[Path]) -> dict[str, list[Record]]:
    """Return the records in files of messages: of each key, the last version."""
    found: dict[str, dict[t.Any, Record]] = defaultdict(dict)
    lines = "".join(night.read_text(encoding="utf-8") for night in nights)
    for line in lines.split("\n")[:-1]:
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            key = (record.get("resourceType"), record.get("fieldId"))
            key = record.get("id", key)
            found[message["stream"]][key] = record
    return {stream: list(records.values()) for stream, records in found.items()}


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def day(text: str | None) -> date | None:
    at = moment(text)
    return at.date() if at else None


def inner(record: Record, name: str, key: str) -> t.Any:
    return (record.get(name) or {}).get(key)


def month_end(month: date) -> date:
    return after(month, 1) - timedelta(days=1)


def after(month: date, months: int) -> date:
    """Return the first day of the month so many months later."""
    year, number = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, number + 1, 1)


def health_of(disposition: str | None) -> str:
    if disposition in _HEALTHY:
        return "healthy"
    if disposition == "NEUTRAL":
        return "neutral"
    return "unknown" if disposition in {None, "NO_SCORE"} else "at risk"


def nps_of(scores: list[int]) -> float:
    return 100 * sum((n >= 9) - (n <= 6) for n in scores) / len(scores)


class Account:
    """An account on a day, with one answer to what adjusted contracts count for."""

    def __init__(
        self, records: dict[str, list[Record]], today: date, adjusted: str
    ) -> None:
        self.records = records
        self.today = today
        self.adjusted = adjusted
        self.clients = {record["id"]: record for record in records["clients"]}
        self.contracts = {record["id"]: record for record in records["contracts"]}
        self.booked = {
            number: record
            for number, record in self.contracts.items()
            if self.status(record) not in {"FORECASTED", "LOST"}
            and record.get("termStartDate")
        }

    @staticmethod
    def status(contract: Record) -> str:
        """The status, in capitals."""
        return (inner(contract, "meta", "currentStatus") or "").upper()

    @staticmethod
    def client_of(contract: Record) -> int | None:
        """The number of the client."""
        number = contract.get("tenantClientId")
        other: int | None = inner(contract, "client", "id")
        return other if number is None else number

    def replaced_on(self, contract: Record) -> date | None:
        """When another contract takes its place."""
        starts = [
            day(other["termStartDate"])
            for other in self.booked.values()
            if inner(other, "adjusts", "id") == contract["id"]
        ]
        known = [start for start in starts if start]
        return min(known) if known and self.adjusted == "replaced" else None

    def counted(self) -> list[Record]:
        """The booked contracts whose ARR counts at all."""
        return [
            record
            for record in self.booked.values()
            if self.adjusted != "included" or inner(record, "adjusts", "id") is None
        ]

    def counts_on(self, contract: Record, when: date) -> bool:
        """Whether a contract's ARR counts on a day."""
        start, end = day(contract["termStartDate"]), day(contract.get("termEndDate"))
        terminated = day(
            contract.get("terminatedEffectiveDate") or contract.get("terminatedDate")
        )
        replaced = self.replaced_on(contract)
        return (
            (start is not None and start <= when)
            and (end is None or when <= end)
            and (terminated is None or when < terminated)
            and (self.status(contract) != "CHURNED" or when < self.today)
            and (replaced is None or when < replaced)
        )

    def in_force(self, when: date | None = None) -> list[Record]:
        """The contracts that count on a day, today without one."""
        return [
            record
            for record in self.counted()
            if self.counts_on(record, when or self.today)
        ]

    def months(self) -> Iterator[date]:
        """The first days of the months since the first term."""
        starts = [day(record["termStartDate"]) for record in self.counted()]
        month = min(start for start in starts if start).replace(day=1)
        while month <= self.today:
            yield month
            month = after(month, 1)

    def end_of(self, month: date) -> date:
        """The last day of a month that is known."""
        return min(month_end(month), self.today)

    def arr(self, when: date) -> dict[tuple[int | None, str | None], float]:
        """ARR by client and currency."""
        total: dict[tuple[int | None, str | None], float] = defaultdict(float)
        for record in self.in_force(when):
            key = self.client_of(record), record.get("currency")
            total[key] += record.get("arr") or 0
        return {key: round(value, 2) for key, value in total.items()}

    def movements(self) -> dict[tuple[date, str | None], dict[str, float]]:
        """The movements of each month and currency, with opening and closing."""
        found: dict[tuple[date, str | None], dict[str, float]] = {}
        opening: dict[tuple[int | None, str | None], float] = {}
        paid: set[tuple[int | None, str | None]] = set()
        for month in self.months():
            closing = self.arr(self.end_of(month))
            for key in opening.keys() | closing.keys():
                before, now = opening.get(key, 0), closing.get(key, 0)
                if not before and not now:
                    continue
                row = found.setdefault((month, key[1]), defaultdict(float))
                row["opening"] += before
                row["closing"] += now
                row[self.kind(before, now, had=key in paid)] += now - before
            paid |= {key for key, value in closing.items() if value}
            opening = closing
        return found

    @staticmethod
    def kind(before: float, now: float, *, had: bool) -> str:
        """What happened to a client from one month to the next."""
        if not before:
            return "reactivation" if had else "new"
        if not now:
            return "churn"
        return "expansion" if now > before else "contraction"

    def retention(self, months: int) -> dict[Group, list[tuple[float, float]]]:
        """By month, currency, segment and manager: each client's ARR then, and now."""
        found: dict[Group, list[tuple[float, float]]] = defaultdict(list)
        by_month = {month: self.arr(self.end_of(month)) for month in self.months()}
        for month, now in by_month.items():
            for key, then in by_month.get(after(month, -months), {}).items():
                client, currency = key
                if then and client is not None:
                    group = month, currency, *self.owner(client)
                    found[group].append((then, now.get(key, 0)))
        return found

    def owner(self, client: int) -> tuple[str | None, int | None]:
        """A client's segment and manager."""
        record = self.clients.get(client, {})
        manager = inner(record, "managedByEmployee", "id")
        return inner(record, "segment", "title"), manager

    def renewals_of(self, contract: Record) -> list[Record]:
        """The contracts that renew a contract, or the one that it adjusts."""
        numbers = {contract["id"], inner(contract, "adjusts", "id")} - {None}
        named = {
            inner(self.contracts.get(number, {}), "renewedBy", "id")
            for number in numbers
        }
        return [
            other
            for number, other in self.contracts.items()
            if number in named or inner(other, "renews", "id") in numbers
        ]

    def is_renewed(self, contract: Record) -> bool:
        """Whether a booked contract renews it."""
        booked = {"FORECASTED", "LOST"}
        renewals = self.renewals_of(contract)
        return any(self.status(other) not in booked for other in renewals)

    def probability(self, contract: Record) -> float | None:
        """That of the forecast contract that is to renew this one."""
        known = [
            other["probability"]
            for other in self.renewals_of(contract)
            if self.status(other) == "FORECASTED"
            and other.get("probability") is not None
        ]
        return max(known, default=None)

    def last_pulse(self, client: int | None, when: date) -> Record | None:
        """The last pulse about the client as a whole."""
        pulses = [
            pulse
            for pulse in self.records["pulses"]
            if pulse["clientId"] == client
            and pulse.get("productId") is None
            and (day(pulse["createdTimestamp"]) or date.max) <= when
        ]
        ordered = sorted(pulses, key=lambda p: (p["createdTimestamp"], p["id"]))
        return ordered[-1] if ordered else None

    def ending(self) -> list[tuple[date, str, Record]]:
        """Each contract whose term ends: the day, the client's health, the contract."""
        found = []
        for record in self.counted():
            end = day(record.get("termEndDate"))
            if end and self.replaced_on(record) is None:
                when = min(end, self.today)
                pulse = self.last_pulse(self.client_of(record), when)
                health = health_of(pulse and pulse.get("dispositionType"))
                found.append((end, health, record))
        return found

    def past_rate(self, months: int, least: int) -> t.Callable[[str], Fraction]:
        """How to find the share of contracts of a health that were renewed."""
        first = after(self.today.replace(day=1), -months)
        past = [
            (health, self.is_renewed(record))
            for end, health, record in self.ending()
            if first <= end < self.today
        ]

        def rate(health: str) -> Fraction:
            own = [renewed for each, renewed in past if each == health]
            chosen = own if len(own) >= least else [renewed for _, renewed in past]
            return Fraction(sum(chosen), len(chosen))

        return rate


def answers(contacts: Iterable[Record]) -> Iterator[tuple[int, int, datetime, int]]:
    """The latest answer of each contact: contact, client, time, score."""
    never = datetime.min.replace(tzinfo=UTC)
    for contact in contacts:
        result = contact.get("npsResult") or {}
        given = [
            (moment(result.get(f"last{kind}{time}")) or never, kind, score)
            # Of two at the same time, the survey that was sent again is the later.
            for kind, time in (("Campaign", "ResponseDate"), ("Resent", "Time"))
            if (score := result.get(f"last{kind}Score")) is not None
        ]
        if given:
            at, _, score = max(given)
            yield contact["id"], contact["tenantClientId"], at, score
