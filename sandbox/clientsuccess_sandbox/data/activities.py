"""What is done with clients: notes, health pulses, tasks."""

from __future__ import annotations

from html import escape
from typing import Final

from clientsuccess_sandbox.data.choices import (
    CHANGES,
    CREATED,
    ID,
    MODIFIED,
    OWNER,
    UUID,
    Choices,
)
from clientsuccess_sandbox.jsontext import Record

_LONG: Final = 300


def client_note(c: Choices) -> Record:
    """Make a note about a client; one variant has tens of kilobytes."""
    author, email, tags = c.employee(), c.chance(0.2), c.words("tags", 2)
    people = [person for _ in range(c.below(3)) if (person := c.contact())]
    prose = c.text(6) * (_LONG if c.is_long else 1)
    subject = c.word("subjects")
    meta = {"messageId": lambda own: f"<{own.id}@mail.example>", "size": 2048}
    return {
        "id": ID,
        "clientId": OWNER,
        "subject": lambda own: f"{subject} #{own.id}",
        "note": f"<div><p>{escape(prose)}</p><ul><li>✓</li></ul>&nbsp;</div>",
        "sanitizedNote": prose,
        "author": author["name"],
        "interactionTypeId": c.count(8),
        "createdTime": CREATED,
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
        "threadId": (lambda own: f"thread-{own.id}") if email else None,
        "emailMessageMeta": meta if email else None,
        "externalSystemId": None,
        "sourceId": lambda own: f"s-{own.id}",
        "url": lambda own: f"https://app.vendor.example/notes/{own.id}",
        "filePath": None,
        "googleCalendarEvent": None,
        "modifiedTime": MODIFIED,
    }


def _participant(c: Choices, role: str, type_id: int, line: int) -> Record:
    email = f"{role}{line}@client.example"
    return {
        "id": line,
        "name": c.word("first_names"),
        "email": email,
        "typeId": type_id,
    }


def pulse(c: Choices) -> Record:
    """Make a health pulse."""
    disposition, risk = c.word("dispositions"), c.word("risks")
    start, current = c.decimal(100, 1), c.decimal(100, 1)
    return {
        "id": ID,
        "uuid": UUID if c.chance(0.8) else None,
        "clientId": OWNER,
        "dispositionType": disposition["type"],
        "dispositionId": disposition["id"],
        "note": c.text(3),
        "nextSteps": c.text(1),
        "startingScore": start,
        "currentScore": current,
        "totalScoreChange": current - start,
        "createdTimestamp": CREATED,
        "createdByEmployeeId": c.employee()["id"],
        "productId": c.product()["id"] if c.chance(0.2) else None,
        "riskLevelId": risk["id"],
        "riskLevelScore": risk["score"],
        "riskLevel": risk["level"],
        "numberOfDaysAtThisPosition": c.below(400),
        "reasonCodes": c.words("reasons", 3),
        "modifiedTime": MODIFIED,
    }


def task(c: Choices) -> Record:
    """Make a task."""
    status, person = c.word("task_statuses"), c.employee()
    return {
        "id": ID,
        "uuid": UUID,
        "name": c.word("task_names"),
        "description": c.text(2),
        "completed": status["completed"],
        "status": {key: status[key] for key in ("id", "description")},
        "priority": c.word("priorities"),
        "dueDate": lambda own: own.later(14),
        "clientId": OWNER,
        "client": lambda own: own.customer("id", "name"),
        "assignedToEmployee": {
            "id": person["id"],
            "firstName": person["firstname"],
            "lastName": person["lastname"],
            "user": {"email": person["email"]},
        },
        **CHANGES,
    }
