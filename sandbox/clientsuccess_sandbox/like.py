"""From the report of an account check to the settings of a sandbox that is like it.

What no setting does, faults do: they are a setting as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from clientsuccess_sandbox.data import KINDS, Kind, custom_kind
from clientsuccess_sandbox.faults.fault import Fault
from clientsuccess_sandbox.faults.from_report import (
    custom_field_definitions,
    field_faults,
)
from clientsuccess_sandbox.faults.responses import (
    Body,
    Html,
    Parameters,
    RateLimit,
    Status,
    WrongTotal,
)

Facts: TypeAlias = Mapping[str, Any]
Found: TypeAlias = list[tuple[Kind, Facts]]
"""Kinds, and what a report says of the search or the list of each."""

_BEYOND: Final = ("400", "500", "empty", "repeat")
_MISSING_DETAILS: Final = ("404", "417", "null")
_FAR_ZONE: Final = -48.0
"""Hours: a filter taken for this zone hides records, and fits no way to compare."""
_MORE: Final = 250
"""Records beyond what a capped total tells: there are some, of unknown number."""
_USUAL_HEADER: Final = "X-API-Key"
_SUCCESS: Final = 200
_REFUSED: Final = 401
_NOT_FOUND: Final = 404


def read_like(path: Path) -> dict[str, Any]:
    """Read a report, and return the settings; see `settings_like`.

    Raises:
        ValueError: The file cannot be read, is not a report in JSON, or is that of a
            check that stopped.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        stopped = [] if report["streams"] else report["reasons"]
        settings = {} if stopped else settings_like(report)
    except OSError as problem:
        raise ValueError(f"{path}: {problem.strerror}.") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is not a report of --test=api in JSON.") from None
    if stopped:
        raise ValueError(
            f"{path} does not say how the API behaves, as the account check stopped: "
            f"{'; '.join(stopped)}. Mend that, and make the report again."
        )
    return settings


def settings_like(report: Facts) -> dict[str, Any]:
    """Return settings of a sandbox that behaves as a report says.

    Args:
        report: What `tap-clientsuccess --test=api --format=json` wrote. What it leaves
            open stays at the default.
    """
    searches = [(_kind_of(facts["name"]), facts) for facts in report["streams"]]
    v1 = [(KINDS[facts["name"]], facts) for facts in report["v1"]]
    sizes = {kind.name: _size(kind, facts) for kind, facts in searches + v1}
    undated = {kind.name: facts["without_time"] for kind, facts in searches}
    shown = {kind.name: facts["shows_modification"] for kind, facts in searches}
    return {
        **_known({name: size for name, size in sizes.items() if name in KINDS}),
        "custom_searches": {
            name: _MORE if size is None else size
            for name, size in sizes.items()
            if name not in KINDS
        },
        "modification_times": _known(shown),
        "undated": {name: count for name, count in undated.items() if count},
        "imported": [kind.name for kind, facts in searches if facts.get("one_time")],
        **_access(report, v1),
        "by_path": {kind.path: _search(facts) for kind, facts in searches},
        "ignore": {
            kind.path: {"modifiedAfter"}
            for kind, facts in searches
            if facts["filters"] is False and not facts["future_is_empty"]
        },
        "initial_faults": [*_faults(report, searches, v1)],
    }


def _kind_of(name: str) -> Kind:
    """Return the kind of a search; that of custom stream 1 is `custom1`."""
    return KINDS.get(name) or custom_kind(name.replace("custom stream ", "custom"))


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _size(kind: Kind, facts: Facts) -> int | None:
    """Return how many records there are; None if nothing tells."""
    count, sampled = facts["records"], facts["fields"]["sampled"]
    if count is None and not sampled:
        return None
    more = _MORE if count is None or facts["total"] == "capped" else 0
    known = sampled if count is None else count
    size: int = max(kind.least, sampled, known + more + _counts_too_few(facts))
    return size


def _counts_too_few(facts: Facts) -> bool:
    return facts["total"] == "inexact" and not facts["counted_too_many"]


def _access(report: Facts, v1: Found) -> dict[str, Any]:
    """Return the settings that are not about a search."""
    opens = [name for name, status in report["key"].items() if status == _SUCCESS]
    # Who is let in with the usual header does not try the other one.
    is_usual = not opens or [*report["key"]] == [_USUAL_HEADER]
    headers = {
        name: "unlimited" if number is None else str(number)
        for name, number in report["limit_headers"].items()
        if name != "Retry-After"
    }
    others = range(report["other_limit_headers"])
    missing, refused = report["missing_detail"], report["custom_fields_refused"]
    seconds = [facts["seconds"] for facts in report["streams"] if facts["seconds"]]
    found = {
        "health_path": _health_path(report) or "",
        "headers": headers | {f"X-Other{number}-Limit": "1" for number in others},
        "missing_custom_fields": {k: status for k, status in refused.items() if status},
        "clock_offset": float(report["clock_seconds"] or 0),
        "key_header": None if is_usual else opens[0],
        "key_opens_v1": any(facts["reachable"] for _, facts in v1) if v1 else None,
        "missing_detail": missing if missing in _MISSING_DETAILS else None,
        "v1_times": _v1_times(v1),
        "latency": min(seconds, default=None),
    }
    return _known(found)


def _health_path(report: Facts) -> str | None:
    paths = (path for path, status in report["health"].items() if status == _SUCCESS)
    return next(paths, None)


def _v1_times(v1: Found) -> str | None:
    times = [form for k, f in v1 if k.numeric_times for form in f["fields"]["times"]]
    if not times or any(form.startswith("a number") for form in times):
        return None
    return "date" if "9999-99-99" in times else "time"


def _search(facts: Facts) -> dict[str, Any]:
    """Return the settings of a search."""
    zone, reads_to, beyond = facts["zone"], facts["reads_to"], facts["beyond"]
    if zone is None and facts["filters"] is False and facts["future_is_empty"]:
        zone = _FAR_ZONE
    found = {
        "max_size": _largest_page(facts),
        "totals": facts["total"] != "absent",
        "extra_total": facts["counted_too_many"],
        "filtered_totals": facts.get("filters_total") is not False,
        "first_page": facts["first_page"],
        "inclusive": facts["inclusive"],
        "filter_precision": facts["precision"],
        "filter_zone": zone,
        "max_depth": reads_to,
        "cap_total": facts["total"] == "capped" and reads_to is not None,
        "beyond_depth": beyond if beyond in _BEYOND else None,
    }
    return _known(found)


def _largest_page(facts: Facts) -> int:
    """Return the largest page; where all records fit, as large as was asked."""
    sizes = {int(asked): full for asked, full in facts["page_sizes"].items()}
    known = [full for full in sizes.values() if full]
    return max(known) if known else max(sizes, default=1000)


def _faults(report: Facts, searches: Found, v1: Found) -> Iterator[Fault]:
    """Yield faults for what no setting does."""
    yield from _access_faults(report)
    for kind, facts in searches:
        if facts["reachable"]:
            yield from _search_faults(kind, facts)
            yield from _order_faults(kind, facts)
    for kind, facts in searches + v1:
        if not facts["reachable"]:
            yield _refusal(kind.path, facts["status"])
    defined = custom_field_definitions(report)
    for resource, fields in defined.items():
        yield Body(_exact(f"/api/customfield/all/{resource}"), fields)
    for resource, status in report["custom_fields_refused"].items():
        if status is None:
            yield _refusal(_exact(f"/api/customfield/all/{resource}"), None)
    for kind, facts in searches + v1:
        yield from field_faults(kind, facts, defined.get(kind.custom, []))


def _access_faults(report: Facts) -> Iterator[Fault]:
    """Yield faults for what answers unlike a sandbox, and for the rate limit."""
    for path, status in report["health"].items():
        if status != _NOT_FOUND and path != _health_path(report):
            yield _refusal(_exact(f"/api{path}"), status)
    for status in report["key"].values():
        if status not in {_SUCCESS, _REFUSED}:
            yield _refusal("/client/search", status, instead_of=_REFUSED)
    if (missing := report["missing_detail"]) not in {None, *_MISSING_DETAILS}:
        yield _refusal("*/client/????????-*", int(missing), instead_of=_NOT_FOUND)
    if report["rate_limited"]:
        each_second = report["requests"] / (60 * max(report["minutes"], 0.01))
        after = report["limit_headers"].get("Retry-After")
        yield RateLimit("*", per_second=max(1, round(each_second)), retry_after=after)


def _refusal(path: str, status: int | None, **how: Any) -> Fault:
    """Refuse with a status; without one, answer with a web page."""
    return Html(path, **how) if status is None else Status(path, status, **how)


def _exact(path: str) -> str:
    """Return a pattern of this path alone: without one, it may be part of a path."""
    return f"[/]{path[1:]}"


def _search_faults(kind: Kind, facts: Facts) -> Iterator[Fault]:
    path, largest = kind.path, _largest_page(facts)
    for asked, full in facts["page_sizes"].items():
        if full == 0:
            yield Status(path, 400, parameter="size", value=asked)
        elif full not in {None, min(int(asked), largest)}:
            yield Parameters(path, {"size": full}, parameter="size", value=asked)
    if facts["filters"] is False and facts["future_is_empty"] is None:
        yield Status(path, 400, parameter="modifiedAfter")
    beyond = str(facts["beyond"])
    if beyond == "no usable response":
        yield Html(path, instead_of=400)
    elif beyond.isdigit() and beyond not in _BEYOND:
        yield Status(path, int(beyond), instead_of=400)
    is_capped = facts["total"] == "capped" and facts["reads_to"] is None
    if is_capped or _counts_too_few(facts):
        yield WrongTotal(path, most=facts["records"])


def _order_faults(kind: Kind, facts: Facts) -> Iterator[Fault]:
    up, down = facts["sorts_ascending"], facts["sorts_descending"]
    if up is None and down is False and facts["future_is_empty"] is None:
        yield Status(kind.path, 400, parameter="sortDirection", value="desc")
    elif up is False or down is False:
        order: dict[str, str | int] = {
            "sortDirection": "asc" if down is False else "desc"
        }
        if up is down:
            # What does not sort by time does by something else.
            order["sortBy"] = next(iter(kind.sortable))
        yield Parameters(kind.path, order)
