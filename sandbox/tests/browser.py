"""A headless Chromium. As a program: write a screenshot of the sandbox's page."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from clientsuccess_sandbox import Latency, Sandbox, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
MISSING = None if BROWSER and DRIVER else "needs Chromium and ChromeDriver"
# None of these talks to a host other than the page's.
_ARGUMENTS = (
    *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
    *(
        "disable-dev-shm-usage",
        "hide-scrollbars",
        "window-size=1180,1120",
        "force-device-scale-factor=1",
    ),
)


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Run a browser with an empty profile; its console can be read."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in _ARGUMENTS:
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def wait(driver: webdriver.Chrome) -> WebDriverWait[webdriver.Chrome]:
    """Wait for what the page does, as long as it takes on a busy machine."""
    return WebDriverWait(driver, 30, poll_frequency=0.05)


def _screenshot(path: str) -> None:
    with Sandbox(clients=2000, port=8765) as sandbox, browser() as driver:
        sandbox.faults.add(Status("*", 503, probability=0.2))
        sandbox.faults.add(Latency("/pulse/search", 0.1))
        session = requests.Session()
        session.headers["X-API-Key"] = sandbox.api_key
        for name in ("client", "contact", "contract", "pulse"):
            for page in range(5):
                query = f"page={page}&size=200&sortBy=modifiedTime"
                session.get(f"{sandbox.base_url}/{name}/search?{query}")
        driver.get(sandbox.url)
        wait(driver).until(lambda _: "/pulse/search" in driver.page_source)
        driver.save_screenshot(path)


if __name__ == "__main__":
    if MISSING:
        sys.exit(f"A screenshot {MISSING}.")
    _screenshot(sys.argv[1])
