"""Errors of stream maps, in one line that names stream, expression and cause."""

from __future__ import annotations

import traceback

from simpleeval import InvalidExpression
from singer_sdk.exceptions import ConfigValidationError, MappingError

from tap_clientsuccess.errors import ApiError, config_error

# The text of others may quote a record, as in "invalid literal for int(): 'ACME'".
_WITHOUT_DATA = (InvalidExpression, MappingError, NotImplementedError, SyntaxError)


def stream_map_error(error: Exception) -> Exception:
    """Describe an error that setting up or applying a stream map has raised.

    The SDK's errors name neither the stream nor the cause, and errors of Python, such
    as `TypeError`, not even the expression. These are in the frames that raised them.
    """
    if isinstance(error, (ApiError, ConfigValidationError)):
        return error
    stream = expression = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        names = frame.f_locals
        stream = names.get("stream_alias") or getattr(
            names.get("self"), "stream_alias", stream
        )
        expression = names.get("expr") or names.get("prop_def") or expression
    cause = error.__cause__ or error
    text = f": {cause}" if isinstance(cause, (*_WITHOUT_DATA, TypeError)) else ""
    where = f"stream_maps.{stream}" if stream else "stream_maps"
    what = f"{expression!r} fails: " if expression else ""
    return config_error(f"{where}: {what}{type(cause).__name__}{text}")
