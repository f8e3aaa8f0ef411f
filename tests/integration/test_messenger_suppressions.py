"""The suppression list: brought in, shown, taken along, and kept to at once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from messenger_world import World, mailing
from typer.testing import CliRunner

from rapport import suppressions
from support.database import Database
from support.mail import Mailbox

ALL = {"Authorization": "Bearer all-of-it"}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        made.known_customer()
        made.known_customer("c-2")
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, headers=ALL) as client:
        yield client


def lines(*rows: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def reasons(messenger: World, *customers: str) -> dict[str, str | None]:
    """Why each customer's next letter is refused; None: it is sent."""
    messenger.an_hour_later()
    for customer in customers:
        messenger.dispatch(customer)
    messenger.ended(len(messenger.of("message.sent", "message.refused")) + len(customers))
    ends = messenger.of("message.sent", "message.refused")[-len(customers) :]
    return {end["subject"]: end["data"].get("reason") for end in ends}


def test_an_address_is_suppressed_whoever_has_it_and_never_shown(
    messenger: World, http: TestClient
) -> None:
    content = lines({"address": "C-1@Example.com", "reason": "old_list"}, {"customer": "c-3"})
    taken = http.post("/suppressions", content=content).json()
    assert taken == {"new": 2, "known": 0, "faults": []}
    assert http.post("/suppressions", content=content).json()["known"] == 2
    assert reasons(messenger, "c-1", "c-2") == {"c-1": "suppressed:old_list", "c-2": None}
    shown = http.get("/suppressions").json()
    assert shown["next"] is None
    assert [one["customer"] for one in shown["suppressions"]] == [None, "c-3"]
    assert shown["suppressions"][0]["source"] == "operator:tester"
    assert "example.com" not in json.dumps(shown).lower()
    named = http.post("/suppressions/named", content=b"c-1@example.com\nno address\n").json()
    assert [one["address"] for one in named["suppressions"]] == ["c-1@example.com", None]
    told = [fact["data"] for fact in messenger.of("contact.suppressed")]
    assert [one["scope"] for one in told] == ["address", "customer"]
    assert "example.com" not in json.dumps(messenger.facts).lower()


def test_a_whole_tenants_purpose_is_suppressed_until_an_instant(
    messenger: World, http: TestClient
) -> None:
    row = {"purpose": "collection", "reason": "flood", "expires_at": "2026-03-05T00:00:00Z"}
    assert http.post("/suppressions", content=lines(row)).json()["new"] == 1
    assert reasons(messenger, "c-1", "c-2") == dict.fromkeys(("c-1", "c-2"), "suppressed:flood")


def test_faulty_lines_are_named_and_the_others_are_taken(http: TestClient) -> None:
    content = lines(
        {"address": "a@example.com\nBcc: b@example.com"},
        {"customer": "c-9", "address": "a@example.com", "address_hash": "0" * 64},
        {"customer": "c-9", "channel": "pigeon"},
        {"customer": "ana@example.com"},
        {"customer": "c-9"},
    ) + b"\nnonsense\n"  # fmt: skip
    taken = http.post("/suppressions", content=content).json()
    assert taken["new"] == 1
    assert [fault["line"] for fault in taken["faults"]] == [1, 2, 3, 4, 6]
    assert "example.com" not in json.dumps(taken)


def test_nothing_that_is_brought_shortens_what_stands(messenger: World, http: TestClient) -> None:
    def bring(expires_at: str | None) -> int:
        row = {"customer": "c-1", "reason": "unsubscribed", "expires_at": expires_at}
        return int(http.post("/suppressions", content=lines(row)).json()["new"])

    passed, soon, later = "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z"
    assert [bring(one) for one in (soon, passed, later, soon)] == [1, 0, 1, 0]
    assert [bring(one) for one in (None, passed, None)] == [1, 0, 0]
    assert reasons(messenger, "c-1", "c-2") == {"c-1": "suppressed:unsubscribed", "c-2": None}
    [shown] = http.get("/suppressions").json()["suppressions"]
    assert shown["expires_at"] is None
    told = [fact["data"].get("expires_at") for fact in messenger.of("contact.suppressed")]
    assert told == [soon, later, None]


def test_a_number_is_suppressed_however_it_is_written(messenger: World, http: TestClient) -> None:
    messenger.known_customer("c-1", phone="+49 170 1234567")
    row = {"address": "+49 (170) 123-4567", "channel": "sms", "reason": "old_list"}
    assert http.post("/suppressions", content=lines(row)).json()["new"] == 1
    named = http.post("/suppressions/named", content=b"+491701234567").json()["suppressions"]
    assert named[0]["address"] == "+491701234567"
    messenger.dispatch("c-1", channel="sms")
    [refused] = messenger.ended()
    assert refused["data"]["reason"] == "suppressed:old_list"


def test_what_is_exported_can_be_brought_back(http: TestClient) -> None:
    rows = (
        {"address": "c-1@example.com", "reason": "old_list"},
        {"customer": "c-3", "channel": "sms", "expires_at": "2026-03-05T00:00:00Z"},
        {"purpose": "marketing", "reason": "flood"},
    )
    assert http.post("/suppressions", content=lines(*rows)).json()["new"] == 3
    shown = http.post("/suppressions/named", content=b"c-1@example.com").json()["suppressions"]
    assert http.post("/suppressions", content=lines(*shown)).json() == {
        "new": 0,
        "known": 3,
        "faults": [],
    }


def test_a_row_about_nobody_stops_nobody(http: TestClient) -> None:
    table = b"address,reason\nx@example.com,left\n,left\n"
    taken = http.post("/suppressions", content=table, headers={"Content-Type": "text/csv"}).json()
    assert (taken["new"], [fault["line"] for fault in taken["faults"]]) == (1, [3])


def test_only_operators_of_the_tenant_may(http: TestClient) -> None:
    assert http.get("/suppressions", headers={"Authorization": "Bearer bound"}).status_code == 403
    assert http.get("/suppressions", headers={"Authorization": "Bearer x"}).status_code == 401
    assert http.get("/suppressions?after=x").status_code == 422
    assert http.post("/suppressions", content=b"x" * (9 << 20)).status_code == 413


def test_commands_bring_show_and_take_along(
    http: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(service: str) -> httpx.Client:
        assert service == "messenger"
        return http

    monkeypatch.setattr(suppressions, "operator_of", here)
    file, mine = tmp_path / "list.csv", tmp_path / "mine.txt"
    file.write_text("address,reason,expires_at\nx@example.com,left,\ny@example.com,left,soon\n")
    mine.write_text("x@example.com\n")
    brought = CliRunner().invoke(suppressions.app, ["import", str(file)])
    assert brought.exit_code == 1
    assert f"{file}:3: expires_at" in brought.output
    assert "1 new, 0 known already" in brought.output
    plain = CliRunner().invoke(suppressions.app, ["export", "--format", "csv"]).output
    assert plain.splitlines()[0].startswith("customer,address_hash,address,channel")
    assert "x@example.com" not in plain
    known = CliRunner().invoke(suppressions.app, ["export", "--addresses", str(mine)]).output
    assert json.loads(known)["address"] == "x@example.com"
    assert "left" in CliRunner().invoke(suppressions.app, ["list"]).output
