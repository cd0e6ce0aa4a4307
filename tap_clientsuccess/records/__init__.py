"""Records: validated, coerced and, where nothing is odd, passed on as they came.

`RecordReader.read` takes the body of a response and returns a `Found`: records
that `msgspec` encodes to what the RECORD messages hold, their primary keys, and their
times. Nothing in here knows of HTTP, Singer or the SDK.
"""

from __future__ import annotations

import typing as t

JSONSchema = dict[str, t.Any]
