"""From the report of an account check to the settings of a sandbox that is like it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.like_faults import (
    BEYOND,
    MISSING_DETAILS,
    SUCCESS,
    counts_too_few,
    faults_like,
    kind_of,
    largest_page,
)

_FAR_ZONE: Final = -48.0
"""Hours: a filter taken for this zone hides records, and fits no way to compare."""
_MORE: Final = 250
"""Records beyond what a capped total tells: there are some, of unknown number."""
_USUAL_HEADER: Final = "X-API-Key"


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
            kind_of(name).path: dict(_search(facts)) for name, facts in searches.items()
        },
        "ignore": {
            kind_of(name).path: {"modifiedAfter"}
            for name, facts in searches.items()
            if facts["filters"] is False and not facts["future_is_empty"]
        },
        "initial_faults": [*faults_like(report, searches, v1)],
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


def _size(name: str, facts: Mapping[str, Any]) -> int | None:
    """Return how many records there are; None if nothing tells."""
    count, sampled = facts["records"], facts["fields"]["sampled"]
    if count is None and not sampled:
        return None
    more = _MORE if count is None or facts["total"] == "capped" else 0
    more += 1 if counts_too_few(facts) else 0
    known = sampled if count is None else count
    size: int = max(kind_of(name).least, sampled, known + more)
    return size


def _access(report: Mapping[str, Any], v1: Mapping[str, Any]) -> dict[str, Any]:
    works = [path for path, status in report["health"].items() if status == SUCCESS]
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
    opens = [name for name, status in report["key"].items() if status == SUCCESS]
    # Who is let in with the usual header does not try the other one.
    if opens and [*report["key"]] != [_USUAL_HEADER]:
        found["key_header"] = opens[0]
    if v1:
        found["key_opens_v1"] = any(facts["reachable"] for facts in v1.values())
    if report["missing_detail"] in MISSING_DETAILS:
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
    yield "max_size", largest_page(facts)
    yield "totals", facts["total"] != "absent"
    yield "extra_total", facts["counted_too_many"]
    yield "filtered_totals", facts.get("filters_total") is not False
    if facts["reads_to"] is not None:
        yield "max_depth", facts["reads_to"]
        yield "cap_total", facts["total"] == "capped"
        yield "beyond_depth", facts["beyond"] if facts["beyond"] in BEYOND else "400"
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
