"""Tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientsuccess_sandbox.clock import to_iso
from clientsuccess_sandbox.data import words

if TYPE_CHECKING:
    from clientsuccess_sandbox.data.company import Company, Times
    from clientsuccess_sandbox.jsontext import Record

_DAY = 24 * 3600 * 1000
_STATUSES = ("NOT_STARTED", "IN_PROGRESS", "COMPLETE")
_PRIORITIES = ("Low", "Medium", "High")
_OPTIONAL = ("description", "dueDate", "client", "assignedToEmployee", "createdTime")


def make(company: Company, number: int, times: Times) -> Record:
    """Make a task as the search gives it."""
    dice = company.dice("tasks", number)
    owner = company.client_of("tasks", number)
    status, priority = dice.below(len(_STATUSES)), dice.below(len(_PRIORITIES))
    record: Record = {
        "id": number,
        "uuid": company.uuid("tasks", number),
        "name": dice.pick(words.TASK_NAMES),
        "description": dice.text(2),
        "completed": _STATUSES[status] == "COMPLETE",
        "status": {"id": status + 1, "description": _STATUSES[status]},
        "priority": {"id": priority + 1, "code": _PRIORITIES[priority]},
        "dueDate": to_iso(times.created + dice.between(1, 90) * _DAY),
        "clientId": owner,
        "client": owner and {"id": owner, "name": company.client(owner).name},
        "assignedToEmployee": _assignee(company, company.some_employee(dice)),
        "createdTime": to_iso(times.created),
        "modifiedTime": to_iso(times.modified),
    }
    return dice.thin(record, _OPTIONAL)


def _assignee(company: Company, number: int) -> Record:
    face = company.employee(number)
    return {
        "id": number,
        "firstName": face["firstname"],
        "lastName": face["lastname"],
        "user": {"email": face["email"]},
    }
