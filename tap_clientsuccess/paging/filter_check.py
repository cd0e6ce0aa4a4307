"""Check whether the server's filter hides records that it should return."""

from __future__ import annotations

import datetime as dt
import typing as t

from tap_clientsuccess.paging.evidence import NotByTimeError
from tap_clientsuccess.paging.page import PageRequest, floor

if t.TYPE_CHECKING:
    from tap_clientsuccess.paging.page import Page, Submit

FURTHER_BACK = dt.timedelta(days=1, hours=14)
"""A day and the farthest time zone: how far off a filter may be."""

_CHECKS = 3
"""Replicas may disagree for a moment, so a missing record is checked this often."""


class FilterCheck:
    """Checks whether a record known to exist is returned again.

    A filter may compare whole days, or times in another zone.
    """

    def __init__(self, submit: Submit) -> None:
        """Begin.

        Args:
            submit: Sends a request for a page in the background.
        """
        self._submit = submit
        self._shown_by: dict[dt.datetime, PageRequest] = {}

    def remember(self, newest: dt.datetime, request: PageRequest) -> None:
        """Remember which request showed the newest record of a page."""
        self._shown_by[floor(newest)] = request

    def may_hide(self, first: Page, bookmark: dt.datetime | None) -> bool:
        """Tell whether a read's first page may lack records.

        If it does, it lacks the newest known change. (It also does if that record was
        edited since.)

        Args:
            first: The page.
            bookmark: The newest change that an earlier read has sent, if any.
        """
        known = bookmark or first.newest
        if known is None:
            return False
        if bookmark is None:
            return not self._is_returned_since(known)
        is_within = not first.has_next or (first.newest and first.newest >= known)
        return bool(is_within) and not first.shows(known)

    def check(self, since: dt.datetime) -> None:
        """Find out why the newest record of the previous page is not returned again.

        Either it was edited or deleted since, or the filter hides it, and others with
        it. The page that had it, requested again, has it or the record before it.

        Raises:
            NotByTimeError: The filter hides it.
        """
        shown_by = self._shown_by.get(floor(since))
        if shown_by is None:
            return
        for _ in range(_CHECKS):
            again = self._submit(shown_by)()
            known = max(
                (time for time in again.times if time and time <= since), default=None
            )
            if known is None or self._is_returned_since(known):
                return
        raise NotByTimeError("the server's filter hides records that it should return")

    def _is_returned_since(self, time: dt.datetime) -> bool:
        return self._submit(PageRequest.since(time))().shows(time)
