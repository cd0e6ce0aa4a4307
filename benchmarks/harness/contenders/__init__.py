"""Who takes part, this tap first."""

from __future__ import annotations

from benchmarks.harness.contenders.airbyte import Airbyte
from benchmarks.harness.contenders.bare_loop import BareLoop
from benchmarks.harness.contenders.base import Contender
from benchmarks.harness.contenders.dlt import Dlt
from benchmarks.harness.contenders.singer import Ours, PlainTap

__all__ = ["CONTENDERS", "Contender"]

CONTENDERS: tuple[Contender, ...] = (
    Ours(),
    PlainTap(),
    Dlt(),
    Airbyte(),
    BareLoop(),
)
