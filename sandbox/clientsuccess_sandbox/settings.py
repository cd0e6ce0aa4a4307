"""What can be set: the company's size and the server's habits."""

from __future__ import annotations

# Read at run time, when habits are changed over HTTP.
from collections.abc import Collection, Mapping  # noqa: TC003
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec

DEFAULT_KEY: Final = "sandbox-key"
DEFAULT_USERNAME: Final = "sandbox@example.com"
DEFAULT_PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens made-up data only

_FEW_CLIENTS_PER_EMPLOYEE = 12
_PER_CLIENT = {
    "contacts": 3.0,
    "contracts": 1.5,
    "client_notes": 5.0,
    "pulses": 2.0,
    "tasks": 2.0,
}
_HAVE_MODIFICATION_TIMES = {"client_notes": True, "pulses": False}


@dataclass(kw_only=True)
class CompanySettings:
    """The made-up company: what there is of each kind, and since when.

    Attributes:
        seed: The same seed gives the same bytes.
        now: Time at which the data ends, ISO 8601. Edits carry the real time.
        ties: Share of records (0 to 1) that share their modification time.
        clients: Number of clients.
        contacts: Number of contacts; none given: in proportion to the clients,
            as for the other kinds below.
        contracts: Number of contracts.
        client_notes: Number of client notes.
        pulses: Number of pulses.
        products: Number of products.
        tasks: Number of tasks.
        employees: Number of employees.
        modification_times: Whether a kind's records carry `modifiedTime`, for
            the kinds of which it is unknown: `client_notes` and `pulses`.
    """

    seed: int = 1
    now: str = "2026-01-01T00:00:00Z"
    ties: float = 0.25
    clients: int = 120
    contacts: int | None = None
    contracts: int | None = None
    client_notes: int | None = None
    pulses: int | None = None
    products: int | None = None
    tasks: int | None = None
    employees: int | None = None
    modification_times: Mapping[str, bool] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Tell the number of records of each kind that has a size.

        Raises:
            ValueError: A size is negative, or nobody is there to refer to.
        """
        sizes = {"clients": self.clients, **self._proportions()}
        for kind in sizes:
            given = getattr(self, kind)
            if given is not None:
                sizes[kind] = given
        _check(sizes)
        return sizes

    def carries_modification_times(self, kind: str) -> bool:
        """Tell whether records of a kind show when they were modified."""
        known = {**_HAVE_MODIFICATION_TIMES, **self.modification_times}
        return known.get(kind, True)

    def _proportions(self) -> dict[str, int]:
        sizes = {kind: int(n * self.clients) for kind, n in _PER_CLIENT.items()}
        employees = 3 + self.clients // _FEW_CLIENTS_PER_EMPLOYEE
        return {**sizes, "products": 12, "employees": min(employees, 400)}


def _check(sizes: Mapping[str, int]) -> None:
    for kind, size in sizes.items():
        if size < 0:
            raise ValueError(f"{kind}: a size of {size} makes no sense.")
    if not sizes["clients"] and any(sizes[kind] for kind in _PER_CLIENT):
        raise ValueError("Without clients there is nothing for records to belong to.")
    if not sizes["employees"]:
        raise ValueError("A company needs at least one employee.")
    if not sizes["products"]:
        raise ValueError("A company needs at least one product.")


@dataclass(kw_only=True)
class Behaviour:
    """How the server answers where the real one is unknown; may change any time.

    Attributes:
        default_size: Records of a page when the request names no size.
        max_size: Most records of a page, whatever the request asks for.
        echo_size: Report the size that was asked for instead of the true one.
        inclusive: Whether `modifiedAfter` includes records of that very moment, or,
            where the filter is coarse, of that second or day.
        filter_precision: What the filter can tell apart.
        filter_zone: Hours by which the server's time zone is ahead of UTC; another
            than 0 takes the time that was written as its own, without the offset.
        max_depth: Places that a search reaches; `None` is no limit.
        beyond_depth: What it answers further down: an error with this status, an
            empty page, or the last page that it reaches, again.
        cap_total: It counts no further than it reaches.
        extra_total: Records that are counted but never given.
        odd_types: `clientType.key` is an integer in every client.
        unstable_ties: Records of equal sort value come in another order each time.
        ignore: Resource path -> query parameters that it ignores, such as
            `{"/pulse/search": {"modifiedAfter", "sortBy"}}`.
        key_opens_v1: Whether the API key opens v1 too, not only session tokens.
        token_seconds: Seconds for which a session token is good.
        latency: Seconds before each answer.
        gzip: Compress answers for clients that accept it.
        missing_custom_fields: Resource type -> status with which its custom field
            definitions are refused.
    """

    default_size: int = 50
    max_size: int = 200
    echo_size: bool = False
    inclusive: bool = True
    filter_precision: Literal["millisecond", "second", "day"] = "millisecond"
    filter_zone: float = 0.0
    max_depth: Annotated[int, msgspec.Meta(ge=1)] | None = None
    beyond_depth: Literal["400", "500", "empty", "repeat"] = "400"
    cap_total: bool = False
    extra_total: Annotated[int, msgspec.Meta(ge=0)] = 0
    odd_types: bool = False
    unstable_ties: bool = False
    ignore: Mapping[str, Collection[str]] = field(default_factory=dict)
    key_opens_v1: bool = True
    token_seconds: float = 43200
    latency: float = 0.0
    gzip: bool = True
    missing_custom_fields: Mapping[str, int] = field(
        default_factory=lambda: {"SURVEY_RESPONSE": 404, "USAGE": 404, "FEEDBACK": 403}
    )

    def ignored(self, path: str) -> set[str]:
        """Tell which parameters a resource path does not look at."""
        return {
            name
            for resource, names in self.ignore.items()
            if resource in path
            for name in names
        }
