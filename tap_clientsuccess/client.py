"""The base of all streams: how one asks the API, and what becomes of its records."""

from __future__ import annotations

import logging
import re
import typing as t
from collections import Counter
from functools import cached_property

from tap_clientsuccess.conform import Conformer
from tap_clientsuccess.custom_fields import AccountSchema
from tap_clientsuccess.emission import EmittingStream
from tap_clientsuccess.errors import ApiError
from tap_clientsuccess.http.responses import decoded
from tap_clientsuccess.schema_source import SCHEMAS

if t.TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.config.settings import Settings
    from tap_clientsuccess.custom_fields import CustomFields
    from tap_clientsuccess.http.auth import KeyAuthenticator, LoginAuthenticator
    from tap_clientsuccess.http.client import Client, Result
    from tap_clientsuccess.http.thread_pool import ThreadPool

T = t.TypeVar("T")


_MOST_NOTICES = 100
_TOO_DEEP = "a record that is nested too deep is left out"
_PLAIN_NAME = re.compile(r"[\w$-]{1,60}((\.|\[\]\.?)[\w$-]{0,60}){0,9}", re.ASCII)


class ClientSuccessStream(EmittingStream):
    """A stream of ClientSuccess; a page token is a `PageRequest`."""

    primary_keys: t.Sequence[str] = ("id",)
    schema: t.ClassVar[AccountSchema] = AccountSchema(SCHEMAS)
    custom_fields_of: str | None = None
    """The type of resource whose custom fields the records have in ``custom``."""

    @property
    def client(self) -> Client:
        """What sends requests, one for all streams."""
        return self._tap.context.client

    @property
    def settings(self) -> Settings:
        """The tap's settings."""
        return self._tap.context.settings

    @property
    def thread_pool(self) -> ThreadPool:
        """What runs requests at once, shared by all streams."""
        return self._tap.context.thread_pool

    @property
    def custom_fields(self) -> CustomFields:
        """The account's custom fields."""
        return self._tap.context.custom_fields

    @property
    def url_base(self) -> str:
        """The base URL, without a slash at its end."""
        return self.settings.base_url

    @property
    def authenticator(self) -> KeyAuthenticator | LoginAuthenticator:
        """What puts the key, or a login's token, into the header."""
        return self.client.authenticator

    @property
    def requests_session(self) -> requests.Session:
        """The session of the whole tap."""
        return self.client.session

    def request(self, request: HTTPRequest, read: Callable[[t.Any], T]) -> Result[T]:
        """Send a request, with retries, and read the JSON; see `Client.request`.

        Raises:
            ApiError: With the stream's name in it.
        """
        try:
            return self.client.request(request, decoded(read))
        except ApiError as error:
            raise error.in_stream(self.name) from None

    def key_of(self, record: t.Any) -> Hashable:
        """Return a record's primary key, or None where it has none."""
        if not isinstance(record, dict):
            return None
        if len(self.primary_keys) == 1:
            value = record.get(self.primary_keys[0])
            return None if isinstance(value, (dict, list)) else value
        values = tuple(record.get(name) for name in self.primary_keys)
        if not values or any(
            value is None or isinstance(value, (dict, list)) for value in values
        ):
            return None
        return values

    def keys_of(self, records: list[t.Any]) -> list[Hashable]:
        """Return the primary keys of the records that have one."""
        if len(self.primary_keys) == 1:
            (name,) = self.primary_keys
            try:
                keys = [record[name] for record in records]
            except (KeyError, TypeError):
                keys = []
            if {*map(type, keys)} == {int}:
                return keys
        return [key for key in map(self.key_of, records) if key is not None]

    def post_process(
        self,
        row: Record,
        context: Context | None = None,  # noqa: ARG002
    ) -> Record | None:
        """Bring a record to its schema; leave out one that no target could store."""
        try:
            conformed = self._conformer(row)
        except RecursionError:
            self.notice(_TOO_DEEP)
            return None
        if self.primary_keys and self.key_of(conformed) is None:
            self.notice(
                f"a record without its primary key {self._key_names} is left out"
            )
            return None
        return conformed

    def _write_record_message(self, record: Record) -> None:
        try:
            super()._write_record_message(record)
        except RecursionError:
            self.notice(_TOO_DEEP)

    @property
    def _key_names(self) -> str:
        return ", ".join(self.primary_keys)

    @cached_property
    def _conformer(self) -> Conformer:
        return Conformer(
            self.effective_schema,
            report=lambda path, in_part: self.notice(
                f"the value of {_shown(path)} is not of the declared type; "
                f"{'a part of it' if in_part else 'null'} is sent"
            ),
            unknown=lambda name: self.notice(
                f"the field {_shown(name)} is not in the catalog and is left out; "
                "discover again, or ask for it in an issue"
            ),
        )

    @cached_property
    def _notices(self) -> Counter[str]:
        return Counter()

    def notice(self, what: str) -> None:
        """Warn of something about the data, once, and count it; never with a value."""
        if len(self._notices) >= _MOST_NOTICES and what not in self._notices:
            what = "there are more warnings of this kind"
        self._notices[what] += 1
        if self._notices[what] == 1:
            self.logger.warning("%s: %s", self.name, what)

    def generate_child_contexts(
        self,
        record: Record,  # noqa: ARG002
        context: Context | None,  # noqa: ARG002
    ) -> Iterable[Context | None]:
        """Return nothing: no stream has children; details are streams of their own."""
        return ()

    def tell_notices(self) -> None:
        """Say at the end how often each warning was met."""
        for what, times in self._notices.items():
            if times > 1:
                self.logger.warning("%s: %s (%d times)", self.name, what, times)
        self._notices.clear()

    def log(
        self,
        message: str,
        *args: t.Any,
        level: int = logging.INFO,
        **kwargs: t.Any,
    ) -> None:
        """Log, except that a sync failed: the command line says so, once, in full."""
        if not message.startswith("An unhandled error occurred"):
            super().log(message, *args, level=level, **kwargs)


def _shown(field: str) -> str:
    """Return a field's name for a message; a name may be data, such as an address."""
    return f"'{field}'" if _PLAIN_NAME.fullmatch(field) else "with an unusual name"
