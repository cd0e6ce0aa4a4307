"""The made-up company's records, each made from seed, kind and id alone."""

from __future__ import annotations

from clientsuccess_sandbox.data.company import Company, Times
from clientsuccess_sandbox.data.kinds import KINDS, SEARCHES, Kind

__all__ = ["KINDS", "SEARCHES", "Company", "Kind", "Times"]
