"""What only API v1 lists: employees, and the statuses and segments of clients."""

from __future__ import annotations

from clientsuccess_sandbox.data.choices import TENANT, Choices
from clientsuccess_sandbox.jsontext import Record


def employee(c: Choices) -> Record:
    """Make an employee, whose times are numbers."""
    person = c.company.employee(c.id)
    return {
        "id": c.id,
        "uuid": c.uuid,
        "type": "EMPLOYEE",
        "email": person["email"],
        "userId": c.id * 100,
        "title": c.word("job_titles"),
        "department": c.word("departments"),
        "roleId": c.count(4),
        "statusId": c.count(2),
        "active": c.chance(0.9),
        "firstName": person["firstname"],
        "lastName": person["lastname"],
        "lastUsedTime": c.times.modified,
        "createdTime": c.times.created,
        "modifiedTime": c.times.modified,
    }


def client_status(c: Choices) -> Record:
    """Make a status that clients may have."""
    return {
        "id": c.id,
        "code": c.own_word("client_statuses")["code"],
        "description": c.own_word("client_statuses")["description"],
    }


def client_segment(c: Choices) -> Record:
    """Make a segment of clients."""
    return {
        "id": c.id,
        "tid": TENANT["id"],
        "title": c.own_word("segments")["title"],
        "description": c.text(1),
        "defaultSuccessCycleMapId": c.count(9),
        "successCycles": [],
    }
