"""Page numbers in a request, in its query or in its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from clientsuccess_sandbox.jsontext import decode, encode

if TYPE_CHECKING:
    from clientsuccess_sandbox.answer import Visit


def page_of(visit: Visit) -> int | None:
    """Tell which page a request asks for, page 0 if it does not say."""
    asked = dict(visit.query).get("page")
    if asked is None:
        asked = _pagination(visit).get("taskPage", 0)
    try:
        return int(asked)
    except (TypeError, ValueError):
        return None


def turn_to(visit: Visit, page: int) -> None:
    """Make a request ask for another page."""
    visit.query = [(name, value) for name, value in visit.query if name != "page"]
    visit.query.append(("page", str(page)))
    pagination = _pagination(visit)
    if pagination:
        pagination = {**pagination, "taskPage": page}
        visit.body = encode({**decode(visit.body), "pagination": pagination})


def _pagination(visit: Visit) -> dict[str, Any]:
    try:
        body = decode(visit.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    pagination = body.get("pagination") if isinstance(body, dict) else None
    return pagination if isinstance(pagination, dict) else {}
