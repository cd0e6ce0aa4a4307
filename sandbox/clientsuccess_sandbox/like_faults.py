"""From the report of an account check to the faults of a sandbox that is like it.

These stand for what no setting does; `like` has the settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from clientsuccess_sandbox.data import KINDS, Kind, custom_kind
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.from_report import (
    CappedTotal,
    ForcedOrder,
    OtherStatus,
    PageSizes,
    RefusedParameter,
    ReportedFields,
    definitions,
    refusal,
)
from clientsuccess_sandbox.faults.responses import Body, RateLimit

BEYOND: Final = ("400", "500", "empty", "repeat")
SUCCESS: Final = 200
MISSING_DETAILS: Final = ("404", "417", "null")
_USUAL_TIMES: Final[dict[str, list[str]]] = {
    "": ["9999-99-99T99:99:99.999Z"],
    "subscriptions": ["9999-99-99"],
    "client_statuses": [],
    "client_segments": [],
    "employees": ["a number of 13 digits"],
}
"""By stream: forms of times that need no fault."""
_FAILURE: Final = re.compile("[0-9]{3}|no usable response")
_REFUSED: Final = 401
_NOT_FOUND: Final = 404


def faults_like(
    report: Mapping[str, Any], streams: Mapping[str, Any], v1: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield faults for what no setting does.

    Args:
        report: The report.
        streams: What it says of each search, by the name of its kind.
        v1: What it says of each list of v1, by name.
    """
    defined = _definitions(report)
    yield from _access_faults(report)
    for name, facts in streams.items():
        yield from _search_faults(kind_of(name), facts)
    for name, facts in v1.items():
        if not facts["reachable"]:
            yield refusal(KINDS[name].path, facts["status"])
    yield from _custom_field_faults(report, defined)
    yield from _field_faults({**streams, **v1}, defined)


def kind_of(name: str) -> Kind:
    """Return the kind of a search; a custom one has a kind of its own."""
    return KINDS.get(name) or custom_kind(name)


def counts_too_few(facts: Mapping[str, Any]) -> bool:
    """Tell whether the total is less than there is."""
    return facts["total"] == "inexact" and not facts["counted_too_many"]


def largest_page(facts: Mapping[str, Any]) -> int:
    """Return the largest page; where all records fit, as large as was asked."""
    sizes = {int(asked): full for asked, full in facts["page_sizes"].items()}
    known = [full for full in sizes.values() if full]
    return max(known) if known else max(sizes, default=1000)


def _definitions(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the custom field definitions of each resource type."""
    counts = report["custom_field_types"]
    types = [name for name, count in counts.items() for _ in range(count)]
    types += ["Type 9"] * report["other_custom_field_types"]
    return definitions(report["custom_fields"], iter(types))


def _access_faults(report: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield faults for what answers unlike a sandbox, and for the rate limit."""
    works = [path for path, status in report["health"].items() if status == SUCCESS]
    for path, status in report["health"].items():
        if status != _NOT_FOUND and path not in works[:1]:
            yield refusal(_exact(f"/api{path}"), status)
    for status in report["key"].values():
        if status not in {SUCCESS, _REFUSED}:
            yield OtherStatus("/client/search", statuses={_REFUSED: status or 0})
    if (missing := report["missing_detail"]) not in {None, *MISSING_DETAILS}:
        yield OtherStatus("*/client/????????-*", statuses={_NOT_FOUND: int(missing)})
    if report["rate_limited"]:
        each_second = report["requests"] / (60 * max(report["minutes"], 0.01))
        after = report["limit_headers"].get("Retry-After")
        yield RateLimit("*", per_second=max(1, round(each_second)), retry_after=after)


def _search_faults(kind: Kind, facts: Mapping[str, Any]) -> Iterator[Fault]:
    path, largest, sizes = kind.path, largest_page(facts), {}
    if not facts["reachable"]:
        yield refusal(path, facts["status"])
        return
    for asked, full in facts["page_sizes"].items():
        if full == 0:
            yield RefusedParameter(path, 400, name="size", value=asked)
        elif full not in {None, min(int(asked), largest)}:
            sizes[asked] = full
    if sizes:
        yield PageSizes(path, sizes=sizes)
    yield from _order_faults(kind, facts)
    if facts["filters"] is False and facts["future_is_empty"] is None:
        yield RefusedParameter(path, 400, name="modifiedAfter")
    beyond = str(facts["beyond"])
    if beyond not in BEYOND and _FAILURE.fullmatch(beyond):
        yield OtherStatus(path, statuses={400: int(beyond) if beyond.isdigit() else 0})
    is_capped = facts["total"] == "capped" and facts["reads_to"] is None
    if is_capped or counts_too_few(facts):
        yield CappedTotal(path, total=facts["records"])


def _order_faults(kind: Kind, facts: Mapping[str, Any]) -> Iterator[Fault]:
    path = kind.path
    up, down = facts["sorts_ascending"], facts["sorts_descending"]
    if up is None and down is False and facts["future_is_empty"] is None:
        yield RefusedParameter(path, 400, name="sortDirection", value="desc")
    elif up is False or down is False:
        # What does not sort by time does by something else.
        by = next(iter(kind.sortable)) if up is down else None
        yield ForcedOrder(path, direction="asc" if down is False else "desc", by=by)


def _custom_field_faults(
    report: Mapping[str, Any], defined: Mapping[str, Any]
) -> Iterator[Fault]:
    for resource, fields in defined.items():
        yield Body(_exact(f"/api/customfield/all/{resource}"), fields)
    for resource, status in report["custom_fields_refused"].items():
        if status is None:
            yield refusal(_exact(f"/api/customfield/all/{resource}"), None)


def _exact(path: str) -> str:
    """Return a pattern of this path alone: without one, it may be part of a path."""
    return f"[/]{path[1:]}"


def _field_faults(
    streams: Mapping[str, Any], defined: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield faults for the fields of records."""
    most = max(facts["fields"]["custom"] for facts in streams.values())
    more = definitions({"": most}, iter(()))[""]
    for name, facts in streams.items():
        kind, found = kind_of(name), facts["fields"]
        others = [f"other_{number}" for number in range(found["more_unknown"])]
        custom = None
        if kind.custom or found["custom"]:
            own = defined.get(kind.custom, [])
            custom = [*own, *more[len(own) :]][: found["custom"]]
        times = found["times"]
        is_usual = times == _USUAL_TIMES.get(name, _USUAL_TIMES[""])
        fault = ReportedFields(
            # Details have the same fields.
            path=f"/{kind.resource}/" if kind.resource else kind.path,
            unknown=[*found["unknown"], *others],
            never_fit=found["never_fit"],
            forms=None if is_usual or not found["sampled"] else times,
            custom=custom,
            without_key=facts["without_key"],
            inclusive=facts["inclusive"],
        )
        if fault != ReportedFields(path=fault.path, inclusive=fault.inclusive):
            yield fault
