"""What an account's report says of its fields, as definitions and as a fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, repeat
from typing import Any, Final

from clientsuccess_sandbox.clock import from_iso, to_iso
from clientsuccess_sandbox.data import Kind
from clientsuccess_sandbox.data.custom_fields import definition, value_for
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.responses import edited
from clientsuccess_sandbox.jsontext import Record
from clientsuccess_sandbox.messages import Request, Response

_USUAL_TIME: Final = "9999-99-99T99:99:99.999Z"
_USUAL_TIMES: Final[dict[str, list[str]]] = {
    "subscriptions": ["9999-99-99"],
    "client_statuses": [],
    "client_segments": [],
    "employees": ["a number of 13 digits"],
}
"""By kind: forms of times that need no fault; of others `_USUAL_TIME`."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\.\d{3}Z)?")
_MODIFICATION: Final = ("modifiedTime", "createdTime", "createdTimestamp")
_ODD: Final[dict[str, Any]] = {
    "array": [[["x"]]],
    "boolean": True,
    "integer": 10**40,
    "number": 0.5,
    "object": {"x": {}},
    "string": "no such value",
}
"""By type: values that hardly any field can take."""


def custom_field_definitions(report: Mapping[str, Any]) -> dict[str, list[Record]]:
    """Return the custom field definitions of each resource type."""
    counts = report["custom_field_types"]
    types = chain(
        (name for name, count in counts.items() for _ in range(count)),
        repeat("Type 9", report["other_custom_field_types"]),
        repeat("STRING"),
    )
    return {
        resource: _definitions(100 * place, islice(types, count))
        for place, (resource, count) in enumerate(report["custom_fields"].items())
    }


def field_faults(
    kind: Kind, facts: Mapping[str, Any], defined: list[Record]
) -> Iterator[Fault]:
    """Yield a fault for the fields of records, if they need one.

    Args:
        kind: Kind of the records.
        facts: What the report says of it.
        defined: Definitions of its custom fields.
    """
    found = facts["fields"]
    others = [f"other_{number}" for number in range(found["more_unknown"])]
    custom = None
    if kind.custom or found["custom"]:
        more = _definitions(0, repeat("STRING", found["custom"]))
        custom = [*defined[: found["custom"]], *more[len(defined) :]]
    times = found["times"]
    is_usual = times == _USUAL_TIMES.get(kind.name, [_USUAL_TIME])
    fault = ReportedFields(
        # Details have the same fields.
        path=kind.path.removesuffix("search"),
        unknown=[*found["unknown"], *others],
        never_fit=found["never_fit"],
        forms=None if is_usual or not found["sampled"] else times,
        custom=custom,
        without_key=facts["without_key"],
        inclusive=facts["inclusive"],
    )
    if fault != ReportedFields(path=fault.path, inclusive=fault.inclusive):
        yield fault


class ReportedFields(Fault, tag="reported_fields", kw_only=True):
    """Give records what a report says of their fields, with made-up values.

    Attributes:
        unknown: Names that every record has beside those of the API.
        never_fit: Path of a field -> types of its values, which do not fit it.
        forms: Forms of times, digits as 9, if there are times; None for the sandbox's.
        custom: Definitions of the custom fields that the records have; None for those
            of the sandbox.
        without_key: How many records of the first page have no id.
        inclusive: Whether the moment of a filter passes; None if that is not known.
        keyless: The ids of those without one.
    """

    unknown: list[str] = []
    never_fit: dict[str, list[str]] = {}
    forms: list[str] | None = None
    custom: list[Record] | None = None
    without_key: int = 0
    inclusive: bool | None = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.keyless: set[int] = set()

    def rewrite(self, request: Request) -> None:
        """Compare the modification times as they are shown."""
        after, unit = request.query.get("modifiedAfter"), _unit(self._finest)
        if after and unit > 1 and self.inclusive is not None:
            moment = from_iso(after)
            shown = moment - moment % unit
            if not self.inclusive:
                shown += unit - 1
            elif shown < moment:
                shown += unit
            request.query = {**request.query, "modifiedAfter": to_iso(shown)}

    def change(self, response: Response) -> Response:
        return edited(response, self._shape_all)

    def _shape_all(self, body: Any) -> Any:
        found = body
        if isinstance(body, dict):
            found = body.get("data", body.get("content", [body]))
        records = [each for each in found or () if "id" in each]
        if not self.keyless and len(records) > max(1, self.without_key):
            self.keyless = {each["id"] for each in records[: self.without_key]}
        for record in records:
            self._shape(record)
        return body

    @property
    def _finest(self) -> str:
        return min(self.forms or [_USUAL_TIME], key=_unit)

    def _shape(self, record: Record) -> None:
        number = record["id"]
        if self.forms is not None:
            self._write_times(record, number)
        record.update(dict.fromkeys(self.unknown, "x"))
        if self.custom is not None:
            random = Random(number)
            record["custom"] = {
                each["fieldKey"]: value_for(each, random) for each in self.custom
            }
        for path, types in self.never_fit.items():
            _set(record, path.split("."), _ODD[types[number % len(types)]])
        if number in self.keyless:
            del record["id"]

    def _write_times(self, values: Any, number: int) -> None:
        pairs = enumerate(values) if isinstance(values, list) else [*values.items()]
        for place, (name, value) in enumerate(pairs):
            if isinstance(value, (dict, list)):
                self._write_times(value, number)
            elif isinstance(value, str) and _TIME.fullmatch(value):
                values[name] = self._written(name, value, number + place)

    def _written(self, name: Any, time: str, place: int) -> Any:
        """Return a time in one of the forms; what is filtered by is of the finest."""
        if not self.forms:
            return None
        form = self.forms[place % len(self.forms)]
        return _in_form(time, self._finest if name in _MODIFICATION else form)


def _definitions(first: int, types: Iterable[str]) -> list[Record]:
    """Make up definitions of custom fields, one of each type."""
    return [
        definition(first + place, place, f"Field {place}", name)
        for place, name in enumerate(types, start=1)
    ]


def _unit(form: str) -> int:
    """Return the milliseconds that a form of times tells apart."""
    whole = {10: 86_400_000, 16: 60_000}.get(len(form.rstrip("Z")), 1000)
    return 1 if "." in form or not form.startswith("9999-") else whole


def _in_form(time: str, form: str) -> Any:
    """Write a time in a form."""
    moment = from_iso(time)
    if form.startswith("a number"):
        return moment if "13" in form else moment // 1000
    if not form.startswith("9999"):
        return "some day"
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    digits = iter(f"{shown:%Y%m%d%H%M%S%f}")
    clock, zone = re.fullmatch(r"(.{10}[T ]?[9:.]*)(.*)", form).groups()  # type: ignore[union-attr]
    return re.sub("9", lambda _: next(digits, "0"), clock) + zone.replace("9", "0")


def _set(value: Any, path: list[str], odd: Any) -> None:
    """Set what is at a path, in each item of the lists on the way."""
    if isinstance(value, list):
        for item in value:
            _set(item, path, odd)
    elif isinstance(value, dict):
        first, *rest = path
        if not rest:
            value[first] = odd
            return
        if not isinstance(value.get(first), (dict, list)):
            value[first] = {}
        _set(value[first], rest, odd)
