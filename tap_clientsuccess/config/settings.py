"""The settings, each declared once.

To add one, add a field: the JSON schema comes from it, `make docs` writes the rest.
"""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin

from singer_sdk import typing as th

from tap_clientsuccess.config import checks
from tap_clientsuccess.config.field import json_schema, setting, values
from tap_clientsuccess.timestamps import parse_time

if t.TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "tap-clientsuccess"
DISTRIBUTION = "singer-tap-clientsuccess"  # Its name on PyPI.
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
"""Defaults of `full_read_interval_days`."""
_MEBIBYTE = 2**20
_TEXT = th.StringType(min_length=1)
_STREAM = th.StringType(min_length=1, max_length=LONGEST_STREAM)
_DAYS = th.CustomType({"type": ["number", "null"], "minimum": 0, "maximum": 3650})


def package_version() -> str:
    """Return the version of the installed tap."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+unknown"


def _text(value: str | None) -> str:
    return value or ""


def _without_slash(url: str | None) -> str:
    return _text(url).rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, with defaults filled in; times in seconds, sizes in bytes."""

    auth_method: str = setting(
        th.StringType(allowed_values=["api_key", "password"]),
        "Authentication method",
        "`api_key`, or `password` for accounts without a key: the tap logs in with "
        "`username` and `password`.",
        default="api_key",
    )
    api_key: str = setting(
        _TEXT,
        "API key",
        "The API key, created in ClientSuccess under Settings. Sent with every "
        "request, only to the hosts of `base_url` and `v1_base_url`. Required unless "
        "`auth_method` is `password`.",
        secret=True,
        read=_text,
        check=checks.api_key,
    )
    username: str = setting(
        _TEXT,
        "User name",
        "The user name to log in with, for `auth_method: password`.",
        read=_text,
    )
    password: str = setting(
        _TEXT,
        "Password",
        "The password of `username`, with `auth_method: password`.",
        secret=True,
        read=_text,
    )
    base_url: str = setting(
        _TEXT,
        "Base URL",
        "Base URL of the API: the default, or "
        "`https://<company>.clientsuccess.com/api`. Must use https, except for "
        "loopback addresses.",
        default=DEFAULT_BASE_URL,
        read=_without_slash,
        check=checks.url,
    )
    v1_base_url: str = setting(
        _TEXT,
        "Base URL of v1",
        "Base URL of API v1 (employees, client statuses, client segments, "
        "subscriptions, login). By default `base_url` with `v1` as its last segment.",
        read=_without_slash,
        check=checks.url,
    )
    api_key_header: str = setting(
        _TEXT,
        "API key header",
        "Header for the key: `X-API-Key`, or `Authorization` for keys of Open API v2.",
        default="X-API-Key",
        check=checks.header_name,
    )
    start_date: dt.datetime | None = setting(
        th.DateTimeType,
        "Start date",
        "Earliest modification time to read, such as `2024-01-01T00:00:00Z`. Without "
        "it, everything is read.",
        read=parse_time,
        check=checks.time,
    )
    page_size: int = setting(
        th.IntegerType(minimum=1, maximum=1000),
        "Page size",
        "Records per page, 1 to 1000. The server may return fewer.",
        default=200,
    )
    concurrency: int = setting(
        th.IntegerType(minimum=1, maximum=32),
        "Concurrency",
        "Maximum number of concurrent requests, 1 to 32. The tap sends fewer while the "
        "server limits the rate.",
        default=4,
    )
    requests_per_minute: int | None = setting(
        th.IntegerType(minimum=10, maximum=100_000),
        "Requests per minute",
        "Maximum number of requests that begin in a minute (10 or more), evenly "
        "spread, for accounts whose rate limit is shared with others. Retries and "
        "logins count as well. By default there is no limit.",
    )
    lookback_seconds: int = setting(
        th.IntegerType(minimum=0, maximum=31_536_000),
        "Lookback (seconds)",
        "Seconds before the bookmark at which an incremental sync starts, to catch "
        "records that became visible late.",
        default=300,
    )
    request_timeout: int = setting(
        th.IntegerType(minimum=1, maximum=3600),
        "Request timeout (seconds)",
        "Seconds that a request may take, including the whole response.",
        default=60,
    )
    max_retries: int = setting(
        th.IntegerType(minimum=0, maximum=100),
        "Maximum retries",
        "How often a request is retried after a timeout, a connection error, a 429, a "
        "5xx or a response that is not JSON.",
        default=8,
    )
    max_response_bytes: int = setting(
        th.IntegerType(minimum=_MEBIBYTE),
        "Maximum response (bytes)",
        "Maximum size of a response in bytes, after decompression. A larger one is an "
        "error, as is one that needs more than twice this much memory.",
        default=32 * _MEBIBYTE,
    )
    discover_custom_fields: bool = setting(
        th.BooleanType,
        "Discover custom fields",
        "Whether discovery reads the account's custom fields, which become typed "
        "properties of `custom`. If it cannot, it fails.",
        default=True,
    )
    full_read_interval_days: dict[str, float | None] = setting(
        th.ObjectType(additional_properties=_DAYS),
        "Full read interval (days)",
        "Days between two full reads of a stream, which find what an incremental "
        "sync cannot see: scores, deletes, new columns. Maps stream names to days; "
        "`*` covers the streams that it does not name, which else keep their default. "
        "`0` means every run, `null` never. `tasks`, the lists of v1, and custom "
        "streams without a `replication_key` have no interval: every run reads them "
        "in full. "
        f"By default `{json.dumps(FULL_READ_INTERVALS)}`.",
        read=lambda given: given or {},
    )
    custom_streams: list[dict[str, t.Any]] | None = setting(
        th.ArrayType(
            th.ObjectType(
                th.Property("name", _STREAM, required=True),
                th.Property("path", _TEXT, required=True),
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
        "Custom streams",
        "Streams for other endpoints; docs/custom-streams.md describes the entries.",
    )
    v1_streams: str = setting(
        th.StringType(allowed_values=["auto", "required", "off"]),
        "Streams of v1",
        "What to do with employees, client statuses, client segments and "
        "subscriptions, which not every key may read. `auto`: skip those that are "
        "refused, with a warning. `required`: fail if one is refused. `off`: remove "
        "them from the catalog.",
        default="auto",
    )
    read_details: bool = setting(
        th.BooleanType,
        "Read details",
        "Whether to read `client_details` and `contact_details`, which takes one "
        "request for each changed client or contact. The catalog can still deselect "
        "them.",
        default=False,
    )
    health_path: str = setting(
        _TEXT,
        "Health path",
        "Path of the connection test (`--test`) under the base URL.",
        default="/health",
        read=lambda path: "/" + path.lstrip("/"),
    )
    user_agent: str = setting(
        _TEXT,
        "User agent",
        "`User-Agent` header of every request. By default "
        "`tap-clientsuccess/<version>`.",
        read=lambda given: given or f"{PACKAGE}/{package_version()}",
    )
    on_incomplete: str = setting(
        th.StringType(allowed_values=["warn", "fail"]),
        "On incomplete",
        "What to do if records are missing, or may be. `warn`: log a warning. `fail`: "
        "read all streams, and then exit with code 3, until three reads lack the same "
        "records: then the server's total is taken to be wrong, and the code is 0.",
        default="warn",
    )
    quiet: bool = setting(
        th.BooleanType,
        "Quiet",
        "Whether the log has only warnings, errors, and the first and the last line of "
        "a run.",
        default=False,
    )
    emit_activate_version_messages: bool = setting(
        th.BooleanType,
        "Emit ACTIVATE_VERSION messages",
        "Whether records carry a version, and a complete full read ends in an "
        "`ACTIVATE_VERSION` message, with which some targets delete the rows that no "
        "longer exist.",
        default=False,
    )

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> t.Self:
        """Read the settings from a configuration that `problems` found valid."""
        found = values(cls, config)
        # In place of the last segment.
        found["v1_base_url"] = found["v1_base_url"] or urljoin(found["base_url"], "v1")
        return cls(**found)

    @property
    def lookback(self) -> dt.timedelta:
        """`lookback_seconds`."""
        return dt.timedelta(seconds=self.lookback_seconds)

    @property
    def seconds_per_request(self) -> float:
        """Seconds between the starts of two requests, by `requests_per_minute`."""
        return 60 / self.requests_per_minute if self.requests_per_minute else 0.0

    def full_read_interval(self, stream: str) -> dt.timedelta | None:
        """Return how often a stream is read in full; None for never."""
        given = self.full_read_interval_days
        # Who sets all streams at once means all of them.
        intervals = {**({} if "*" in given else FULL_READ_INTERVALS), **given}
        days = intervals.get(stream, intervals["*"])
        return None if days is None else dt.timedelta(days=days)


SCHEMA = json_schema(Settings)
