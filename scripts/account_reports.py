"""Makes the reports in `tests/reports`, by checking sandboxes of known behaviour."""

from __future__ import annotations

import json
import logging
import typing as t
from dataclasses import asdict

from commands import ROOT

from clientsuccess_sandbox import Body, Html, Mutate, Sandbox, Status
from tap_clientsuccess.account_check.check import AccountCheck
from tap_clientsuccess.tap import TapClientSuccess

FOLDER = ROOT / "tests" / "reports"
UNORDERED = {"sortBy", "sortDirection", "modifiedAfter"}
ACCOUNTS: dict[str, dict[str, t.Any]] = {
    "as_documented": {"clients": 150},
    "coarse_filter": {
        "clients": 90,
        "max_size": 100,
        "filter_precision": "day",
        "inclusive": False,
        "key_opens_v1": False,
        "health_path": "/ping",
    },
    "other_zone": {
        "clients": 80,
        "max_size": 500,
        "filter_precision": "second",
        "filter_zone": -7.0,
        "undated": {"contacts": 12},
        "missing_detail": "417",
        "clock_offset": 90.0,
    },
    "by_number": {
        "clients": 120,
        "ignore": {"/clientNote/search": UNORDERED, "/pulse/search": UNORDERED},
        "by_path": {"/contract/search": {"totals": False}},
        "headers": {"X-RateLimit-Limit": "600"},
        "missing_detail": "null",
    },
    "deep": {
        "clients": 150,
        "max_size": 1000,
        "max_depth": 400,
        "beyond_depth": "repeat",
        "cap_total": True,
        "extra_total": 0,
    },
    "little": {
        "clients": 9,
        "key_header": "Authorization",
        "health_path": "",
        "extra_total": 2,
        "initial_faults": [Status("/product/search", 403)],
    },
    "imported": {
        "clients": 60,
        "imported": ["contacts", "pulses"],
        "modification_times": {"pulses": True},
        "by_path": {"/clientNote/search": {"filtered_totals": False}},
        "custom_searches": {"custom1": 260, "custom2": 30},
        "key_header": "X-Token",
        "initial_faults": [Status("/custom3/", 403)],
    },
    "odd_fields": {
        "clients": 40,
        "by_path": {"/contact/search": {"filter_precision": "minute"}},
        "initial_faults": [
            Mutate("/client/", values={"healthIndex": 7, "other_9": 1}),
            Mutate("/contact/", values={"tenantId": "unlike an integer"}),
            Mutate("/contract/", values={"bookingDate": "2024-05-01"}),
            Mutate("/v1/employees", record=3, remove=["id"]),
            Status("/v1/subscriptions", 403),
            Status("[/]api/status", 503),
            Body("*/customfield/all/GOAL", [{"fieldTypeName": "Link"}, {}]),
            Html("*/customfield/all/TICKET"),
        ],
    },
}
SETTINGS: dict[str, dict[str, t.Any]] = {
    "imported": {
        "api_key_header": "X-Token",
        "custom_streams": [
            {"name": "a", "path": "/custom1/search", "primary_keys": ["id"]}
            | {"replication_key": "modifiedTime"},
            {"name": "b", "path": "/custom2/search", "primary_keys": ["id"]},
            {"name": "c", "path": "/custom3/search", "primary_keys": ["id"]},
        ],
    }
}
"""Of the tap, where an account needs some."""


def main() -> None:
    """Write all reports."""
    logging.disable()
    FOLDER.mkdir(exist_ok=True)
    for name, settings in ACCOUNTS.items():
        with Sandbox(seed=5, **settings) as sandbox:
            config = {"api_key": sandbox.api_key, "base_url": sandbox.base_url}
            config |= SETTINGS.get(name, {})
            tap = TapClientSuccess(config=config, setup_mapper=False)
            text = json.dumps(asdict(AccountCheck(tap).run()), indent=2)
        (FOLDER / f"{name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
