"""The page at `/`, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from browser import MISSING, browser, wait
from sandbox_client import fixtures
from selenium.webdriver.common.by import By

from clientsuccess_sandbox import Sandbox, Status
from clientsuccess_sandbox.routes import control

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox_client import Client
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

sandbox, client = fixtures()
in_browser = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
MARKUP = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    with browser() as driver:
        yield driver


@pytest.fixture
def opened(chrome: Chrome, sandbox: Sandbox) -> Iterator[Chrome]:
    chrome.get(sandbox.url)
    wait(chrome).until(lambda _: chrome.find_elements(By.CSS_SELECTOR, "#records tr"))
    yield chrome
    log = chrome.get_log("browser")  # type: ignore[no-untyped-call]
    # Else the page would go on asking a sandbox that has ended.
    chrome.get("about:blank")
    assert [entry for entry in log if sandbox.url in entry["message"]] == []


def text(chrome: Chrome, selector: str) -> str:
    return chrome.find_element(By.CSS_SELECTOR, selector).text


def switch(chrome: Chrome, label: str) -> WebElement:
    path = f"//label[contains(., '{label}')]/input"
    return chrome.find_element(By.XPATH, path)


@in_browser
def test_it_shows_records_and_the_lines_to_copy(
    opened: Chrome, sandbox: Sandbox
) -> None:
    rows = opened.find_elements(By.CSS_SELECTOR, "#records tr")
    shown = dict(row.text.rsplit(" ", 1) for row in rows)
    assert shown["clients"] == "40"
    assert shown["contacts"] == str(sandbox.store.count("contacts"))
    commands = text(opened, "#commands")
    assert f"TAP_CLIENTSUCCESS_BASE_URL={sandbox.base_url}" in commands
    assert f"TAP_CLIENTSUCCESS_API_KEY={sandbox.api_key}" in commands


@in_browser
def test_it_logs_requests(opened: Chrome, client: Client) -> None:
    client.read("/client/search", size=7)
    wait(opened).until(lambda _: "size=7" in text(opened, "#requests"))
    assert "/api/client/search" in text(opened, "#requests")
    opened.find_element(By.ID, "clear").click()
    wait(opened).until(lambda _: not text(opened, "#requests"))
    assert not client.sandbox.requests


@in_browser
def test_switches_turn_faults_on_and_off(opened: Chrome, client: Client) -> None:
    switch(opened, "maintenance page").click()
    wait(opened).until(lambda _: client.sandbox.faults.describe())
    assert "Maintenance" in client.read("/client/search").text
    wait(opened).until(lambda _: switch(opened, "maintenance page").is_selected())
    switch(opened, "maintenance page").click()
    wait(opened).until(lambda _: not client.sandbox.faults.describe())
    assert client.read("/client/search").json()["data"]


@in_browser
def test_any_other_fault_can_be_removed(opened: Chrome, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("/task/all", 418))
    wait(opened).until(lambda _: "/task/all" in text(opened, "#faults"))
    opened.find_element(By.CSS_SELECTOR, "#faults button").click()
    wait(opened).until(lambda _: not sandbox.faults.describe())


@in_browser
def test_it_edits_records(opened: Chrome, sandbox: Sandbox) -> None:
    before = sandbox.store.records("clients")
    opened.find_element(By.ID, "edit").click()
    wait(opened).until(lambda _: text(opened, "#edited"))
    assert sandbox.store.records("clients") != before


@in_browser
def test_what_was_refused_is_told_and_undone(opened: Chrome, sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("/none", 418))
    wait(opened).until(lambda _: "/none" in text(opened, "#faults"))
    opened.execute_script("PRESETS[4][1].kind = 'unknown'")
    switch(opened, "maintenance page").click()
    wait(opened).until(lambda _: "Invalid fault" in text(opened, "#problem"))
    assert not switch(opened, "maintenance page").is_selected()
    # The browser itself logs a 400.
    opened.get_log("browser")  # type: ignore[no-untyped-call]


@in_browser
def test_values_are_never_markup(opened: Chrome, client: Client) -> None:
    sandbox = client.sandbox
    client.get(f"{sandbox.url}/api/{MARKUP}", params={MARKUP: MARKUP})
    sandbox.faults.add(Status(MARKUP, 418))
    wait(opened).until(lambda _: "onerror" in text(opened, "#requests"))
    wait(opened).until(lambda _: "onerror" in text(opened, "#faults"))
    assert not opened.find_elements(By.TAG_NAME, "img")
    assert opened.title == "ClientSuccess sandbox"


@in_browser
def test_it_says_when_the_sandbox_has_ended(chrome: Chrome) -> None:
    with Sandbox(clients=1) as ended:
        chrome.get(ended.url)
        wait(chrome).until(lambda _: "clients" in text(chrome, "#records"))
    wait(chrome).until(lambda _: "does not answer" in text(chrome, "#offline"))


def status_of(sandbox: Sandbox) -> Any:
    return requests.get(f"{sandbox.url}/_sandbox/status", timeout=5).json()


def test_a_key_of_the_users_own_is_not_shown() -> None:
    with Sandbox(clients=1, api_key="in-use-elsewhere") as own:
        page = requests.get(own.url, timeout=5)
        status = requests.get(f"{own.url}/_sandbox/status", timeout=5)
        assert "in-use-elsewhere" not in page.text + status.text
        assert status.json()["key"] is None


def test_a_key_that_was_revoked_is_not_shown(sandbox: Sandbox) -> None:
    assert status_of(sandbox)["key"] == sandbox.api_key
    sandbox.keys.revoke(sandbox.api_key)
    assert status_of(sandbox)["key"] is None


def test_faults_neither_hit_the_page_nor_count_its_requests(sandbox: Sandbox) -> None:
    sandbox.faults.add(Status("*", 500))
    assert requests.get(sandbox.url, timeout=5).status_code == 200
    assert status_of(sandbox)["faults"][0]["hits"] == 0
    assert not sandbox.requests


def test_only_the_latest_requests_are_shown(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_SHOWN_REQUESTS", 3)
    for size in range(1, 6):
        client.read("/client/search", size=size)
    shown = status_of(client.sandbox)["requests"]
    assert [request["query"]["size"] for request in shown] == ["3", "4", "5"]


@pytest.mark.parametrize("path", ["/", "/_sandbox/status"])
def test_other_origins_and_hosts_are_refused(sandbox: Sandbox, path: str) -> None:
    for name, value, status in (
        ("Host", "evil.example", 400),
        ("Origin", "https://evil.example", 403),
    ):
        answer = requests.get(sandbox.url + path, headers={name: value}, timeout=5)
        assert answer.status_code == status


def test_no_script_but_its_own_runs(sandbox: Sandbox) -> None:
    policy = requests.get(sandbox.url, timeout=5).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
