"""What the account check asks, and in which order: the most important first."""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
import typing as t
from urllib.parse import urlsplit

from requests import Request

from tap_clientsuccess.account_check import verdict
from tap_clientsuccess.account_check.asker import Answer, Asker, OutOfRequestsError
from tap_clientsuccess.account_check.facts import Report, StreamFacts
from tap_clientsuccess.account_check.fields import (
    custom_field_types,
    limit_headers,
    names_of,
)
from tap_clientsuccess.account_check.search import SIZES, SearchCheck
from tap_clientsuccess.catalog import SCHEMAS
from tap_clientsuccess.config.settings import DEFAULT_BASE_URL, package_version
from tap_clientsuccess.custom_fields import RESOURCE_TYPES
from tap_clientsuccess.health import contradiction
from tap_clientsuccess.http.auth import KeyAuthenticator
from tap_clientsuccess.http.responses import SUCCESSES, describe_unexpected
from tap_clientsuccess.streams.custom import CustomStream
from tap_clientsuccess.streams.details import DetailStream
from tap_clientsuccess.streams.lists import ReferenceList
from tap_clientsuccess.streams.search import SearchStream
from tap_clientsuccess.timestamps import parse_http_date

if t.TYPE_CHECKING:
    from tap_clientsuccess.context import ContextTap

logger = logging.getLogger("tap-clientsuccess")

HEALTH_PATHS = (
    "/health",
    "/healthcheck",
    "/health-check",
    "/status",
    "/ping",
    "/actuator/health",
)
KEY_HEADERS = ("X-API-Key", "Authorization")
MOST_OF_CUSTOM_STREAM = 20
_NOBODY = "00000000-0000-4000-8000-000000000000"
_USUAL_PATHS = {"/api", "/v2"}
_URL = re.compile(r"\w+://\S*[^\s:;,]")
"""Of a host that the report may not name."""


class NoAccessError(Exception):
    """No API answers, or not with this key: what else is asked would tell nothing."""


class AccountCheck:
    """Asks the API what it does."""

    def __init__(self, tap: ContextTap) -> None:
        """Take the tap, whose streams say what to request; sends nothing yet."""
        self._settings = tap.context.settings
        self._asker = Asker(tap.context.client)
        self._streams = [*tap.streams.values()]
        self._report = Report(version=package_version())
        self._searches: list[SearchCheck] = []
        self._seconds: dict[str, float] = {}

    def run(self, *, shows_host: bool = False) -> Report:
        """Ask everything, and return the report; it may name the host if told so."""
        report, asker, started = self._report, self._asker, time.monotonic()
        report.base = _base(self._settings.base_url, shows_host=shows_host)
        try:
            self._ask_everything()
        except OutOfRequestsError:
            logger.warning("Requests or time are spent: the report is not complete")
        except NoAccessError as error:
            reason = str(error)
            report.reasons = [reason if shows_host else _URL.sub("URL", reason)]
        report.minutes = round((time.monotonic() - started) / 60, 2)
        report.requests, report.rate_limited = asker.sent, asker.rate_limited
        report.limit_headers, report.other_limit_headers = limit_headers(asker.headers)
        if not report.reasons:
            self._conclude()
        return report

    def _ask_everything(self) -> None:
        """Ask, the most important first."""
        streams = self._streams
        custom = [each for each in streams if isinstance(each, CustomStream)]
        others = [each for each in streams if not isinstance(each, DetailStream)]
        self._key()
        self._health()
        for stream in others:
            if isinstance(stream, SearchStream) and stream not in custom:
                self._open(stream, stream.name)
        for stream in others:
            if isinstance(stream, ReferenceList):
                self._list(stream)
        self._custom_fields()
        self._details()
        self._searches_further()
        for number, stream in enumerate(custom, 1):
            self._custom_stream(stream, f"custom stream {number}")

    def _conclude(self) -> None:
        report, settings, asker = self._report, self._settings, self._asker
        for search in self._searches:
            self._seconds[search.facts.name] = search.page_seconds
            search.conclude()
        report.settings = verdict.settings_to_use(report, settings)
        report.reasons = [*verdict.reasons(report, settings)]
        report.differs = [*verdict.differences(report)]
        # Who waited for a limit goes at its pace, with whatever concurrency.
        pace = asker.waited / max(1, asker.sent)
        pace = max(pace, settings.seconds_per_request)
        per_request = {
            name: max(seconds / settings.concurrency, pace)
            for name, seconds in self._seconds.items()
        }
        report.plan = [*verdict.plan(report, settings, per_request)]

    def _get(self, path: str, *, tries: int = 2, **params: t.Any) -> Answer:
        request = Request("GET", f"{self._settings.base_url}{path}", params=params)
        return self._asker.ask(request, tries=tries)

    def _say(self, what: str) -> None:
        sent, most = self._asker.sent, self._asker.sent + self._asker.left
        logger.info("Account check: %s (%d of at most %d requests)", what, sent, most)

    def _key(self) -> None:
        """Find out in which header the key works, and go on with that one.

        Raises:
            NoAccessError: It works in none, or nothing answers but failures.
        """
        self._say("the key")
        settings, statuses = self._settings, self._report.key
        rejection, answer = self._asker.client.authenticator.rejection, self._opens()
        if settings.auth_method != "password":
            statuses[settings.api_key_header] = answer.status
        if not answer.response:
            raise NoAccessError(answer.error)
        if answer.is_failure and self._get(settings.health_path).is_failure:
            unexpected = describe_unexpected(answer.response)
            raise NoAccessError(answer.error or unexpected)
        if verdict.refuses_key(answer.status) and not self._finds_header():
            refused = [name for name in statuses if verdict.refuses_key(statuses[name])]
            where = f"the key is refused in {' and '.join(refused)}: " * bool(refused)
            raise NoAccessError(f"{where}{rejection}")

    def _finds_header(self) -> bool:
        """Tell whether the key works in another header; if so, go on with that one."""
        given, statuses = self._settings.api_key_header, self._report.key
        others = [name for name in KEY_HEADERS if name.lower() != given.lower()]
        for header in others if statuses else ():
            # The client stays, and with it the pace.
            key = KeyAuthenticator(key=header, value=self._settings.api_key)
            self._asker.client.authenticator = key
            statuses[header] = self._opens().status
            if statuses[header] in SUCCESSES:
                return True
        return False

    def _opens(self) -> Answer:
        """Return the answer to a request for one record."""
        answers = []
        # The key may be good, and not for clients.
        for name in ("client", "contact"):
            answer = self._get(f"/{name}/search", page="0", size="1")
            headers = answer.response.headers if answer.response else {}
            if date := parse_http_date(headers.get("Date")):
                # It was cut to whole seconds.
                ahead = date - dt.datetime.now(dt.UTC) + dt.timedelta(seconds=0.5)
                self._report.clock_seconds = round(ahead.total_seconds())
            answers.append(answer)
            if not answer.is_failure and not verdict.refuses_key(answer.status):
                break
        # The first success, or else the first that tells the most.
        return max(
            answers,
            key=lambda a: (a.status in SUCCESSES, not a.is_failure, bool(a.response)),
        )

    def _health(self) -> None:
        self._say("health")
        for path in dict.fromkeys([self._settings.health_path, *HEALTH_PATHS]):
            answer = self._get(path)
            body = answer.response if answer.body is not None else None
            is_odd = body and contradiction(body)
            self._report.health[path] = None if is_odd else answer.status

    def _open(self, stream: SearchStream, name: str) -> SearchCheck:
        self._say(name)
        search = SearchCheck(stream, name, self._asker)
        self._searches.append(search)
        self._report.streams.append(search.facts)
        search.open()
        return search

    def _searches_further(self) -> None:
        way, depth = None, None
        for search in self._searches:
            search.facts.not_asked = search.facts.reachable
        for search in self._searches:
            self._say(f"how {search.facts.name} sorts and filters")
            search.compare(way)
            way = search.way or way
        for search in self._searches:
            self._say(f"how deep {search.facts.name} reads")
            search.measure_depth(depth)
            depth = search.facts.reads_to or depth
            search.facts.not_asked = False

    def _list(self, stream: ReferenceList) -> None:
        self._say(f"{stream.name} of v1")
        answer = self._asker.ask(Request("GET", stream.url))
        records, name = answer.records, stream.name
        facts = StreamFacts(name=name, status=answer.status_without_records)
        if records is not None:
            facts.reachable, facts.status = True, answer.status
            facts.records = len(records)
            facts.read = "in one request"
            facts.seconds = round(answer.seconds, 3)
            sampled = records[: SIZES[0]]
            facts.without_key = sum(
                not isinstance(each, dict) or each.get("id") is None for each in sampled
            )
            facts.fields = names_of(sampled, SCHEMAS.fetch_schema(name))
        self._seconds[name] = answer.seconds
        self._report.v1.append(facts)

    def _custom_fields(self) -> None:
        self._say("custom fields")
        types: list[t.Any] = []
        report = self._report
        for resource in RESOURCE_TYPES:
            answer = self._get(f"/customfield/all/{resource}")
            records = answer.records
            self._seconds["custom_fields"] = answer.seconds
            if records is None:
                report.custom_fields_refused[resource] = answer.status_without_records
                continue
            report.custom_fields[resource] = len(records)
            types += [r.get("fieldTypeName") for r in records if isinstance(r, dict)]
        found = custom_field_types(types)
        report.custom_field_types, report.other_custom_field_types = found

    def _details(self) -> None:
        """Ask for a client that nobody has: what does the API answer then?"""
        answer = self._get(f"/client/{_NOBODY}", tries=1)
        self._seconds |= dict.fromkeys(verdict.DETAILS.values(), answer.seconds)
        if answer.status is not None:
            is_null = answer.body is not None and answer.body.strip() == b"null"
            self._report.missing_detail = "null" if is_null else str(answer.status)

    def _custom_stream(self, stream: CustomStream, name: str) -> None:
        self._asker.left = MOST_OF_CUSTOM_STREAM
        try:
            search = self._open(stream, name)
            search.compare(None)
            search.measure_depth(None)
        except OutOfRequestsError:
            self._searches[-1].facts.not_asked = True


def _base(url: str, *, shows_host: bool) -> str:
    """Return the base URL, without the host that tells whose it is."""
    if shows_host or url == DEFAULT_BASE_URL:
        return url
    path = urlsplit(url).path
    return f"<host>{path if path in _USUAL_PATHS else '/<path>'}"
