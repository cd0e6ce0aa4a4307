"""Each mart, against the same figures computed in Python; `make test-dbt`."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from figures import (
    Account,
    Record,
    after,
    answers,
    day,
    health_of,
    inner,
    moment,
    nps_of,
    read,
)
from warehouse import Row, rows

FOLDER = Path(__file__).parents[3] / "output" / "dbt"
NIGHTS = [FOLDER / "1.jsonl", FOLDER / "2.jsonl"]
TODAY = date.fromisoformat(os.environ["TODAY"])
LEAST = int(os.environ["LEAST"])
ADJUSTED = os.environ["ADJUSTED"]
MARKS_DELETED = os.environ["WAREHOUSE"] == "postgres"
"""Whether the target marks what was deleted; the other keeps it as it was."""

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")


@pytest.fixture(scope="module")
def account() -> Account:
    nights = NIGHTS[-1:] if MARKS_DELETED else NIGHTS
    return Account(read(nights), TODAY, ADJUSTED)


def mart(name: str) -> list[Row]:
    found = rows(name)
    assert found, "the data must reach every mart"
    return found


def near(value: float | None, *, within: float = 0.011) -> t.Any:
    return value if value is None else pytest.approx(value, abs=within)


def month(row: Row) -> date:
    return date.fromisoformat(row["month"])


def test_the_data_have_what_the_marts_are_about(account: Account) -> None:
    moved = {kind for row in account.movements().values() for kind in row}
    assert moved >= set(MOVEMENTS)
    assert any(inner(each, "adjusts", "id") for each in account.booked.values())
    deleted = {each["id"] for each in read(NIGHTS[:1])["clients"]} - {
        each["id"] for each in read(NIGHTS[1:])["clients"]
    }
    assert deleted


def test_health_by_month(account: Account) -> None:
    months: dict[tuple[t.Any, ...], list[Record]] = defaultdict(list)
    for pulse in account.records["pulses"]:
        when = str(day(pulse["createdTimestamp"]).replace(day=1))
        months[pulse["clientId"], pulse.get("productId"), when].append(pulse)
    expected = {}
    before: dict[tuple[t.Any, ...], t.Any] = {}
    for key in sorted(months, key=lambda key: (key[0], key[1] or 0, key[2])):
        newest = max(months[key], key=lambda p: (p["createdTimestamp"], p["id"]))
        score, last = newest.get("currentScore"), before.get(key[:2])
        change = None if score is None or last is None else score - last
        before[key[:2]] = score
        kind = newest.get("dispositionType")
        expected[key] = (score, near(change), kind, len(months[key]))
    got = {
        (row["client_id"], row["product_id"], row["month"]): (
            *(row["score"], row["score_change"], row["disposition"], row["pulses"]),
        )
        for row in mart("client_health_by_month")
    }
    assert got == expected


def test_contracts_in_force(account: Account) -> None:
    expected = {each["id"]: near(each.get("arr") or 0) for each in account.in_force()}
    got = {row["contract_id"]: row["arr"] for row in mart("contracts_in_force")}
    assert got == expected


def test_renewals(account: Account) -> None:
    last = TODAY + timedelta(days=90)
    expected = {
        record["id"]: (
            account.clients.get(account.client_of(record) or 0, {}).get("name"),
            record.get("currency"),
            near(record.get("arr") or 0),
            (end - TODAY).days,
        )
        for record in account.in_force()
        if (end := day(record.get("termEndDate")))
        and end <= last
        and not (account.is_renewed(record) or account.replaced_on(record))
    }
    got = {
        row["contract_id"]: (
            *(row["client_name"], row["currency"], row["arr"], row["days_left"]),
        )
        for row in mart("renewals_next_90_days")
    }
    assert got == expected


def test_arr_by_manager(account: Account) -> None:
    groups: dict[tuple[t.Any, ...], list[Record]] = defaultdict(list)
    for record in account.in_force():
        segment, manager = account.owner(account.client_of(record) or 0)
        groups[manager, segment, record.get("currency")].append(record)
    expected = {
        key: (
            len({account.client_of(each) for each in group} - {None}),
            len(group),
            near(sum(each.get("arr") or 0 for each in group)),
        )
        for key, group in groups.items()
    }
    got = {
        (row["csm_id"], row["segment"], row["currency"]): (
            *(row["clients"], row["contracts"], row["arr"]),
        )
        for row in mart("arr_by_csm_and_segment")
    }
    assert got == expected


def test_movements(account: Account) -> None:
    names = ("opening", *MOVEMENTS, "closing")
    expected = {
        key: tuple(near(row.get(name, 0)) for name in names)
        for key, row in account.movements().items()
    }
    got = {
        (month(row), row["currency"]): tuple(row[f"{name}_arr"] for name in names)
        for row in mart("arr_movements_by_month")
    }
    assert got == expected


def test_retention(account: Account) -> None:
    expected = {}
    for key, pairs in account.retention(12).items():
        start = sum(then for then, _ in pairs)
        now = sum(now for _, now in pairs)
        kept = sum(min(then, now) for then, now in pairs)
        expected[key] = (
            *(len(pairs), sum(now > 0 for _, now in pairs)),
            *(near(start), near(kept), near(now)),
            *(near(now / start, within=0.0001), near(kept / start, within=0.0001)),
        )
    got = {
        (month(row), row["currency"], row["segment"], row["csm_id"]): (
            *(row["starting_clients"], row["retained_clients"]),
            *(row["starting_arr"], row["retained_arr"], row["current_arr"]),
            *(row["nrr"], row["grr"]),
        )
        for row in mart("nrr_grr_by_month")
    }
    assert got == expected


def test_renewal_rate(account: Account) -> None:
    groups: dict[tuple[t.Any, ...], list[tuple[bool, float]]] = defaultdict(list)
    for end, health, record in account.ending():
        if end < TODAY:
            key = end.replace(day=1), record.get("currency"), health
            groups[key].append((account.is_renewed(record), record.get("arr") or 0))
    expected = {
        key: (
            *(len(group), sum(renewed for renewed, _ in group)),
            near(sum(arr for _, arr in group)),
            near(sum(arr for renewed, arr in group if renewed)),
        )
        for key, group in groups.items()
    }
    got = {
        (month(row), row["currency"], row["health"]): (
            *(row["contracts"], row["renewed_contracts"]),
            *(row["arr"], row["renewed_arr"]),
        )
        for row in mart("renewal_rate_by_month")
    }
    assert got == expected


def test_renewal_forecast(account: Account) -> None:
    last = TODAY.replace(year=TODAY.year + 1)
    rate = account.past_rate(24, LEAST)
    groups: dict[tuple[t.Any, ...], list[tuple[float, float]]] = defaultdict(list)
    for end, health, record in account.ending():
        is_due = account.counts_on(record, TODAY) and end <= last
        if is_due and not account.is_renewed(record):
            own = account.probability(record)
            chance = float(rate(health)) if own is None else own
            key = end.replace(day=1), record.get("currency"), health
            groups[key].append((record.get("arr") or 0, chance))
    expected = {}
    for key, group in groups.items():
        total = sum(arr for arr, _ in group)
        wanted = sum(arr * chance for arr, chance in group)
        share = near(wanted / total, within=0.0001) if total else None
        expected[key] = (len(group), near(total), near(wanted), share)
    got = {
        (month(row), row["currency"], row["health"]): (
            *(row["contracts"], row["arr"], row["expected_arr"], row["probability"]),
        )
        for row in mart("renewal_forecast")
    }
    assert got == expected


def last_touches(account: Account) -> dict[int, datetime | None]:
    touches = {
        key: moment(client.get("lastTouchDateTime"))
        for key, client in account.clients.items()
    }
    for note in account.records["client_notes"]:
        at = moment(note.get("createdTime") or note.get("createdDateTime"))
        before = touches.get(note["clientId"])
        if note["clientId"] in touches and at:
            touches[note["clientId"]] = max(at, before) if before else at
    return touches


def test_clients_without_touch(account: Account) -> None:
    expected = {
        key: (TODAY - at.date()).days if at else None
        for key, at in last_touches(account).items()
        if account.clients[key]["status"] not in {"TERMINATED", "INACTIVE"}
        and (at is None or (TODAY - at.date()).days > 60)
    }
    found = mart("clients_without_touch")
    assert {row["client_id"]: row["days_without_touch"] for row in found} == expected


def test_nps(account: Account) -> None:
    by_client = nps_by_client(account)
    got = {
        row["client_id"]: (row["answers"], row["nps"]) for row in mart("nps_by_client")
    }
    assert got == {
        client: (len(scores), near(nps_of(scores), within=0.051))
        for client, scores in by_client.items()
    }


def nps_by_client(account: Account) -> dict[int, list[int]]:
    scores: dict[int, list[int]] = defaultdict(list)
    for _, client, _, score in answers(account.records["contacts"]):
        scores[client].append(score)
    return scores


def test_client_360(account: Account) -> None:
    touches, nps = last_touches(account), nps_by_client(account)
    got = {row["client_id"]: row for row in mart("client_360")}
    assert got.keys() == account.clients.keys()
    for number, client in account.clients.items():
        row = got[number]
        assert_has(row, identity(client))
        at = touches[number]
        scores = nps.get(number)
        assert {
            name: row[name] for name in row.keys() & money(account, number).keys()
        } == (money(account, number))
        pulse = account.last_pulse(number, date.max)
        assert (row["last_pulse"], row["last_pulse_score"], row["health"]) == (
            pulse and str(day(pulse["createdTimestamp"])),
            pulse and pulse.get("currentScore"),
            health_of(pulse and pulse.get("dispositionType")),
        )
        assert row["days_without_touch"] == (at and (TODAY - at.date()).days)
        assert (row["open_tasks"], row["overdue_tasks"]) == tasks(account, number)
        assert row["nps_answers"] == (len(scores) if scores else None)
        assert row["nps"] == near(nps_of(scores) if scores else None, within=0.051)


def assert_has(row: Row, values: Row) -> None:
    assert {name: row[name] for name in values} == values


def identity(client: Record) -> Row:
    return {
        "client_name": client["name"],
        "status": client["status"],
        "segment": inner(client, "segment", "title"),
        "csm_id": inner(client, "managedByEmployee", "id"),
        "csm_name": inner(client, "managedByEmployee", "name"),
        "salesforce_account_id": client.get("salesforceAccountId"),
        "stripe_id": client.get("stripeId"),
        "zendesk_id": client.get("zendeskId"),
        "external_id": client.get("externalId"),
        "success_score": client.get("successScore"),
        "reported_nps": client.get("npsScore"),
    }


def money(account: Account, number: int) -> Row:
    own = [each for each in account.in_force() if account.client_of(each) == number]
    currencies = {each.get("currency") for each in own}
    total = sum(each.get("arr") or 0 for each in own)
    ends = [
        str(day(each["termEndDate"]))
        for each in own
        if each.get("termEndDate")
        and not account.is_renewed(each)
        and not account.replaced_on(each)
    ]
    return {
        "contracts_in_force": len(own),
        "arr_currencies": len(currencies),
        "arr": near(total) if len(currencies) < 2 else None,
        "arr_currency": min(currencies) if len(currencies) == 1 else None,
        "next_renewal": min(ends, default=None),
    }


def tasks(account: Account, number: int) -> tuple[int, int]:
    still_open = [
        task
        for task in account.records["tasks"]
        if not task.get("completed")
        and (task.get("clientId") or inner(task, "client", "id")) == number
    ]
    due = [task["dueDate"][:10] for task in still_open if task.get("dueDate")]
    return len(still_open), sum(each < str(TODAY) for each in due)


def test_custom_fields(account: Account) -> None:
    definitions = [
        each
        for each in account.records["custom_fields"]
        if each["resourceType"] == "CLIENT"
    ]
    got = {row["client_id"]: row for row in mart("client_custom_fields")}
    assert got.keys() == account.clients.keys()
    for definition in definitions:
        key, kind = definition["fieldKey"], definition["fieldTypeName"]
        column = f"custom_{key.removesuffix('__cs')}"
        for number, client in account.clients.items():
            sent = inner(client, "custom", key)
            value = got[number][column]
            if kind in {"PICKLIST", "STRING", "TEXT", "DATE", "DATE_TIME", "BOOLEAN"}:
                assert value == sent
            elif kind in {"INTEGER", "DECIMAL", "CURRENCY"}:
                assert value == near(sent, within=1e-9)
            else:
                assert (value is None) == (sent is None)


def test_scores_have_a_history() -> None:
    first, second = (
        {each["id"]: each for each in read([night])["clients"]} for night in NIGHTS
    )
    states: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(mart("client_score_history"), key=lambda row: row["valid_from"]):
        states[row["client_id"]].append(row)
    for number, before in first.items():
        now = second.get(number, before)
        names = ("successScore", "status")
        has_changed = any(before.get(name) != now.get(name) for name in names)
        own = states[number]
        assert len(own) == 1 + has_changed
        assert own[0]["success_score"] == before.get("successScore")
        assert own[-1]["success_score"] == now.get("successScore")
        assert (own[-1]["valid_to"] is None) == (number in second or not MARKS_DELETED)
        if has_changed:
            assert (own[0]["valid_to"], own[0]["days"]) == (own[1]["valid_from"], 30)
            if before.get("successScore") is not None:
                change = now["successScore"] - before["successScore"]
                assert own[1]["success_score_change"] == near(change)


def test_contracts_have_a_history() -> None:
    first, second = (
        {each["id"]: each for each in read([night])["contracts"]} for night in NIGHTS
    )
    found = {
        (row["contract_id"], row["previous_status"], row["contract_status"])
        for row in mart("contract_status_history")
        if row["days"] == 0 and row["previous_status"] is not None
    }
    expected = {
        (number, was, now)
        for number, contract in second.items()
        if (now := inner(contract, "meta", "currentStatus"))
        != (was := inner(first[number], "meta", "currentStatus"))
        and was is not None
    }
    assert expected
    assert found == expected


def test_nps_by_segment(account: Account) -> None:
    given = {
        answer for night in NIGHTS for answer in answers(read([night])["contacts"])
    }
    expected = {}
    first = min(at for _, _, at, _ in given if at.year > 1).date().replace(day=1)
    for number in range(600):
        start = after(first, number)
        if start > TODAY:
            break
        latest: dict[int, tuple[datetime, int, int]] = {}
        for contact, client, at, score in sorted(given, key=lambda each: each[2]):
            if at.year > 1 and at.date() <= account.end_of(start):
                latest[contact] = (at, client, score)
        groups: dict[str | None, list[int]] = defaultdict(list)
        for _, client, score in latest.values():
            groups[account.owner(client)[0]].append(score)
        for segment, scores in groups.items():
            value = near(nps_of(scores), within=0.051)
            expected[start, segment] = (len(scores), value)
    got = {
        (month(row), row["segment"]): (row["answers"], row["nps"])
        for row in mart("nps_by_segment_by_month")
    }
    assert got == expected
