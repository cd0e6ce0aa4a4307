"""The base class of all streams: sends requests, drops unusable records, warns."""

from __future__ import annotations

import threading
import typing as t
from collections import Counter
from functools import cached_property

from tap_clientsuccess.catalog import SCHEMAS, is_selected
from tap_clientsuccess.errors import ApiError, MissingKeyError, counted
from tap_clientsuccess.records.record_reader import NO_RECORD, RecordReader
from tap_clientsuccess.records.schema import nullable_schema
from tap_clientsuccess.singer.progress import Outcome, Status
from tap_clientsuccess.streams.scheduled import ScheduledStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import Request
    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_clientsuccess.context import ContextTap
    from tap_clientsuccess.errors import RefusedError
    from tap_clientsuccess.http.responses import Response
    from tap_clientsuccess.records import JSONSchema
    from tap_clientsuccess.records.decoding import Find
    from tap_clientsuccess.records.record_reader import EncodedRecord

T = t.TypeVar("T")

_MOST_WARNINGS = 100
_MOST_WITHOUT_KEY = 10


class ClientSuccessStream(ScheduledStream):
    """A ClientSuccess stream: its requests, its records, and what it warns of.

    Attributes:
        refusals: What the API refused, in words for the log.
        doubts: What else keeps the read from being complete.
    """

    primary_keys: t.Sequence[str] = ("id",)
    custom_fields_of: str | None = None
    """The resource type whose custom fields are in the records' ``custom``."""
    modification_key: str = ""
    creation_key: str = ""
    """The creation time's field, for records that may lack a modification time."""
    _with_key = 0
    _without_key = 0

    def __init__(self, tap: ContextTap) -> None:
        """Create the stream."""
        self.thread_pool = tap.context.thread_pool
        self.custom_fields = tap.context.custom_fields
        self._client = tap.context.client
        self.refusals: list[str] = []
        self.doubts: set[str] = set()
        # The pool's threads read responses. What that changes of the stream is guarded
        # by `_lock`; all else belongs to the thread that syncs.
        self._lock = threading.Lock()
        self._warnings: Counter[str] = Counter()
        super().__init__(tap)

    @cached_property
    def schema(self) -> JSONSchema:
        """The stream's schema, with the account's own fields."""
        schema = SCHEMAS.get_schema(self.name)
        return self.custom_fields.added_to(schema, self.custom_fields_of)

    @property
    def effective_schema(self) -> JSONSchema:
        """The schema; the SDK would take that of the catalog as it was passed in."""
        return self.schema

    def apply_catalog(self, catalog: Catalog) -> None:
        """Apply the catalog passed in, whose schema replaces the stream's own.

        That may take requests, and a stream that is not selected there costs none.
        """
        super().apply_catalog(catalog)
        if (entry := catalog.get_stream(self.name)) and is_selected(entry):
            schema = nullable_schema(entry.schema.to_dict(), self.primary_keys)
            # A catalog that was discovered without settings lacks the account's fields.
            self.schema = self.custom_fields.added_to(schema, self.custom_fields_of)
        else:
            self.schema = {"properties": {}}

    @cached_property
    def url(self) -> str:
        """Where its records are."""
        return f"{self.settings.base_url}{self.path}"

    def fetch(self, request: Request, read: Callable[[Response], T]) -> T:
        """Send a request and read its response, with retries; see `Client.fetch`.

        Raises:
            ApiError: With the stream's name in its message.
        """
        try:
            return self._client.fetch(request, read, self.progress.requests)
        except ApiError as error:
            raise error.in_stream(self.name) from None

    def fetch_records(
        self, request: Request, find: Find | None = None
    ) -> list[EncodedRecord]:
        """Send a request, and return its records; `RecordReader.read` says what finds.

        Raises:
            ApiError: With the stream's name in its message.
        """
        with self._lock:
            reader = self.record_reader
        page = self.fetch(request, lambda response: reader.read(response.body, find))
        return page.records

    @cached_property
    def record_reader(self) -> RecordReader:
        """Turns a response body into records that fit the schema."""
        return RecordReader(
            self.effective_schema,
            primary_keys=self.primary_keys,
            time_keys=(self.modification_key, self.creation_key),
            deselected=[
                path[-1]
                for path, is_chosen in self.mask.items()
                if path[:-1] == ("properties",) and not is_chosen
            ],
            warn=self.warn_once,
        )

    def sendable(self, records: Iterable[EncodedRecord]) -> list[EncodedRecord]:
        """Drop what no target can store.

        Raises:
            MissingKeyError: Many records lack the primary key, so the key is wrong.
        """
        names = ", ".join(self.primary_keys)
        sendable = []
        for record in records:
            if record.key is not None or (not names and record.line != NO_RECORD):
                sendable.append(record)
            elif record.line == NO_RECORD:
                self.warn_once("dropped a record that is not an object")
            else:
                self.warn_once(f"dropped a record without its primary key {names}")
                self._without_key += 1
        self._with_key += len(sendable)
        if self._without_key > _MOST_WITHOUT_KEY:
            self.check_keys()
        return sendable

    def check_keys(self) -> None:
        """Check that few records, and not all of them, lack the primary key.

        Raises:
            MissingKeyError: Too many do.
        """
        dropped, sent = self._without_key, self._with_key
        if dropped > _MOST_WITHOUT_KEY or (dropped and not sent):
            raise MissingKeyError(
                f"{counted(dropped, 'lacks its', 'lack their')} primary key "
                f"{', '.join(self.primary_keys)}: "
                "check primary_keys, and discover again"
            ).in_stream(self.name)

    def note_refusal(self, what: str, error: RefusedError) -> None:
        """Warn that a part of the stream was refused: so it is not complete."""
        self.refusals.append(f"{what} was refused ({error.status})")
        self.logger.warning("Skipped %s of %s; the next sync tries again", what, error)

    def skip(self, why: str) -> None:
        """Note that nothing was read, for a reason that was logged."""
        self.outcome = Outcome(status=Status.SKIPPED, why=why)

    def note_doubt(self, what: str) -> None:
        """Warn of what keeps the read from being complete; before the next STATE."""
        self.doubts.add(what)
        self.schedule.bar(what)
        self.warn_once(what)

    def warn_once(self, what: str, times: int = 1) -> None:
        """Warn once about something in the data and count it; never pass a value."""
        for secret in filter(None, (self.settings.api_key, self.settings.password)):
            what = what.replace(secret, "***")
        with self._lock:
            if len(self._warnings) >= _MOST_WARNINGS and what not in self._warnings:
                what = "there are more warnings of this kind"
            is_new = what not in self._warnings
            self._warnings[what] += times
        if is_new:
            self.logger.warning("%s: %s", self.name, what)

    def get_replication_key_signpost(
        self,
        context: Context | None = None,
    ) -> None:
        """Set no signpost: it would be a time of the local clock."""

    def summarize_warnings(self) -> None:
        """Log at the end how often each warning occurred."""
        with self._lock:
            warnings, self._warnings = self._warnings, Counter()
        for what, times in warnings.items():
            if times > 1:
                self.logger.warning("%s: %s (%d times)", self.name, what, times)

    def log(self, message: str, *args: t.Any, **options: t.Any) -> None:
        """Log, except that the sync failed: the command line reports that once."""
        if not message.startswith("An unhandled error occurred"):
            super().log(message, *args, **options)
