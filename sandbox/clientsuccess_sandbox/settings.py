"""Settings: the company's size and the server's behaviour. Each is declared once."""

from __future__ import annotations

# Needed at run time, when the behaviour is changed over HTTP.
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Final, Literal

import msgspec

DEFAULT_KEY: Final = "sandbox-key"
DEFAULT_USERNAME: Final = "sandbox@example.com"
DEFAULT_PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens made-up data only
_SHOW_MODIFICATIONS: Final = {"client_notes": True, "pulses": False}
BY_PATH: Final = (
    *("default_size", "max_size", "echo_size", "max_depth", "beyond_depth"),
    *("cap_total", "extra_total", "totals", "first_page", "inclusive"),
    *("filter_precision", "filter_zone"),
)
"""The settings that a search can have of its own."""
_MISSING: Final = {"SURVEY_RESPONSE": 404, "USAGE": 404, "FEEDBACK": 400}


def option(default: Any, text: str, **how: Any) -> Any:
    """Create a field that is also a command line option."""
    return field(default=default, metadata={"help": text}, **how)


def items(
    make: Callable[..., Any], text: str, metavar: str, **parsers: Callable[[str], Any]
) -> Any:
    """Create a field of which each use of an option gives one item.

    Args:
        make: Makes the field's value of a list of items; without one, the default.
        text: The help text.
        metavar: What the help calls an item.
        parsers: For each option, what parses an item; `ValueError` if it is none.
    """
    how = {"make": make, "parsers": parsers, "text": text, "metavar": metavar}
    return field(default_factory=make, metadata=how)


def path_and_parameters(text: str) -> tuple[str, list[str]]:
    """Parse `PATH:NAME,NAME`."""
    path, names = text.split(":")
    return path, names.split(",")


def resource_and_status(text: str) -> tuple[str, int]:
    """Parse `RESOURCE=STATUS`."""
    resource, status = text.split("=")
    return resource, int(status)


def kind_and_count(text: str) -> tuple[str, int]:
    """Parse `KIND=COUNT`."""
    kind, count = text.split("=")
    return kind, int(count)


def name_and_value(text: str) -> tuple[str, str]:
    """Parse `NAME=VALUE`."""
    name, _, value = text.partition("=")
    return name, value


def path_and_setting(text: str) -> tuple[str, dict[str, Any]]:
    """Parse `PATH:SETTING=VALUE`, such as `/pulse/search:inclusive=false`."""
    path, _, setting = text.partition(":")
    name, value = name_and_value(setting)
    if name not in BY_PATH:
        raise ValueError(f"{name} is not one of {', '.join(BY_PATH)}.")
    try:
        return path, {name: msgspec.json.decode(value)}
    except msgspec.DecodeError:
        return path, {name: value}


def _merged(items: Iterable[tuple[str, dict[str, Any]]] = ()) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for path, setting in items:
        found[path] = found.get(path, {}) | setting
    return found


def _shows(*, modified: bool) -> Callable[[str], tuple[str, bool]]:
    def kind(text: str) -> tuple[str, bool]:
        if text not in _SHOW_MODIFICATIONS:
            raise ValueError(f"{text} is not one of {', '.join(_SHOW_MODIFICATIONS)}.")
        return text, modified

    return kind


def _missing(items: Iterable[tuple[str, int]] = ()) -> dict[str, int]:
    return {**_MISSING, **dict(items)}


@dataclass(kw_only=True)
class CompanySettings:
    """The simulated company: how many records of each kind it has.

    The default size of a kind follows from the number of clients.

    Attributes:
        modification_times: Whether a kind's records carry `modifiedTime`, for
            the kinds of which it is unknown: `client_notes` and `pulses`.
    """

    seed: int = option(1, "same seed, same data")
    now: str = option("2026-01-01T00:00:00Z", "time at which the data ends")
    ties: float = option(0.25, "share of records that share a modification time")
    clients: int = option(120, "number of clients")
    contacts: int | None = option(None, "number of contacts")
    contracts: int | None = option(None, "number of contracts")
    client_notes: int | None = option(None, "number of client notes")
    pulses: int | None = option(None, "number of pulses")
    products: int | None = option(None, "number of products")
    tasks: int | None = option(None, "number of tasks")
    employees: int | None = option(None, "number of employees")
    client_statuses: int | None = option(None, "number of client statuses")
    client_segments: int | None = option(None, "number of client segments")
    subscriptions: int | None = option(None, "number of subscriptions")
    undated: Mapping[str, int] = items(
        dict,
        "so many records of a kind without a modification time",
        "KIND=COUNT",
        undated=kind_and_count,
    )
    modification_times: Mapping[str, bool] = items(
        dict,
        "kind whose records show when they were modified, or do not",
        "KIND",
        modification_times=_shows(modified=True),
        no_modification_times=_shows(modified=False),
    )

    def shows_modifications(self, kind: str) -> bool:
        """Tell whether records of a kind show when they were modified."""
        return {**_SHOW_MODIFICATIONS, **self.modification_times}.get(kind, True)


@dataclass(kw_only=True)
class Behaviour:
    """How the server behaves where the real one is unknown; can change at any time.

    Attributes:
        ignore: Resource path -> query parameters that it ignores, such as
            `{"/pulse/search": {"modifiedAfter", "sortBy"}}`.
        by_path: Resource path -> settings that differ there, of those in `BY_PATH`.
        missing_custom_fields: Resource type -> status with which its custom field
            definitions are refused.
    """

    default_size: int = option(50, "page size if the request names none")
    max_size: int = option(200, "maximum page size")
    echo_size: bool = option(
        False, "report the requested page size, not the actual one"
    )
    max_depth: Annotated[int, msgspec.Meta(ge=1)] | None = option(
        None, "maximum depth of a search, in records"
    )
    beyond_depth: Literal["400", "500", "empty", "repeat"] = option(
        "400", "beyond that depth: an error, an empty page, or the last page again"
    )
    cap_total: bool = option(False, "cap totals at the maximum depth")
    extra_total: Annotated[int, msgspec.Meta(ge=0)] = option(
        0, "records that are counted but never returned"
    )
    totals: bool = option(True, "count the records of a search")
    first_page: Literal[0, 1] = option(0, "number of the first page of a search")
    inclusive: bool = option(
        True, "modifiedAfter includes its own moment (its second or day, if coarse)"
    )
    filter_precision: Literal["millisecond", "second", "day"] = option(
        "millisecond", "precision of modifiedAfter"
    )
    filter_zone: float = option(
        0.0, "zone of modifiedAfter, in hours ahead of UTC, whatever its offset"
    )
    lag_seconds: Annotated[float, msgspec.Meta(ge=0)] = option(
        0.0, "how old the data of a lagging replica is"
    )
    lag_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = option(
        0.5, "share of reads served by a lagging replica"
    )
    lag_by: Literal["chance", "query"] = option(
        "chance", "how the replica is chosen: by chance, or by the query"
    )
    unstable_ties: bool = option(False, "shuffle records with equal sort values")
    nightly_drift: bool = option(
        False,
        "each night, scores change and contracts follow their dates, and no "
        "modification time moves",
    )
    delete_owned: bool = option(
        False, "deleting a client deletes all that belongs to it"
    )
    odd_types: bool = option(False, "clientType.key is an integer in every client")
    old_shapes: bool = option(
        False,
        "for some clients, segment is an integer, and employees of the team are texts",
    )
    key_opens_v1: bool = option(True, "API v1 accepts the key")
    key_header: Literal["either", "X-API-Key", "Authorization"] = option(
        "either", "header in which the key is accepted"
    )
    health_path: str = option("/health", "path of the health endpoint; none if empty")
    missing_detail: Literal["404", "417", "null"] = option(
        "404", "response for a detail that does not exist: a status, or 200 with null"
    )
    headers: Mapping[str, str] = items(
        dict,
        "header of every response, such as X-RateLimit-Limit=60",
        "NAME=VALUE",
        header=name_and_value,
    )
    v1_times: Literal["number", "time", "date"] = option(
        "number", "how API v1 writes times: milliseconds, ISO 8601, or the date alone"
    )
    token_seconds: float = option(43200, "lifetime of a session token, in seconds")
    latency: float = option(0.0, "seconds before each response")
    gzip: bool = option(True, "compress responses")
    ignore: Mapping[str, Collection[str]] = items(
        dict,
        'parameters to ignore, such as "/pulse/search:modifiedAfter,sortBy"',
        "PATH:NAMES",
        ignore=path_and_parameters,
    )
    by_path: Mapping[str, Mapping[str, Any]] = items(
        _merged,
        "setting of one search, such as /pulse/search:filter_precision=day",
        "PATH:SETTING=VALUE",
        at=path_and_setting,
    )
    missing_custom_fields: Mapping[str, int] = items(
        _missing,
        "resource type without custom fields, and the status, as in GOAL=404",
        "RESOURCE=STATUS",
        missing_custom_fields=resource_and_status,
    )

    def ignored(self, path: str) -> set[str]:
        """Return the parameters that a path ignores."""
        found = [names for part, names in self.ignore.items() if part in path]
        return {name for names in found for name in names}

    def at(self, path: str) -> Behaviour:
        """Return the behaviour at a path: this one, with the settings for the path."""
        found = [own for part, own in self.by_path.items() if part in path]
        if not found:
            return self
        values = {each.name: getattr(self, each.name) for each in fields(Behaviour)}
        for own in found:
            values |= own
        return Behaviour(**values)
