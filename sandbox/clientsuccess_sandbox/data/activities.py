"""What is done with clients: notes, health pulses, tasks."""

from __future__ import annotations

from html import escape
from typing import Final

from clientsuccess_sandbox.data.choices import Choices
from clientsuccess_sandbox.jsontext import Record

_LONG: Final = 300


def client_note(c: Choices) -> Record:
    """Make a note about a client; some have tens of kilobytes."""
    author, email, tags = c.employee(), c.chance(0.2), c.words("tags", 2)
    people = [person for _ in range(c.below(3)) if (person := c.contact())]
    prose = c.text(6) * (_LONG if c.id % 250 == 7 else 1)  # noqa: PLR2004
    subject = c.word("subjects")
    meta = {"messageId": f"<{c.id}@mail.example>", "size": 2048}
    return {
        "id": c.id,
        "clientId": c.owner,
        "subject": f"{subject} #{c.id}",
        "note": f"<div><p>{escape(prose)}</p><ul><li>✓</li></ul>&nbsp;</div>",
        "sanitizedNote": prose,
        "author": author["name"],
        "interactionTypeId": c.count(8),
        "createdTime": c.created,
        "createdByEmployeeId": author["id"],
        "contactIds": [person["id"] for person in people],
        "employeeIds": [author["id"]],
        "tagIds": [tag["id"] for tag in tags],
        "contacts": people,
        "employees": [{key: author[key] for key in ("id", "name", "email")}],
        "tags": tags,
        "to": [_participant(c, "to", 1, line) for line in range(1, c.count(3))],
        "cc": [_participant(c, "cc", 2, line) for line in range(1, c.count(2))],
        "from": {"name": c.word("first_names"), "email": "from@vendor.example"}
        if email
        else None,
        "threadId": f"thread-{c.id}" if email else None,
        "emailMessageMeta": meta if email else None,
        "externalSystemId": None,
        "sourceId": f"s-{c.id}",
        "url": f"https://app.vendor.example/notes/{c.id}",
        "filePath": None,
        "googleCalendarEvent": None,
        "modifiedTime": c.modified,
    }


def _participant(c: Choices, role: str, type_id: int, line: int) -> Record:
    address = {"email": f"{role}{line}@client.example", "typeId": type_id}
    return {"id": line, "name": c.word("first_names"), **address}


def pulse(c: Choices) -> Record:
    """Make a health pulse."""
    disposition, risk = c.word("dispositions"), c.word("risks")
    start, current = c.decimal(100, 1), c.decimal(100, 1)
    return {
        "id": c.id,
        "uuid": c.uuid if c.chance(0.8) else None,
        "clientId": c.owner,
        "dispositionType": disposition["type"],
        "dispositionId": disposition["id"],
        "note": c.text(3),
        "nextSteps": c.text(1),
        "startingScore": start,
        "currentScore": current,
        "totalScoreChange": current - start,
        "createdTimestamp": c.created,
        "createdByEmployeeId": c.employee()["id"],
        "productId": c.product()["id"] if c.chance(0.2) else None,
        "riskLevelId": risk["id"],
        "riskLevelScore": risk["score"],
        "riskLevel": risk["level"],
        "numberOfDaysAtThisPosition": c.below(400),
        "reasonCodes": c.words("reasons", 3),
        "modifiedTime": c.modified,
    }


def task(c: Choices) -> Record:
    """Make a task."""
    status, person = c.word("task_statuses"), c.employee()
    return {
        "id": c.id,
        "uuid": c.uuid,
        "name": c.word("task_names"),
        "description": c.text(2),
        "completed": status["completed"],
        "status": {key: status[key] for key in ("id", "description")},
        "priority": c.word("priorities"),
        "dueDate": c.later(14),
        "clientId": c.owner,
        "client": c.customer("id", "name"),
        "assignedToEmployee": {
            "id": person["id"],
            "firstName": person["firstname"],
            "lastName": person["lastname"],
            "user": {"email": person["email"]},
        },
        **c.changes(),
    }
