"""Client notes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.company import Company, Times
    from clientsuccess_sandbox.data.dice import Dice
    from clientsuccess_sandbox.jsontext import Record

_EMAIL = 4
_TYPES = 8
_OPTIONAL = (
    *("createdByEmployeeId", "contactIds", "employeeIds", "tagIds", "contacts"),
    *("employees", "tags", "to", "cc", "from", "externalSystemId", "sourceId"),
    *("threadId", "url", "filePath", "emailMessageMeta", "googleCalendarEvent"),
)


def make(company: Company, number: int, times: Times) -> Record:
    """Make a client note as the search gives it."""
    dice = company.dice("client_notes", number)
    text, author = dice.text(6), company.some_employee(dice)
    kind = dice.between(1, _TYPES)
    record: Record = {
        "id": number,
        "clientId": company.client_of("client_notes", number),
        "subject": f"{dice.pick(words.SUBJECTS)} #{number}",
        "note": f"<div><p>{escape(text)}</p><ul><li>✓</li></ul>&nbsp;</div>",
        "sanitizedNote": text,
        "author": company.employee(author)["name"],
        "interactionTypeId": kind,
        "createdTime": to_iso(times.created),
        "createdByEmployeeId": author,
        **_circle(company, author, dice),
        **(_message(number, dice) if kind == _EMAIL else _NO_MESSAGE),
        "externalSystemId": None,
        "sourceId": f"s-{number}",
        "url": f"https://app.vendor.example/notes/{number}",
        "filePath": None,
        "googleCalendarEvent": None,
    }
    if company.carries_modification_times("client_notes"):
        record["modifiedTime"] = to_iso(times.modified)
    return dice.thin(record, _OPTIONAL)


def _circle(company: Company, author: int, dice: Dice) -> Record:
    contacts = [_contact(company, dice) for _ in range(dice.below(3))]
    if not company.sizes["contacts"]:
        contacts = []
    tags = dice.some(range(len(words.TAGS)), 2)
    face = company.employee(author)
    return {
        "contactIds": [contact["id"] for contact in contacts],
        "employeeIds": [author],
        "tagIds": tags,
        "contacts": contacts,
        "employees": [{"id": author, "name": face["name"], "email": face["email"]}],
        "tags": [{"id": tag, "name": words.TAGS[tag]} for tag in tags],
    }


def _contact(company: Company, dice: Dice) -> Record:
    number = 1 + dice.below(max(1, company.sizes["contacts"]))
    first, last = company.contact_name(number)
    return {
        "id": number,
        "firstName": first,
        "lastName": last,
        "email": f"contact{number}@client.example",
    }


def _message(number: int, dice: Dice) -> Record:
    people = [
        {
            "id": place,
            "name": dice.pick(words.FIRST_NAMES),
            "email": f"person{place}@client.example",
            "typeId": dice.between(1, 2),
        }
        for place in range(3)
    ]
    return {
        "to": people[:2],
        "cc": people[2:],
        "from": {"name": dice.pick(words.FIRST_NAMES), "email": "from@vendor.example"},
        "threadId": f"thread-{number // 3}",
        "emailMessageMeta": {"messageId": f"<{number}@mail.example>", "size": 2048},
    }


_NO_MESSAGE: Record = {
    "to": [],
    "cc": [],
    "from": None,
    "threadId": None,
    "emailMessageMeta": None,
}
