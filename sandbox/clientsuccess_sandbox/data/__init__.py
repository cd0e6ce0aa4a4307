"""The made-up company's records, made from the seed alone."""

from __future__ import annotations

from clientsuccess_sandbox.data.kinds import KINDS, SEARCHES, Kind

__all__ = ["KINDS", "SEARCHES", "Kind"]
