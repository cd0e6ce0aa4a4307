"""Nothing of an account is in the report or in the log, wherever it is planted."""

from __future__ import annotations

import typing as t

import msgspec
import pytest

from clientsuccess_sandbox import Fault, Sandbox, Status
from clientsuccess_sandbox import Headers as AddHeaders

if t.TYPE_CHECKING:
    from conftest import CommandLine, CommandResult

    from clientsuccess_sandbox.messages import Response

MARK, MARKED_NUMBER = "zqmark", 918273645
HEADERS = {
    "X-Zqmark-Limit": "5",
    "X-RateLimit-Limit": "zqmark",
    "Retry-After": "zqmark",
    "X-CS-Tenant-Id": "zqmark",
    "WWW-Authenticate": "Bearer zqmark",
}


class Marked(Fault, tag="marked"):
    """Mark texts and numbers of a response, and add marked keys everywhere.

    Attributes:
        share: Mark the values of one record in this many.
    """

    share: int = 1

    def change(self, response: Response) -> Response:
        try:
            body = msgspec.json.decode(response.body)
        except ValueError:
            return response
        records = body if isinstance(body, list) else body.get("data")
        for number, record in enumerate(records or ()):
            if number % self.share == 0:
                # The type is the API's own word: the report is to tell it.
                own = {n: v for n, v in record.items() if n != "fieldTypeName"}
                record.update({name: _marked(value) for name, value in own.items()})
            if number:
                record["zqmarkSome"] = MARK
            record["Zqmark, Inc. & Co"] = MARKED_NUMBER
            record["zqmark@example.com"] = {MARK: [MARK]}
            for name in ("custom", "externalSystems"):
                if isinstance(record.get(name), dict):
                    record[name][f"{MARK}__cs"] = MARK
        if isinstance(body, dict):
            body[MARK] = MARK
        response.body = msgspec.json.encode(body)
        return response


def _marked(value: t.Any) -> t.Any:
    match value:
        case bool() | None:
            return value
        case int() | float():
            return MARKED_NUMBER
        case str():
            return f"{MARK} {value}"
        case list():
            return [_marked(item) for item in value]
        case dict():
            return {name: _marked(item) for name, item in value.items()} | {MARK: MARK}
    return MARK


def leaks(result: CommandResult) -> list[str]:
    said = f"{result.stdout}\n{result.stderr}".lower()
    return [
        line
        for line in said.splitlines()
        if MARK in line or str(MARKED_NUMBER) in line or "127.0.0.1" in line
    ]


@pytest.mark.parametrize("form", ["json", "markdown"])
@pytest.mark.parametrize("share", [1, 2])
def test_values_keys_and_headers(
    cli: CommandLine, sandbox: Sandbox, form: str, share: int
) -> None:
    sandbox.faults.add(Marked("*", share=share))
    sandbox.faults.add(AddHeaders("*", headers=HEADERS))
    result = cli("--test=api", f"--format={form}", api_key=sandbox.api_key)
    assert len(result.stdout) > 1000
    assert not leaks(result)
    assert sandbox.api_key not in result.stdout + result.stderr


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_bodies_of_errors(cli: CommandLine, sandbox: Sandbox, status: int) -> None:
    body = {MARK: MARK, "error": "invalid_token", "error_description": MARK}
    sandbox.faults.add(Status("*", status, headers=HEADERS, body=body))
    result = cli("--test=api", api_key=MARK)
    assert result.exit_code == 1
    assert not leaks(result)


def test_custom_fields(cli: CommandLine, sandbox: Sandbox) -> None:
    for number, name in enumerate((f"{MARK}9", f"{MARK}@x", MARK * 20, 7)):
        definition = {
            "fieldId": number,
            "fieldKey": f"{MARK}__cs",
            "fieldLabel": MARK,
            "fieldTypeName": name,
        }
        sandbox.store.add_custom_field("CLIENT", definition)
    result = cli("--test=api")
    assert result.exit_code == 0
    assert "types of unusual names: 4" in result.stdout
    assert not leaks(result)


def test_a_plain_name_that_every_record_has_is_told(
    cli: CommandLine, sandbox: Sandbox
) -> None:
    for number in sandbox.store.ids("clients"):
        sandbox.store.edit("clients", number, lifecycleStage="x", **{"Zqmark x": 1})
    sandbox.store.edit("clients", 3, rareOne="x")
    result = cli("--test=api")
    assert "unknown `lifecycleStage`; 2 other unknown" in result.stdout
    assert "clients: unknown fields: lifecycleStage" in result.stdout
    assert not leaks(result)
