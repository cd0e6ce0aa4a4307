"""Everything that the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_clientsuccess.sandbox.clock import Clock
    from tap_clientsuccess.sandbox.faults.registry import Faults
    from tap_clientsuccess.sandbox.keys import Keys
    from tap_clientsuccess.sandbox.requestlog import RequestLog
    from tap_clientsuccess.sandbox.settings import Behaviour
    from tap_clientsuccess.sandbox.store import Store


@dataclass(frozen=True)
class Backend:
    """The parts of a sandbox, apart from HTTP."""

    store: Store
    faults: Faults
    keys: Keys
    clock: Clock
    requests: RequestLog
    behaviour: Behaviour
