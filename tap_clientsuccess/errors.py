"""What can go wrong with the API, in words that a user can act on.

Every message is one line and says what happened, where, and what to do. None holds
a header, a query, a body or a key: those carry secrets and customer data.
"""

from __future__ import annotations

import typing as t

from singer_sdk.exceptions import (
    ConfigValidationError,
    FatalAPIError,
    RetriableAPIError,
)


def config_error(*problems: str, what: str = "configuration") -> ConfigValidationError:
    """Make the error for invalid input.

    Args:
        problems: What is wrong, without values: they may be secrets.
        what: What it is wrong with.
    """
    return ConfigValidationError(f"Invalid {what}", errors=list(problems))


class ApiError(Exception):
    """A request to the API failed; its notes (`add_note`) are part of its message.

    Attributes:
        status: The HTTP status of the response, or None where none came.
        retry_after: Seconds that the server asked to wait, or None.
        stream: The stream that was being read, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.stream: str | None = None

    def in_stream(self, name: str) -> t.Self:
        """Say in the message which stream was being read."""
        self.stream = self.stream or name
        return self

    def __str__(self) -> str:
        where = f"{self.stream}: " if self.stream else ""
        return " ".join([where + super().__str__(), *getattr(self, "__notes__", ())])


class RefusedError(ApiError, FatalAPIError):
    """The API will not answer this request, however often it is sent."""


class RejectedKeyError(RefusedError):
    """The API key, or the login, is wrong, expired or lacks a permission (401, 403)."""


class NotFoundError(RefusedError):
    """Nothing is there (404, 410): a wrong base URL, or a record that was deleted."""


class MissingKeyError(ApiError):
    """The records lack the primary key that the catalog names."""


class WrongAddressError(RefusedError):
    """What is at the base URL is not the API (TLS failure, redirect, web page)."""


class TransientError(ApiError, RetriableAPIError):
    """The request may succeed when it is sent again."""


class UnreachableError(TransientError):
    """No complete response came: no connection, a time-out, a connection cut off."""


class UnavailableError(TransientError):
    """The service is down, overloaded or under maintenance (429, 5xx)."""


class UnexpectedResponseError(TransientError):
    """The response is not the JSON it should be."""
