"""From the report of an account check to the settings of a sandbox that is like it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
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

_BEYOND: Final = ("400", "500", "empty", "repeat")
_FAR_ZONE: Final = -48.0
"""Hours: a filter taken for this zone hides records, and fits no way to compare."""
_USUAL_TIMES: Final[dict[str, list[str]]] = {
    "": ["9999-99-99T99:99:99.999Z"],
    "subscriptions": ["9999-99-99"],
    "client_statuses": [],
    "client_segments": [],
    "employees": ["a number of 13 digits"],
}
"""By stream: forms of times that need no fault."""
_FAILURE: Final = re.compile("[0-9]{3}|no usable response")
_MORE: Final = 250
"""Records beyond what a capped total tells: there are some, of unknown number."""
_USUAL_HEADER: Final = "X-API-Key"
_SUCCESS: Final = 200
_REFUSED: Final = 401
_NOT_FOUND: Final = 404
_MISSING_DETAILS: Final = ("404", "417", "null")


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


def settings_like(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a sandbox that behaves as a report says.

    Args:
        report: What `tap-clientsuccess --test=api --format=json` wrote. What it leaves
            open stays at the default.
    """
    # The search of custom stream 1 is `custom1`.
    searches = {
        facts["name"].replace("custom stream ", "custom"): facts
        for facts in report["streams"]
    }
    v1 = {facts["name"]: facts for facts in report["v1"]}
    return {
        **_data(searches, v1),
        **_access(report, v1),
        "by_path": {
            _kind(name).path: dict(_search(facts)) for name, facts in searches.items()
        },
        "ignore": {
            _kind(name).path: {"modifiedAfter"}
            for name, facts in searches.items()
            if facts["filters"] is False and not facts["future_is_empty"]
        },
        "initial_faults": [*_faults(report, searches, v1)],
    }


def _data(searches: Mapping[str, Any], v1: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of the data: how many records, and which times they have."""
    found: dict[str, Any] = {"custom_searches": {}}
    for name, facts in {**searches, **v1}.items():
        size = _size(name, facts)
        if name not in KINDS:
            found["custom_searches"][name] = _MORE if size is None else size
        elif size is not None:
            found[name] = size
    shown = {name: facts["shows_modification"] for name, facts in searches.items()}
    undated = {name: facts["without_time"] for name, facts in searches.items()}
    return found | {
        "modification_times": {k: v for k, v in shown.items() if v is not None},
        "undated": {name: count for name, count in undated.items() if count},
        "imported": [name for name in searches if searches[name].get("one_time")],
    }


def _kind(name: str) -> Kind:
    return KINDS.get(name) or custom_kind(name)


def _faults(
    report: Mapping[str, Any], streams: Mapping[str, Any], v1: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield faults for what no setting does."""
    defined = _definitions(report)
    yield from _access_faults(report)
    for name, facts in streams.items():
        yield from _search_faults(_kind(name), facts)
    for name, facts in v1.items():
        if not facts["reachable"]:
            yield refusal(KINDS[name].path, facts["status"])
    yield from _custom_field_faults(report, defined)
    yield from _field_faults({**streams, **v1}, defined)


def _definitions(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the custom field definitions of each resource type."""
    counts = report["custom_field_types"]
    types = [name for name, count in counts.items() for _ in range(count)]
    types += ["Type 9"] * report["other_custom_field_types"]
    return definitions(report["custom_fields"], iter(types))


def _size(name: str, facts: Mapping[str, Any]) -> int | None:
    """Return how many records there are; None if nothing tells."""
    count, sampled = facts["records"], facts["fields"]["sampled"]
    if count is None and not sampled:
        return None
    more = _MORE if count is None or facts["total"] == "capped" else 0
    more += 1 if _counts_too_few(facts) else 0
    known = sampled if count is None else count
    size: int = max(_kind(name).least, sampled, known + more)
    return size


def _counts_too_few(facts: Mapping[str, Any]) -> bool:
    return facts["total"] == "inexact" and not facts["counted_too_many"]


def _access(report: Mapping[str, Any], v1: Mapping[str, Any]) -> dict[str, Any]:
    works = [path for path, status in report["health"].items() if status == _SUCCESS]
    headers = {
        name: "unlimited" if number is None else str(number)
        for name, number in report["limit_headers"].items()
        if name != "Retry-After"
    }
    others = range(report["other_limit_headers"])
    headers |= {f"X-Other{number}-Limit": "1" for number in others}
    found: dict[str, Any] = {"health_path": works[0] if works else ""}
    found |= {"headers": headers}
    refused = report["custom_fields_refused"]
    found |= {"missing_custom_fields": {k: v for k, v in refused.items() if v}}
    found |= {"clock_offset": float(report["clock_seconds"] or 0)}
    opens = [name for name, status in report["key"].items() if status == _SUCCESS]
    # Who is let in with the usual header does not try the other one.
    if opens and [*report["key"]] != [_USUAL_HEADER]:
        found["key_header"] = opens[0]
    if v1:
        found["key_opens_v1"] = any(facts["reachable"] for facts in v1.values())
    if report["missing_detail"] in _MISSING_DETAILS:
        found["missing_detail"] = report["missing_detail"]
    if (times := v1.get("employees", {}).get("fields", {}).get("times")) and not any(
        form.startswith("a number") for form in times
    ):
        found["v1_times"] = "date" if "9999-99-99" in times else "time"
    seconds = sorted(each["seconds"] for each in report["streams"] if each["seconds"])
    if seconds:
        found["latency"] = seconds[0]
    return found


def _search(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a search."""
    yield "max_size", _largest(facts)
    yield "totals", facts["total"] != "absent"
    yield "extra_total", facts["counted_too_many"]
    yield "filtered_totals", facts.get("filters_total") is not False
    if facts["reads_to"] is not None:
        yield "max_depth", facts["reads_to"]
        yield "cap_total", facts["total"] == "capped"
        yield "beyond_depth", facts["beyond"] if facts["beyond"] in _BEYOND else "400"
    if facts["filters"] is False and facts["future_is_empty"]:
        yield "filter_zone", _FAR_ZONE
    names = {
        "first_page": "first_page",
        "inclusive": "inclusive",
        "precision": "filter_precision",
        "zone": "filter_zone",
    }
    for name, setting in names.items():
        if facts[name] is not None:
            yield setting, facts[name]


def _largest(facts: Mapping[str, Any]) -> int:
    """Return the largest page; where all records fit, as large as was asked."""
    sizes = {int(asked): full for asked, full in facts["page_sizes"].items()}
    known = [full for full in sizes.values() if full]
    return max(known) if known else max(sizes, default=1000)


def _access_faults(report: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield faults for what answers unlike a sandbox, and for the rate limit."""
    works = [path for path, status in report["health"].items() if status == _SUCCESS]
    for path, status in report["health"].items():
        if status != _NOT_FOUND and path not in works[:1]:
            yield refusal(_exact(f"/api{path}"), status)
    for status in report["key"].values():
        if status not in {_SUCCESS, _REFUSED}:
            yield OtherStatus("/client/search", statuses={_REFUSED: status or 0})
    if (missing := report["missing_detail"]) not in {None, *_MISSING_DETAILS}:
        yield OtherStatus("*/client/????????-*", statuses={_NOT_FOUND: int(missing)})
    if report["rate_limited"]:
        each_second = report["requests"] / (60 * max(report["minutes"], 0.01))
        after = report["limit_headers"].get("Retry-After")
        yield RateLimit("*", per_second=max(1, round(each_second)), retry_after=after)


def _search_faults(kind: Kind, facts: Mapping[str, Any]) -> Iterator[Fault]:
    path, largest, sizes = kind.path, _largest(facts), {}
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
    if beyond not in _BEYOND and _FAILURE.fullmatch(beyond):
        yield OtherStatus(path, statuses={400: int(beyond) if beyond.isdigit() else 0})
    is_capped = facts["total"] == "capped" and facts["reads_to"] is None
    if is_capped or _counts_too_few(facts):
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
        kind, found = _kind(name), facts["fields"]
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
