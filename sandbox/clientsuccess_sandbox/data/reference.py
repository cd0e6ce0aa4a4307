"""The short lists of the old API: employees, client statuses and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientsuccess_sandbox.data import words
from clientsuccess_sandbox.data.company import (
    CLIENT_SEGMENTS,
    CLIENT_STATUSES,
    Company,
    Times,
)

if TYPE_CHECKING:
    from clientsuccess_sandbox.jsontext import Record

_OPTIONAL = ("title", "department", "roleId", "statusId", "active", "lastUsedTime")


def make_employee(company: Company, number: int, times: Times) -> Record:
    """Make an employee as the old API lists them."""
    dice = company.dice("employees", number)
    face = company.employee(number)
    record: Record = {
        "id": number,
        "uuid": company.uuid("employees", number),
        "type": "EMPLOYEE",
        "email": face["email"],
        "userId": 100_000 + number,
        "title": dice.pick(words.JOB_TITLES),
        "department": dice.pick(words.DEPARTMENTS),
        "roleId": dice.between(1, 4),
        "statusId": dice.between(1, 2),
        "active": dice.chance(0.9),
        "firstName": face["firstname"],
        "lastName": face["lastname"],
        "lastUsedTime": times.modified,
        "createdTime": times.created,
        "modifiedTime": times.modified,
    }
    return dice.thin(record, _OPTIONAL)


def make_status(_: Company, number: int, __: Times) -> Record:
    """Make a client status."""
    if number > len(CLIENT_STATUSES):
        return {"id": number, "code": f"X{number}", "description": f"STATUS_{number}"}
    code, description = CLIENT_STATUSES[number - 1]
    return {"id": number, "code": code, "description": description}


def make_segment(_: Company, number: int, __: Times) -> Record:
    """Make a client segment."""
    known = number <= len(CLIENT_SEGMENTS)
    title = CLIENT_SEGMENTS[number - 1] if known else f"Segment {number}"
    return {"id": number, "title": title}
