"""Settings: a field of one of these classes is all that a setting needs.

From the field follow an argument and an attribute of `Sandbox`, an option of the
command, a row of the README (`make docs`) and, for `Behaviour`, a key of `PATCH
/_sandbox/behaviour`. The type of the field says which values are valid: that is checked
on the command line and over HTTP, not in Python.
How many records of a kind there are is declared with the kind, in `data/__init__.py`.
"""

from __future__ import annotations

# Needed at run time, when the behaviour is changed over HTTP.
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from clientsuccess_sandbox.data import KINDS, Sizes

DEFAULT_KEY: Final = "sandbox-key"
_MISSING: Final = {"SURVEY_RESPONSE": 404, "USAGE": 404, "FEEDBACK": 400}


class Option(NamedTuple):
    """How the command line sets a setting.

    Attributes:
        help: What the setting does.
        flag: Name of the option, if not that of the setting.
        item: What each use of the option adds to the setting, such as `NAME=TEXT`;
            empty if it has a single value.
        parse: Parses an item; by default as `item` is written: `:` and `=` part a key
            from its value, `,` the values of a list, and a `VALUE` is JSON or text.
    """

    help: str
    flag: str = ""
    item: str = ""
    parse: Callable[[str], Any] | None = None


def option(default: Any, text: str, *, repr: bool = True, **how: Any) -> Any:  # noqa: A002
    """Declare a setting by its default, what it does, and fields of `Option`."""
    about: dict[str, Any] = {"metadata": {"option": Option(text, **how)}, "repr": repr}
    if isinstance(default, dict):
        return field(default_factory=default.copy, **about)
    return field(default=default, **about)


def _kind_of_unknown_modifications(text: str) -> str:
    kinds = [k.name for k in KINDS.values() if k.shows_modification is not None]
    if text not in kinds:
        raise ValueError(f"{text} is not one of {', '.join(kinds)}.")
    return text


@dataclass(kw_only=True)
class CompanySettings(Sizes):
    """The simulated company."""

    seed: int = option(1, "same seed, same data")
    now: str = option("2026-01-01T00:00:00Z", "time at which the data ends")
    ties: float = option(0.25, "share of records that share a modification time")
    imported: Collection[str] = option(
        (), "kind of which all records were made at one time, by an import", item="KIND"
    )
    custom_searches: Mapping[str, int] = option(
        {},
        "number of records in an extra search /NAME/search",
        flag="custom-search",
        item="NAME=COUNT",
    )
    undated: Mapping[str, int] = option(
        {},
        "number of records of a kind without modification time",
        item="KIND=COUNT",
    )
    modification_times: Mapping[str, bool] = option(
        {},
        "whether records of a kind show when they were modified",
        item="KIND",
        parse=_kind_of_unknown_modifications,
    )


@dataclass(kw_only=True)
class SearchBehaviour:
    """The behaviour that a search can have of its own: see `Behaviour.by_path`."""

    default_size: int = option(50, "page size if the request names none")
    max_size: int = option(200, "maximum page size, whatever is requested")
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
    totals: bool = option(True, "count the records and pages of a search")
    filtered_totals: bool = option(True, "totals count only what passes modifiedAfter")
    first_page: Literal[0, 1] = option(0, "number of the first page of a search")
    inclusive: bool = option(
        True, "modifiedAfter includes its own moment (its second or day, if coarse)"
    )
    filter_precision: Literal["millisecond", "second", "minute", "day"] = option(
        "millisecond", "precision of modifiedAfter"
    )
    filter_zone: float = option(
        0.0, "zone of modifiedAfter, in hours ahead of UTC, whatever its offset"
    )


_OF_A_SEARCH: Final = [each.name for each in fields(SearchBehaviour)]


@dataclass(kw_only=True)
class Behaviour(SearchBehaviour):
    """How the server behaves where the real one is unknown; can change at any time.

    Attributes:
        ignore: Resource path -> query parameters that it ignores.
        by_path: Resource path -> settings of `SearchBehaviour` that differ there.
    """

    lag_seconds: Annotated[float, msgspec.Meta(ge=0)] = option(
        0.0, "how old the data of a lagging replica is"
    )
    lag_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = option(
        0.5, "share of reads served by a lagging replica"
    )
    lag_by: Literal["chance", "query"] = option(
        "chance", "how the replica is chosen: by chance, or by the query"
    )
    unstable_ties: bool = option(
        False, "records with equal sort values change their order between requests"
    )
    nightly_drift: bool = option(
        False,
        "each night (UTC), success scores change and contracts (meta) follow their "
        "dates, and no modification time moves",
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
    key_header: str = option(
        "either",
        "header in which the key is accepted; either: X-API-Key, Authorization",
    )
    health_path: str = option("/health", "path of the health endpoint; none if empty")
    missing_detail: Literal["404", "417", "null"] = option(
        "404", "response for a detail that does not exist: a status, or 200 with null"
    )
    headers: Mapping[str, str] = option(
        {},
        "header of every response, such as X-RateLimit-Limit=60",
        flag="header",
        item="NAME=TEXT",
    )
    v1_times: Literal["number", "time", "date"] = option(
        "number", "how API v1 writes times: milliseconds, ISO 8601, or the date alone"
    )
    token_seconds: float = option(43200, "lifetime of a session token, in seconds")
    latency: float = option(0.0, "seconds before each response")
    gzip: bool = option(True, "compress responses")
    ignore: Mapping[str, Collection[str]] = option(
        {},
        "parameters to ignore, such as /pulse/search:modifiedAfter,sortBy",
        item="PATH:NAME,NAME",
    )
    by_path: Mapping[str, Mapping[str, Any]] = option(
        {},
        "setting of one search, such as /pulse/search:filter_precision=day",
        flag="at",
        item="PATH:SETTING=VALUE",
    )
    missing_custom_fields: Mapping[str, int] = option(
        _MISSING,
        "resource type without custom fields, and the status, such as GOAL=404",
        item="RESOURCE=STATUS",
    )

    def __post_init__(self) -> None:
        """Check what types cannot say.

        Raises:
            ValueError: A search is to have a setting of its own that none can have.
        """
        for own in self.by_path.values():
            for name in own.keys() - _OF_A_SEARCH:
                raise ValueError(f"{name} is not one of {', '.join(_OF_A_SEARCH)}.")
            msgspec.convert(own, SearchBehaviour)

    def ignored(self, path: str) -> set[str]:
        """Return the parameters that a path ignores."""
        found = [names for part, names in self.ignore.items() if part in path]
        return set().union(*found)

    def at(self, path: str) -> SearchBehaviour:
        """Return the behaviour of a search: this one, or what its path has instead."""
        values = {name: getattr(self, name) for name in _OF_A_SEARCH}
        for part, own in self.by_path.items():
            if part in path:
                values |= own
        return SearchBehaviour(**values)


@dataclass(kw_only=True)
class Settings(CompanySettings, Behaviour):
    """The simulated company, and how its server behaves."""
