"""From the report of an account check to the settings of a sandbox that is like it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clientsuccess_sandbox.data import KINDS
from clientsuccess_sandbox.faults.responses import RateLimit, Status
from clientsuccess_sandbox.faults.rule import Rule

_BEYOND: Final = ("400", "500", "empty", "repeat")
_MORE: Final = 250
"""Records beyond what a capped total tells: there are some, of unknown number."""
_SUCCESS: Final = 200


def read_like(path: Path) -> dict[str, Any]:
    """Read a report, and return the settings; see `settings_like`.

    Raises:
        ValueError: The file cannot be read, or is not a report in JSON.
    """
    try:
        return settings_like(json.loads(path.read_text(encoding="utf-8")))
    except OSError as problem:
        raise ValueError(f"{path}: {problem.strerror}.") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is not a report of --test=api in JSON.") from None


def settings_like(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a sandbox that behaves as a report says.

    Args:
        report: What `tap-clientsuccess --test=api --format=json` wrote. What it leaves
            open stays at the default.
    """
    streams = {facts["name"]: facts for facts in report["streams"]}
    built_in = {name: facts for name, facts in streams.items() if name in KINDS}
    v1 = {facts["name"]: facts for facts in report["v1"]}
    found: dict[str, Any] = {**_sizes(built_in, v1), **_access(report, v1)}
    shown = {name: facts["shows_modification"] for name, facts in built_in.items()}
    found["modification_times"] = {k: v for k, v in shown.items() if v is not None}
    found["undated"] = {
        name: facts["without_time"]
        for name, facts in built_in.items()
        if facts["without_time"]
    }
    found["by_path"] = {
        _path(name): dict(_search(facts)) for name, facts in built_in.items()
    }
    found["ignore"] = {
        _path(name): ignored
        for name, facts in built_in.items()
        if (ignored := set(_ignored(facts)))
    }
    found["rules"] = [*_rules(report, built_in, v1)]
    return found


def _path(name: str) -> str:
    kind = KINDS[name]
    return f"/{kind.resource}/search" if kind.search else f"/{kind.resource}/all"


def _sizes(streams: Mapping[str, Any], v1: Mapping[str, Any]) -> dict[str, int]:
    found = {}
    for name, facts in {**streams, **v1}.items():
        if facts["records"] is not None:
            more = _MORE if facts["total"] == "capped" else 0
            least = name in {"products", "employees"}
            found[name] = max(least, facts["records"] + more)
    return found


def _access(report: Mapping[str, Any], v1: Mapping[str, Any]) -> dict[str, Any]:
    works = [path for path, status in report["health"].items() if status == _SUCCESS]
    headers = {
        name: "1" if number is None else str(number)
        for name, number in report["limit_headers"].items()
        if name != "Retry-After"
    }
    found: dict[str, Any] = {"health_path": works[0] if works else ""}
    found |= {"headers": headers}
    found |= {"missing_custom_fields": _refused(report["custom_fields_refused"])}
    found |= {"clock_offset": float(report["clock_seconds"] or 0)}
    opens = [name for name, status in report["key"].items() if status == _SUCCESS]
    if len(report["key"]) > 1 and opens:
        found["key_header"] = opens[0]
    if v1:
        found["key_opens_v1"] = any(facts["reachable"] for facts in v1.values())
    if report["missing_detail"] in {"404", "417", "null"}:
        found["missing_detail"] = report["missing_detail"]
    seconds = sorted(each["seconds"] for each in report["streams"] if each["seconds"])
    if seconds:
        found["latency"] = seconds[0]
    return found


def _refused(statuses: Mapping[str, int | None]) -> dict[str, int]:
    return {name: status or 500 for name, status in statuses.items()}


def _search(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a search."""
    sizes = {int(asked): full for asked, full in facts["page_sizes"].items()}
    known = [full for full in sizes.values() if full is not None]
    # A size that is refused, or that all records fit in, is no larger than the cap.
    is_open = 0 in known or not known
    yield "max_size", max(sizes, default=1000) if is_open else max(known)
    yield "totals", facts["total"] != "absent"
    yield "extra_total", facts["counted_too_many"]
    if facts["reads_to"] is not None:
        yield "max_depth", facts["reads_to"]
        yield "cap_total", facts["total"] == "capped"
        if facts["beyond"] in _BEYOND:
            yield "beyond_depth", facts["beyond"]
    names = {
        "first_page": "first_page",
        "inclusive": "inclusive",
        "precision": "filter_precision",
        "zone": "filter_zone",
    }
    for name, setting in names.items():
        if facts[name] is not None:
            yield setting, facts[name]


def _ignored(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters that a search ignores."""
    if facts["filters"] is False:
        yield "modifiedAfter"
    if facts["sorts_descending"] is False:
        yield "sortDirection"
    if facts["sorts_ascending"] is False:
        yield "sortBy"


def _rules(
    report: Mapping[str, Any], streams: Mapping[str, Any], v1: Mapping[str, Any]
) -> Iterator[Rule]:
    """Yield faults for what does not answer, and for the rate limit."""
    is_open = any(facts["reachable"] for facts in v1.values())
    for name, facts in streams.items():
        if not facts["reachable"]:
            yield Status(_path(name), facts["status"] or 503)
    for name, facts in v1.items():
        if is_open and not facts["reachable"]:
            path = KINDS[name].v1 if name in KINDS else f"/{name}"
            yield Status(f"/v1{path}", facts["status"] or 503)
    if report["rate_limited"]:
        each_second = report["requests"] / (60 * max(report["minutes"], 0.01))
        after = report["limit_headers"].get("Retry-After")
        yield RateLimit("*", per_second=max(1, round(each_second)), retry_after=after)
