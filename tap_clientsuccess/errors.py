"""Errors that a user can act on.

Each message is one line: what happened, where, and what to do. None contains a header,
a query, a body or a key, as those carry secrets and customer data.
"""

from __future__ import annotations

import re
import typing as t

from singer_sdk.exceptions import ConfigValidationError


def config_error(*problems: str, what: str = "configuration") -> ConfigValidationError:
    """Create the error for invalid input.

    Args:
        problems: What is wrong, without values: they may be secrets.
        what: What is invalid, such as a "catalog".
    """
    return ConfigValidationError(f"Invalid {what}", errors=list(problems))


_LONG_WORD = re.compile(r"\S{500,}")
_SHOWN_OF_WORD = 100
_LONGEST = 2000


def printable(text: str) -> str:
    """Make a text fit to be shown, such as one with a name of 20,000 characters."""
    # Half of a surrogate pair could not be written.
    text = text.encode(errors="backslashreplace").decode()
    text = _LONG_WORD.sub(
        lambda word: f"{word[0][:_SHOWN_OF_WORD]}... ({len(word[0])} characters)", text
    )
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} ... ({len(text)} characters) ... {text[-half:]}"


class IncompleteError(Exception):
    """All streams were read, and records are missing, or may be."""


def counted(number: int, one: str = "", many: str = "") -> str:
    """Return a number of records in words, with what follows: "2,000 records are"."""
    words = f"record {one}" if number == 1 else f"records {many}"
    return f"{number:,} {words.rstrip()}"


class ApiError(Exception):
    """A request to the API failed. Its notes (`add_note`) are part of its message.

    Attributes:
        status: The HTTP status of the response; None without a response.
        retry_after: Seconds that the server asked to wait; 0 if it did not.
        stream: The stream that was being read, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.stream: str | None = None

    def in_stream(self, name: str) -> t.Self:
        """Add the stream that was being read to the message."""
        self.stream = self.stream or name
        return self

    def __str__(self) -> str:
        where = f"{self.stream}: " if self.stream else ""
        return " ".join([where + super().__str__(), *getattr(self, "__notes__", ())])


class RefusedError(ApiError):
    """The API refuses this request; a retry will not help."""


class RejectedKeyError(RefusedError):
    """The API key, or the login, is wrong, expired or lacks a permission (401, 403)."""


class NotFoundError(RefusedError):
    """Not found (404, 410): a wrong base URL, or a deleted record."""


class MissingKeyError(ApiError):
    """The records lack the primary key that the catalog names."""


class WrongAddressError(RefusedError):
    """The base URL is not the API's, or its certificate cannot be verified."""


class TransientError(ApiError):
    """A retry may succeed."""


class UnreachableError(TransientError):
    """No complete response: no connection, no TLS, a timeout, a dropped connection."""


class UnavailableError(TransientError):
    """The service is down, overloaded or under maintenance (429, 5xx)."""


class UnexpectedResponseError(TransientError):
    """The response is not the expected JSON, or not valid HTTP."""


class UnexpectedBodyError(ValueError):
    """A body is not the expected JSON: the server's fault, not ours."""
