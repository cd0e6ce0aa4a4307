"""What only API v1 lists: employees, and the statuses and segments of clients."""

from __future__ import annotations

from operator import attrgetter

from clientsuccess_sandbox.data.choices import ID, TENANT, UUID, Choices
from clientsuccess_sandbox.jsontext import Record


def employee(c: Choices) -> Record:
    """Make an employee, whose times are numbers."""
    return {
        "id": ID,
        "uuid": UUID,
        "type": "EMPLOYEE",
        "email": lambda own: own.company.employee(own.id)["email"],
        "userId": lambda own: own.id * 100,
        "title": c.word("job_titles"),
        "department": c.word("departments"),
        "roleId": c.count(4),
        "statusId": c.count(2),
        "active": c.chance(0.9),
        "firstName": lambda own: own.company.employee(own.id)["firstname"],
        "lastName": lambda own: own.company.employee(own.id)["lastname"],
        "lastUsedTime": attrgetter("times.modified"),
        "createdTime": attrgetter("times.created"),
        "modifiedTime": attrgetter("times.modified"),
    }


def client_status(_: Choices) -> Record:
    """Make a status that clients may have."""
    return {
        "id": ID,
        "code": lambda own: own.word("client_statuses")["code"],
        "description": lambda own: own.word("client_statuses")["description"],
    }


def client_segment(c: Choices) -> Record:
    """Make a segment of clients."""
    return {
        "id": ID,
        "tid": TENANT["id"],
        "title": lambda own: own.word("segments")["title"],
        "description": c.text(1),
        "defaultSuccessCycleMapId": c.count(9),
        "successCycles": [],
    }
