"""Three bills of one day: one letter about all, then about two, then about the last."""

from datetime import datetime
from typing import Any

import pytest

from e2e.conftest import Launch
from services.runtime.clock import Clock
from support.system import System, event, of, wait_for

START = datetime.fromisoformat("2026-03-02T09:00+01:00")
DUE = "2026-03-13"
SPEED = 15_000.0
LEAD_SECONDS = 10.0
WHO = "ana"
BILLS = {"rent": "Nordbank", "power": "Stromwerk", "phone": "Telco"}


@pytest.mark.brokers("embedded")
def test_what_falls_due_together_is_told_together_and_what_is_paid_drops_out(
    launch: Launch,
) -> None:
    clock = Clock(START, SPEED, Clock().real().timestamp() + LEAD_SECONDS)
    with launch(clock) as system, system.log() as log:
        system.send(_known(), *(_due(name) for name in BILLS))
        first = _letter(system, 1)
        _pay(system, "rent")
        second = _letter(system, 2)
        _pay(system, "phone")
        third = _letter(system, 3)
        wait_for(log, lambda facts: len(of(facts, WHO, "message.sent")) >= 3)
        system.settled()

        assert [_named(letter) for letter in (first, second, third)] == [
            {"Nordbank", "Stromwerk", "Telco"},
            {"Stromwerk", "Telco"},
            {"Stromwerk"},
        ]
        subjects = [letter["headers"]["Subject"] for letter in (first, second, third)]
        assert subjects == [
            "3 bills fall due soon",
            "2 bills fall due soon",
            "Tomorrow: your Stromwerk bill",
        ]
        facts = list(log.read())
        joined = of(facts, WHO, "outreach.step_joined")
        assert len(joined) == 3, "two with the first letter, one with the second"
        assert system.violations() == []


def _letter(system: System, number: int) -> dict[str, Any]:
    found = system.mailbox.wait_for(number, to=f"{WHO}@example.org", timeout=90)
    return found[number - 1]


def _named(letter: dict[str, Any]) -> set[str]:
    return {creditor for creditor in BILLS.values() if creditor in letter["text"]}


def _known() -> dict[str, Any]:
    data = {
        "email": f"{WHO}@example.org",
        "timezone": "Europe/Berlin",
        "country": "DE",
        "locale": "en",
    }
    return event("customer.updated", WHO, data, at=START)


def _due(name: str) -> dict[str, Any]:
    data = {
        "bill_id": name,
        "creditor": BILLS[name],
        "amount_minor": 4_500,
        "currency": "EUR",
        "due_date": DUE,
    }
    return event("bill.due_soon", WHO, data, at=START)


def _pay(system: System, name: str) -> None:
    data = {
        "payment_id": f"p-{name}",
        "bill_id": name,
        "amount_minor": 4_500,
        "currency": "EUR",
        "remaining_minor": 0,
    }
    system.send(event("payment.received", WHO, data, at=system.clock.now()))
