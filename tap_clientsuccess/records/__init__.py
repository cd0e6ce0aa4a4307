"""Records: decoded once, validated, coerced where they are odd, and encoded once.

`RecordReader.read` takes the body of a response and returns a `Found`: the envelope's
counts, and an `EncodedRecord` for each record, with its JSON as a RECORD message holds
it, its primary key and its times. Nothing in here knows of HTTP, Singer or the SDK.
"""

from __future__ import annotations

import typing as t

JSONSchema = dict[str, t.Any]
