"""How routes answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from clientsuccess_sandbox.answer import JSON, phrase_of
from clientsuccess_sandbox.jsontext import decode, encode

if TYPE_CHECKING:
    from starlette.requests import Request

    from clientsuccess_sandbox.backend import Backend

T = TypeVar("T")


class Json(Response):
    """A JSON answer that keeps every digit of a decimal."""

    media_type = JSON

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return encode(content)


def backend(request: Request) -> Backend:
    """Give what the routes share."""
    return cast("Backend", request.app.state.backend)


async def json_body(request: Request) -> Any:
    """Read a request's JSON body.

    Raises:
        HTTPException: It is no JSON.
    """
    try:
        return decode(await request.body() or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise HTTPException(400, "The body is no JSON.") from None


async def body_as(request: Request, wanted: type[T]) -> T:
    """Read a request's JSON body as a type.

    Raises:
        HTTPException: It is something else; the message says what.
    """
    try:
        return msgspec.json.decode(await request.body(), type=wanted)
    except msgspec.DecodeError as problem:
        raise HTTPException(400, str(problem)) from None


async def error(_: Request, problem: Exception) -> Response:
    """Say what is wrong in the words of the API."""
    if not isinstance(problem, HTTPException):
        raise problem
    message = problem.detail or phrase_of(problem.status_code)
    return Json({"userMessage": message}, problem.status_code, headers=problem.headers)
