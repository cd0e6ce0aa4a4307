"""What can go wrong with the API, in words that a user can act on.

Every message is one line and tells what happened, where, and what to do. None holds
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
    """Make the error for input that is not as it must be.

    Args:
        problems: What is wrong, without values: they may be secrets.
        what: What they are wrong with.
    """
    return ConfigValidationError(f"Invalid {what}", errors=list(problems))


class ApiError(Exception):
    """An exchange with the API failed.

    Attributes:
        status: The HTTP status of the answer, or None where there was none.
        stream: The stream that was being read, where there is one.
    """

    status: int | None = None
    stream: str | None = None

    def in_stream(self, name: str) -> t.Self:
        """Tell in the message which stream was being read."""
        self.stream = self.stream or name
        return self

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.stream}: {text}" if self.stream else text


class RefusedError(ApiError, FatalAPIError):
    """The API will not answer this request, however often it is sent."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RejectedKeyError(RefusedError):
    """The API key, or the login, is wrong, expired or lacks a permission (401, 403)."""


class NotFoundError(RefusedError):
    """Nothing is there (404, 410): a wrong base URL, or a record that was deleted."""


class WrongAddressError(RefusedError):
    """What answers at the base URL is not the API (TLS failure, redirect, web page)."""


class TransientError(ApiError, RetriableAPIError):
    """The request may succeed when it is sent again.

    Attributes:
        retry_after: Seconds that the server asked to wait, or None.
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


class UnreachableError(TransientError):
    """No whole answer came: no connection, a time-out, a connection cut off."""


class UnavailableError(TransientError):
    """The service is down, overloaded or under maintenance (429, 5xx)."""


class UnexpectedAnswerError(TransientError):
    """The answer is not the JSON it should be."""
