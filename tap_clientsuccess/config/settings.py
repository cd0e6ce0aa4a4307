"""The settings: JSON schema and typed access."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit, urlunsplit

from singer_sdk import typing as th

from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "tap-clientsuccess"
DISTRIBUTION = "singer-tap-clientsuccess"
"""Its name on PyPI."""
DEFAULT_BASE_URL = "https://api.clientsuccess.com/api"
LONGEST_STREAM = 255
"""The most characters of a stream's name; no target has longer names of tables."""
FULL_READ_INTERVALS: dict[str, float | None] = {
    "clients": 1,
    "contracts": 1,
    "client_details": 30,
    "contact_details": 30,
    "*": 7,
}
"""Days between two full reads, by stream."""
_MEBIBYTE = 2**20


def package_version() -> str:
    """Return the version of the installed tap."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"


SCHEMA: dict[str, t.Any] = th.PropertiesList(
    th.Property(
        "auth_method",
        th.StringType(allowed_values=["api_key", "password"]),
        default="api_key",
        title="Authentication method",
        description=(
            "`api_key`, or `password` for accounts without a key: the tap logs in with "
            "`username` and `password`."
        ),
    ),
    th.Property(
        "api_key",
        th.StringType(min_length=1),
        secret=True,
        title="API key",
        description=(
            "The API key, created in ClientSuccess under Settings. Sent with every "
            "request, only to the hosts of `base_url` and `v1_base_url`. Required "
            "unless `auth_method` is `password`."
        ),
    ),
    th.Property(
        "username",
        th.StringType(min_length=1),
        title="User name",
        description="The user to log in, with `auth_method: password`.",
    ),
    th.Property(
        "password",
        th.StringType(min_length=1),
        secret=True,
        title="Password",
        description="The password of `username`, with `auth_method: password`.",
    ),
    th.Property(
        "base_url",
        th.StringType(min_length=1),
        default=DEFAULT_BASE_URL,
        title="Base URL",
        description=(
            "Base URL of the API: the default, or "
            "`https://<company>.clientsuccess.com/api`. Must use https, except for "
            "loopback addresses."
        ),
    ),
    th.Property(
        "v1_base_url",
        th.StringType(min_length=1),
        title="Base URL of v1",
        description=(
            "Base URL of API v1 (employees, client statuses, client segments, login). "
            "By default `base_url` with `v1` as its last segment."
        ),
    ),
    th.Property(
        "api_key_header",
        th.StringType(min_length=1),
        default="X-API-Key",
        title="API key header",
        description=(
            "Header for the key: `X-API-Key`, or `Authorization` for keys of Open API "
            "v2."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Earliest modification time to read, such as `2024-01-01T00:00:00Z`. "
            "Without it, everything is read."
        ),
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=1000),
        default=200,
        title="Page size",
        description="Records per page, 1 to 1000. The server may return fewer.",
    ),
    th.Property(
        "concurrency",
        th.IntegerType(minimum=1, maximum=32),
        default=4,
        title="Concurrency",
        description=(
            "Maximum number of concurrent requests, 1 to 32. The tap sends fewer while "
            "the server limits the rate."
        ),
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0, maximum=31_536_000),
        default=300,
        title="Lookback (seconds)",
        description=(
            "Seconds before the bookmark at which an incremental sync starts, to catch "
            "records that became visible late."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=60,
        title="Request timeout (seconds)",
        description="Seconds that a request may take, including the whole response.",
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=100),
        default=8,
        title="Maximum retries",
        description=(
            "How often a request is retried after a timeout, a connection error, a "
            "429, a 5xx or a response that is not JSON."
        ),
    ),
    th.Property(
        "max_response_bytes",
        th.IntegerType(minimum=_MEBIBYTE),
        default=32 * _MEBIBYTE,
        title="Maximum response (bytes)",
        description=(
            "Maximum size of a response in bytes, after decompression. A larger one is "
            "an error, as is one that needs more than twice this much memory."
        ),
    ),
    th.Property(
        "discover_custom_fields",
        th.BooleanType,
        default=True,
        title="Discover custom fields",
        description=(
            "Whether discovery reads the account's custom fields, which become typed "
            "properties of `custom`."
        ),
    ),
    th.Property(
        "full_read_interval_days",
        th.ObjectType(
            additional_properties=th.CustomType(
                {"type": ["number", "null"], "minimum": 0, "maximum": 3650}
            )
        ),
        title="Full read interval (days)",
        description=(
            "Days between two full reads of a stream, which find what an incremental "
            "sync cannot see: scores, deletes, new columns. An object of stream names; "
            "`*` stands for all that it does not name. `0` is in every run, `null` is "
            "never. By default "
            '`{"clients": 1, "contracts": 1, "client_details": 30, '
            '"contact_details": 30, "*": 7}`.'
        ),
    ),
    th.Property(
        "custom_fields_interval_days",
        th.IntegerType(minimum=0, maximum=365),
        title="Custom fields interval (days)",
        description=(
            "Deprecated: use `full_read_interval_days` with the stream `custom_fields`."
        ),
    ),
    th.Property(
        "custom_streams",
        th.ArrayType(
            th.ObjectType(
                th.Property(
                    "name",
                    th.StringType(min_length=1, max_length=LONGEST_STREAM),
                    required=True,
                ),
                th.Property("path", th.StringType(min_length=1), required=True),
                th.Property("method", th.StringType(allowed_values=["GET", "POST"])),
                th.Property("records_path", th.StringType),
                th.Property(
                    "page_style", th.StringType(allowed_values=["search", "none"])
                ),
                th.Property("primary_keys", th.ArrayType(th.StringType)),
                th.Property("replication_key", th.StringType),
                th.Property("query_parameters", th.ObjectType()),
                th.Property("body", th.ObjectType()),
                th.Property("schema", th.ObjectType()),
                additional_properties=False,
            ),
        ),
        title="Custom streams",
        description=(
            "Streams for other endpoints; docs/custom-streams.md describes the entries."
        ),
    ),
    th.Property(
        "v1_streams",
        th.StringType(allowed_values=["auto", "required", "off"]),
        default="auto",
        title="Streams of v1",
        description=(
            "What to do with employees, client statuses and client segments, which not "
            "every key may read. `auto`: skip those that are refused, with a warning. "
            "`required`: fail if one is refused. `off`: remove them from the catalog."
        ),
    ),
    th.Property(
        "read_details",
        th.BooleanType,
        default=False,
        title="Read details",
        description=(
            "Whether to read `client_details` and `contact_details`, which takes one "
            "request for each changed client or contact. The catalog can still "
            "deselect them."
        ),
    ),
    th.Property(
        "health_path",
        th.StringType(min_length=1),
        default="/health",
        title="Health path",
        description="Path of the connection test (`--test`) under the base URL.",
    ),
    th.Property(
        "user_agent",
        th.StringType(min_length=1),
        title="User agent",
        description=(
            "`User-Agent` header of every request. By default "
            "`tap-clientsuccess/<version>`."
        ),
    ),
    th.Property(
        "on_incomplete",
        th.StringType(allowed_values=["warn", "fail"]),
        default="warn",
        title="On incomplete",
        description=(
            "What to do if records are missing, or may be. `warn`: log a warning. "
            "`fail`: read all streams, and then exit with code 3."
        ),
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=False,
        title="Emit ACTIVATE_VERSION messages",
        description=(
            "Whether records carry a version, and a complete full read ends in an "
            "`ACTIVATE_VERSION` message, with which some targets delete the rows that "
            "no longer exist."
        ),
    ),
).to_dict()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, with defaults filled in; times in seconds, sizes in bytes."""

    auth_method: str
    api_key: str
    username: str
    password: str
    base_url: str
    v1_base_url: str
    api_key_header: str
    start_date: dt.datetime | None
    page_size: int
    concurrency: int
    lookback: dt.timedelta
    request_timeout: int
    max_retries: int
    max_response_bytes: int
    discover_custom_fields: bool
    full_read_intervals: Mapping[str, float | None]
    v1_streams: str
    read_details: bool
    health_path: str
    user_agent: str
    fails_if_incomplete: bool

    def full_read_interval(self, stream: str) -> dt.timedelta | None:
        """Return how often a stream is read in full; None for never."""
        intervals = self.full_read_intervals
        days = intervals.get(stream, intervals.get("*"))
        return None if days is None else dt.timedelta(days=days)

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> t.Self:
        """Read the settings from a configuration that `problems` found valid."""

        def value(name: str) -> t.Any:
            given = config.get(name)
            return SCHEMA["properties"][name].get("default") if given is None else given

        base_url = value("base_url").rstrip("/")
        return cls(
            auth_method=value("auth_method"),
            api_key=value("api_key") or "",
            username=value("username") or "",
            password=value("password") or "",
            base_url=base_url,
            v1_base_url=(value("v1_base_url") or _sibling_v1(base_url)).rstrip("/"),
            api_key_header=value("api_key_header"),
            start_date=parse_time(value("start_date")),
            page_size=value("page_size"),
            concurrency=value("concurrency"),
            lookback=dt.timedelta(seconds=value("lookback_seconds")),
            request_timeout=value("request_timeout"),
            max_retries=value("max_retries"),
            max_response_bytes=value("max_response_bytes"),
            discover_custom_fields=value("discover_custom_fields"),
            full_read_intervals=_full_read_intervals(
                value("full_read_interval_days") or {},
                value("custom_fields_interval_days"),
            ),
            v1_streams=value("v1_streams"),
            read_details=value("read_details"),
            health_path="/" + value("health_path").lstrip("/"),
            user_agent=value("user_agent") or f"{PACKAGE}/{package_version()}",
            fails_if_incomplete=value("on_incomplete") == "fail",
        )


def _full_read_intervals(
    given: Mapping[str, float | None], of_custom_fields: float | None
) -> dict[str, float | None]:
    # Who sets all streams at once means all of them.
    intervals = {**({} if "*" in given else FULL_READ_INTERVALS), **given}
    if of_custom_fields is not None:
        intervals.setdefault("custom_fields", of_custom_fields)
    return intervals


def _sibling_v1(base_url: str) -> str:
    """Replace the last segment of a URL's path with ``v1``."""
    parts = urlsplit(base_url)
    parent = parts.path.rpartition("/")[0]
    return urlunsplit(parts._replace(path=f"{parent}/v1"))
