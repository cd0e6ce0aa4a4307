"""Tasks: a search whose page is in the request body."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.streams.search import SearchStream

if t.TYPE_CHECKING:
    from singer_sdk.streams.rest import HTTPRequest

    from tap_clientsuccess.paging.page import PageRequest


class Tasks(SearchStream):
    """Tasks of the employees, done or not (source: a public MCP server).

    No filter by time is known, so every sync reads all tasks.
    """

    name = "tasks"
    path = "/task/all"
    http_method = "POST"
    replication_key = None
    creation_key = "createdTime"
    reads_by_time = False

    def request_for(self, wanted: PageRequest) -> HTTPRequest:
        """Return the request for a page."""
        request = super().request_for(wanted)
        request.params = {}
        request.data = {
            "filterBy": {"affiliationTask": "ALL_TASKS"},
            "pagination": {
                "taskPage": wanted.number,
                "taskSize": wanted.size or self.settings.page_size,
            },
            "sortBy": [{"key": "dueDate", "value": "asc"}],
        }
        return request
