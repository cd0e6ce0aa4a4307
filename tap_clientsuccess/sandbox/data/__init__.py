"""The made-up company's records, each made from seed, kind and id alone."""

from __future__ import annotations

from tap_clientsuccess.sandbox.data.company import Company, Times
from tap_clientsuccess.sandbox.data.kinds import KINDS, SEARCHES, Kind

__all__ = ["KINDS", "SEARCHES", "Company", "Kind", "Times"]
