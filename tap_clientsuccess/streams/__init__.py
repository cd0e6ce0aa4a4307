"""All streams. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.streams.details import ClientDetails, ContactDetails
from tap_clientsuccess.streams.lists import (
    ClientSegments,
    ClientStatuses,
    CustomFields,
    Employees,
    Subscriptions,
)
from tap_clientsuccess.streams.objects import (
    ClientNotes,
    Clients,
    Contacts,
    Contracts,
    Products,
    Pulses,
)
from tap_clientsuccess.streams.sync_log import SyncLog
from tap_clientsuccess.streams.tasks import Tasks

if t.TYPE_CHECKING:
    from tap_clientsuccess.streams.base import ClientSuccessStream

STREAMS: tuple[type[ClientSuccessStream], ...] = (
    Clients,
    Contacts,
    Contracts,
    ClientNotes,
    Pulses,
    Products,
    Tasks,
    CustomFields,
    ClientDetails,
    ContactDetails,
    Employees,
    ClientStatuses,
    ClientSegments,
    Subscriptions,
    SyncLog,
)
