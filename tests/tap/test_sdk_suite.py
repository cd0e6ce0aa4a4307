"""The SDK's test suite against the sandbox; and live, if there is a key."""

from __future__ import annotations

import os
import typing as t

import pytest
from conftest import select
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from clientsuccess_sandbox import Sandbox
from tap_clientsuccess.tap import TapClientSuccess

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# Schemas have fields that the sandbox does not fill.
pytestmark = pytest.mark.filterwarnings("ignore:Fields in transformed catalog")

# The suite asks the tap for its streams while tests are being collected.
SANDBOX = Sandbox(seed=3, clients=20)
SANDBOX.start()


@pytest.fixture(scope="session", autouse=True)
def running() -> Iterator[None]:
    yield
    SANDBOX.stop()


# The suite selects all streams.
DETAILS = {"read_details": True}
CONFIG = {"api_key": SANDBOX.api_key, "base_url": SANDBOX.base_url, **DETAILS}
CATALOG = TapClientSuccess(config=CONFIG).catalog_dict

TestSandbox = get_tap_test_class(
    TapClientSuccess,
    config=CONFIG,
    catalog=select(CATALOG, [stream["tap_stream_id"] for stream in CATALOG["streams"]]),
    suite_config=SuiteConfig(
        ignore_no_records_for_streams=["sync_log"], max_records_limit=10_000
    ),
    parse_env_config=False,
)

LIVE_KEY = os.environ.get("TAP_CLIENTSUCCESS_API_KEY")
LIVE_URL = os.environ.get("TAP_CLIENTSUCCESS_BASE_URL")

if LIVE_KEY:
    TestLive = pytest.mark.live(
        get_tap_test_class(
            TapClientSuccess,
            config={"api_key": LIVE_KEY, "base_url": LIVE_URL, **DETAILS},
            suite_config=SuiteConfig(ignore_no_records=True, max_records_limit=50),
            parse_env_config=False,
        )
    )
else:

    @pytest.mark.live
    @pytest.mark.skip(reason="TAP_CLIENTSUCCESS_API_KEY is not set")
    def test_live() -> None:
        """Stands for the suite against the real API."""
