"""Faults for what no setting of a sandbox does, made from an account's report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clientsuccess_sandbox.clock import from_iso, to_iso
from clientsuccess_sandbox.data.custom_fields import value_for
from clientsuccess_sandbox.data.seeded import Random
from clientsuccess_sandbox.faults.fault import Fault, parameters, set_parameter
from clientsuccess_sandbox.faults.responses import Html, Status, maintenance_page
from clientsuccess_sandbox.jsontext import Record, decode, encode
from clientsuccess_sandbox.messages import Request, Response

_USUAL_TIME: Final = "9999-99-99T99:99:99.999Z"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d\.\d{3}Z)?")
_MODIFICATION: Final = ("modifiedTime", "createdTime", "createdTimestamp")
_FIRST_ERROR: Final = 400
_ODD: Final[dict[str, Any]] = {
    "array": [[["x"]]],
    "boolean": True,
    "integer": 10**40,
    "number": 0.5,
    "object": {"x": {}},
    "string": "no such value",
}
"""By type: values that hardly any field can take."""


def refusal(path: str, status: int | None) -> Fault:
    """Refuse with a status; without one, answer with a web page."""
    return Html(path) if status is None else Status(path, status)


class RefusedParameter(Status, tag="refused_parameter"):
    """Refuse the requests that have a parameter.

    Attributes:
        name: The parameter, of the query or of a search of tasks.
        value: Its value; None for any.
    """

    name: str = ""
    value: str | None = None

    def matches(self, request: Request) -> bool:
        if not super().matches(request):
            return False
        given = parameters(request)
        return self.name in given and self.value in {None, given[self.name]}


class OtherStatus(Fault, tag="other_status"):
    """Respond with another status; with 0, with a web page."""

    statuses: dict[int, int]

    def change(self, response: Response) -> Response:
        status = self.statuses.get(response.status)
        if status == 0:
            return maintenance_page()
        return response if status is None else Response.of_error(status)


class PageSizes(Fault, tag="page_sizes"):
    """Return pages of other sizes, by the size that is asked."""

    sizes: dict[str, int]

    def rewrite(self, request: Request) -> None:
        size = self.sizes.get(parameters(request).get("size", ""))
        if size is not None:
            set_parameter(request, "size", size)


class ForcedOrder(Fault, tag="forced_order"):
    """Sort in one direction, whichever is asked, perhaps by another key."""

    direction: str
    by: str | None = None

    def rewrite(self, request: Request) -> None:
        order = {"sortDirection": self.direction}
        if self.by:
            order["sortBy"] = self.by
        request.query = {**request.query, **order}


class CappedTotal(Fault, tag="capped_total"):
    """Count no further than this."""

    total: int

    def change(self, response: Response) -> Response:
        if response.status < _FIRST_ERROR:
            body = decode(response.body)
            body["totalElements"] = min(self.total, body["totalElements"])
            response.body = encode(body)
        return response


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
        keyless: The ids of those records.
    """

    unknown: list[str] = []
    never_fit: dict[str, list[str]] = {}
    forms: list[str] | None = None
    custom: list[Record] | None = None
    without_key: int = 0
    inclusive: bool | None = True
    keyless: set[int] = set()

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
        if response.status >= _FIRST_ERROR:
            return response
        body = decode(response.body)
        found = body
        if isinstance(body, dict):
            found = body.get("data", body.get("content", [body]))
        records = [each for each in found or () if "id" in each]
        if not self.keyless and len(records) > max(1, self.without_key):
            self.keyless = {each["id"] for each in records[: self.without_key]}
        for record in records:
            self._shape(record)
        response.body = encode(body)
        return response

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


def definitions(
    counts: dict[str, int], types: Iterator[str]
) -> dict[str, list[Record]]:
    """Return made-up definitions of custom fields.

    Args:
        counts: How many each resource type has.
        types: Names of their types, one after another.
    """
    return {
        resource: [
            {
                "fieldId": 100 * place + number,
                "fieldKey": f"field_{number}__cs",
                "fieldName": f"Field {number}",
                "fieldLabel": f"Field {number}",
                "fieldTypeName": next(types, "STRING"),
            }
            for number in range(1, count + 1)
        ]
        for place, (resource, count) in enumerate(counts.items())
    }


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
        if rest and isinstance(value.get(first), (dict, list)):
            _set(value[first], rest, odd)
        else:
            value[first] = _nested(rest, odd)


def _nested(path: list[str], odd: Any) -> Any:
    for name in reversed(path):
        odd = {name: odd}
    return odd
