"""Everything that the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clientsuccess_sandbox.clock import Clock
    from clientsuccess_sandbox.faults.registry import Faults
    from clientsuccess_sandbox.keys import Keys
    from clientsuccess_sandbox.requestlog import RequestLog
    from clientsuccess_sandbox.settings import Behaviour
    from clientsuccess_sandbox.store import Store


@dataclass(frozen=True)
class Backend:
    """The parts of a sandbox, apart from HTTP."""

    store: Store
    faults: Faults
    keys: Keys
    clock: Clock
    requests: RequestLog
    behaviour: Behaviour
