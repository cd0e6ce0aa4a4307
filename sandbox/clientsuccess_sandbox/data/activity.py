"""Client notes, pulses, tasks, and the employees who write them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.company import Company
    from clientsuccess_sandbox.data.seeded import Random
    from clientsuccess_sandbox.jsontext import Record

_EMAIL = 4
_LONG = 7
_DISPOSITIONS = (
    *("EXTREMELY_SATISFIED", "VERY_SATISFIED", "FAIRLY_SATISFIED"),
    *("SOME_RISK", "HIGH_RISK", "SEVERE_RISK"),
)
_OLD_DISPOSITIONS = (
    *("NEUTRAL", "FAIRLY_DISSATISFIED", "VERY_DISSATISFIED"),
    *("AT_RISK", "LOW_RISK", "NO_SCORE"),
)
_TASK_STATUSES = ("NOT_STARTED", "IN_PROGRESS", "COMPLETE")
_PRIORITIES = ("Low", "Medium", "High")
_NO_MESSAGE: Record = {
    "to": [],
    "cc": [],
    "from": None,
    "threadId": None,
    "emailMessageMeta": None,
}


def note(company: Company, random: Random, number: int) -> Record:
    """Make a client note."""
    text, author = random.text(6, long=number == _LONG), company.some_employee(random)
    kind = 1 + random.below(8)
    contacts = [_contact(company, random) for _ in range(random.below(3))]
    if not company.sizes["contacts"]:
        contacts = []
    tags = random.some(range(len(words.TAGS)), 2)
    record: Record = {
        "id": "<<id>>",
        "clientId": "<<owner>>",
        "subject": f"{random.pick(words.SUBJECTS)} #<<id>>",
        "note": f"<div><p>{escape(text)}</p><ul><li>✓</li></ul>&nbsp;</div>",
        "sanitizedNote": text,
        "author": author["name"],
        "interactionTypeId": kind,
        "createdTime": "<<created>>",
        "createdByEmployeeId": author["id"],
        "contactIds": [contact["id"] for contact in contacts],
        "employeeIds": [author["id"]],
        "tagIds": tags,
        "contacts": contacts,
        "employees": [{key: author[key] for key in ("id", "name", "email")}],
        "tags": [{"id": tag, "name": words.TAGS[tag]} for tag in tags],
        **(_message(random) if kind == _EMAIL else _NO_MESSAGE),
        "externalSystemId": None,
        "sourceId": "s-<<id>>",
        "url": "https://app.vendor.example/notes/<<id>>",
        "filePath": None,
        "googleCalendarEvent": None,
        "modifiedTime": "<<modified>>",
    }
    always = ("subject", "note", "sanitizedNote", "author", "interactionTypeId")
    return random.thin(record, *always)


def pulse(company: Company, random: Random, _: int) -> Record:
    """Make a pulse."""
    place, old = random.below(len(_DISPOSITIONS)), random.chance(0.1)
    start, current = random.decimal(100, 1), random.decimal(100, 1)
    level = random.below(3)
    product = 1 + random.below(company.sizes["products"])
    record: Record = {
        "id": "<<id>>",
        # A pulse may be without one.
        "uuid": None if random.chance(0.1) else "<<uuid>>",
        "clientId": "<<owner>>",
        "dispositionType": random.pick(_OLD_DISPOSITIONS)
        if old
        else _DISPOSITIONS[place],
        "dispositionId": None if old else place + 1,
        "note": random.text(3),
        "nextSteps": random.text(1),
        "startingScore": start,
        "currentScore": current,
        "totalScoreChange": current - start,
        "createdTimestamp": "<<created>>",
        "createdByEmployeeId": company.some_employee(random)["id"],
        "productId": product if random.chance(0.2) else None,
        "riskLevelId": level + 1,
        "riskLevelScore": level * 10 + 10,
        "numberOfDaysAtThisPosition": random.below(400),
        "riskLevel": ("LOW", "MEDIUM", "HIGH")[level],
        "reasonCodes": [
            {
                "id": place + 1,
                "categoryId": place % 3 + 1,
                "categoryName": ("Product", "People", "Money")[place % 3],
                "name": words.REASONS[place],
                "description": None,
                "reasonFactor": place % 5,
                "sequence": place,
            }
            for place in random.some(range(len(words.REASONS)), 3)
        ],
        "modifiedTime": "<<modified>>",
    }
    return random.thin(record, "dispositionType")


def task(company: Company, random: Random, _: int) -> Record:
    """Make a task."""
    face = company.some_employee(random)
    status = random.below(len(_TASK_STATUSES))
    priority = random.below(len(_PRIORITIES))
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "name": random.pick(words.TASK_NAMES),
        "description": random.text(2),
        "completed": _TASK_STATUSES[status] == "COMPLETE",
        "status": {"id": status + 1, "description": _TASK_STATUSES[status]},
        "priority": {"id": priority + 1, "code": _PRIORITIES[priority]},
        "dueDate": "<<later>>",
        "clientId": "<<owner>>",
        "client": "<<owner_name>>",
        "assignedToEmployee": {
            "id": face["id"],
            "firstName": face["firstname"],
            "lastName": face["lastname"],
            "user": {"email": face["email"]},
        },
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
    }
    return random.thin(record, "completed", "priority")


def employee(_: Company, random: Random, __: int) -> Record:
    """Make an employee as the old API lists them."""
    record: Record = {
        "id": "<<id>>",
        "uuid": "<<uuid>>",
        "type": "EMPLOYEE",
        "email": "employee<<id>>@vendor.example",
        "userId": "<<id>>00",
        "title": random.pick(words.JOB_TITLES),
        "department": random.pick(words.DEPARTMENTS),
        "roleId": 1 + random.below(4),
        "statusId": 1 + random.below(2),
        "active": random.chance(0.9),
        "firstName": "<<employee_first>>",
        "lastName": "<<employee_last>>",
        "lastUsedTime": "<<modified>>",
        "createdTime": "<<created>>",
        "modifiedTime": "<<modified>>",
    }
    return random.thin(record, "type", "email", "userId")


def _contact(company: Company, random: Random) -> Record:
    number, first, last = company.some_contact(random)
    return {
        "id": number,
        "firstName": first,
        "lastName": last,
        "email": f"contact{number}@client.example",
    }


def _message(random: Random) -> Record:
    people = [
        {
            "id": place,
            "name": random.pick(words.FIRST_NAMES),
            "email": f"person{place}@client.example",
            "typeId": 1 + place % 2,
        }
        for place in range(3)
    ]
    return {
        "to": people[:2],
        "cc": people[2:],
        "from": {"name": people[0]["name"], "email": "from@vendor.example"},
        "threadId": "thread-<<id>>",
        "emailMessageMeta": {"messageId": "<<<id>>@mail.example>", "size": 2048},
    }
