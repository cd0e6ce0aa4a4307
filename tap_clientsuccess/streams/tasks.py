"""Tasks: a search whose pages are asked for in the body."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.pages import PageRequest
from tap_clientsuccess.streams.search import PagedStream

if t.TYPE_CHECKING:
    from singer_sdk.streams.rest import HTTPRequest, PageContext


class Tasks(PagedStream):
    """What the employees have to do, done or not (a public MCP server).

    No filter by time is known, so all tasks are read at every sync.
    """

    name = "tasks"
    path = "/task/all"
    http_method = "POST"
    is_newest_first = False

    def get_http_request(self, *, page: PageContext[PageRequest]) -> HTTPRequest:
        """Ask for one page of all tasks."""
        request = super().get_http_request(page=page)
        number, size = page.next_page_token or PageRequest(0)
        request.data = {
            "filterBy": {"affiliationTask": "ALL_TASKS"},
            "pagination": {
                "taskPage": number,
                "taskSize": size or self.settings.page_size,
            },
            "sortBy": [{"key": "dueDate", "value": "asc"}],
        }
        return request
