"""All streams. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

import typing as t

from tap_clientsuccess.streams import details, lists, objects
from tap_clientsuccess.streams.sync_log import SyncLog

if t.TYPE_CHECKING:
    from tap_clientsuccess.streams.base import ClientSuccessStream

STREAMS: tuple[type[ClientSuccessStream], ...] = (
    objects.Clients,
    objects.Contacts,
    objects.Contracts,
    objects.ClientNotes,
    objects.Pulses,
    objects.Products,
    objects.Tasks,
    lists.CustomFields,
    details.ClientDetails,
    details.ContactDetails,
    lists.Employees,
    lists.ClientStatuses,
    lists.ClientSegments,
    lists.Subscriptions,
    SyncLog,
)
