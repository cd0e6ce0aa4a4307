"""The settings in which the contenders meet."""

from __future__ import annotations

import dataclasses

from benchmarks.harness.model import PAGE_SIZE, Setting

_QUICK_SHARE = 25

FULL = (
    Setting(
        name="cpu",
        stream="clients",
        records=50_000,
        latency_ms=0,
        rounds=5,
    ),
    Setting(
        name="waiting",
        stream="clients",
        records=200 * PAGE_SIZE,
        latency_ms=200,
        rounds=3,
        concurrency=8,
        round_trips=1 + 25,
    ),
    Setting(
        name="details",
        stream="client_details",
        records=500,
        latency_ms=100,
        rounds=3,
        concurrency=16,
        round_trips=32,
    ),
    Setting(
        name="memory",
        stream="clients",
        records=50_000,
        latency_ms=0,
        rounds=3,
        all_compete=False,
    ),
    Setting(
        name="memory-many",
        stream="clients",
        records=500_000,
        latency_ms=0,
        rounds=3,
        all_compete=False,
    ),
)


def quick(setting: Setting) -> Setting:
    """Make a setting small: for trying the benchmark out, not for its figures.

    Args:
        setting: A setting.

    Returns:
        The same with one round and fewer records.
    """
    return dataclasses.replace(
        setting,
        records=setting.records // _QUICK_SHARE,
        rounds=1,
        round_trips=-(-setting.round_trips // _QUICK_SHARE),
    )
