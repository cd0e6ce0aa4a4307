"""What can be set: the company's size and the server's habits."""

from __future__ import annotations

# Read at run time, when habits are changed over HTTP.
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec

DEFAULT_KEY: Final = "sandbox-key"
DEFAULT_USERNAME: Final = "sandbox@example.com"
DEFAULT_PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens made-up data only
_PER_CLIENT = {"contacts": 3.0, "contracts": 1.5, "client_notes": 5.0, "pulses": 2.0}
_PER_CLIENT["tasks"] = 2.0
_CLIENTS_PER_EMPLOYEE = 12
_SHOW_MODIFICATIONS = {"client_notes": True, "pulses": False}


def option(default: Any, text: str, **how: Any) -> Any:
    """Make a field that is an option of the command line too."""
    return field(default=default, metadata={"help": text}, **how)


@dataclass(kw_only=True)
class CompanySettings:
    """The made-up company: what there is of each kind, and since when.

    A kind without a size has as many records as fit the number of clients.

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
    modification_times: Mapping[str, bool] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Return the number of records of each kind; `ValueError` if it cannot be."""
        sizes = {kind: int(n * self.clients) for kind, n in _PER_CLIENT.items()}
        sizes["products"] = 12
        sizes["employees"] = min(3 + self.clients // _CLIENTS_PER_EMPLOYEE, 400)
        for kind in ("clients", *sizes):
            given = getattr(self, kind)
            sizes[kind] = sizes[kind] if given is None else given
        for kind, size in sizes.items():
            if size < (kind in {"employees", "products"}):
                raise ValueError(f"{kind}: a size of {size} makes no sense.")
        if not self.clients and any(sizes[kind] for kind in _PER_CLIENT):
            raise ValueError("Without clients, no record has anything to belong to.")
        return sizes

    def shows_modifications(self, kind: str) -> bool:
        """Tell whether records of a kind show when they were modified."""
        return {**_SHOW_MODIFICATIONS, **self.modification_times}.get(kind, True)


@dataclass(kw_only=True)
class Behaviour:
    """How the server answers where the real one is unknown; may change any time.

    Attributes:
        ignore: Resource path -> query parameters that it ignores, such as
            `{"/pulse/search": {"modifiedAfter", "sortBy"}}`.
        missing_custom_fields: Resource type -> status with which its custom field
            definitions are refused.
    """

    default_size: int = option(50, "records of a page if the request names no size")
    max_size: int = option(200, "most records of a page")
    echo_size: bool = option(False, "report the size asked for, not the true one")
    max_depth: Annotated[int, msgspec.Meta(ge=1)] | None = option(
        None, "places that a search reaches"
    )
    beyond_depth: Literal["400", "500", "empty", "repeat"] = option(
        "400", "what comes further down: an error, nothing, or the last page again"
    )
    cap_total: bool = option(False, "count no further than a search reaches")
    extra_total: Annotated[int, msgspec.Meta(ge=0)] = option(
        0, "records that are counted but never given"
    )
    inclusive: bool = option(
        True, "modifiedAfter includes its own moment (its second or day, if coarse)"
    )
    filter_precision: Literal["millisecond", "second", "day"] = option(
        "millisecond", "what modifiedAfter can tell apart"
    )
    filter_zone: float = option(
        0.0, "hours ahead of UTC in which modifiedAfter is read, whatever its offset"
    )
    lag_seconds: Annotated[float, msgspec.Meta(ge=0)] = option(
        0.0, "how old the data of a lagging replica is"
    )
    lag_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = option(
        0.5, "share of reads that a lagging replica answers"
    )
    lag_by: Literal["chance", "query"] = option(
        "chance", "what decides: chance, or the query (the same one, the same replica)"
    )
    unstable_ties: bool = option(
        False, "equal sort values come in another order each time"
    )
    odd_types: bool = option(False, "clientType.key is an integer in every client")
    key_opens_v1: bool = option(True, "the API key opens v1 too")
    token_seconds: float = option(43200, "seconds for which a session token is good")
    latency: float = option(0.0, "seconds before each answer")
    gzip: bool = option(True, "compress answers")
    ignore: Mapping[str, Collection[str]] = field(default_factory=dict)
    missing_custom_fields: dict[str, int] = field(
        default_factory=lambda: {"SURVEY_RESPONSE": 404, "USAGE": 404, "FEEDBACK": 403}
    )

    def ignored(self, path: str) -> set[str]:
        """Return the parameters that a resource path does not look at."""
        found = [names for part, names in self.ignore.items() if part in path]
        return {name for names in found for name in names}
