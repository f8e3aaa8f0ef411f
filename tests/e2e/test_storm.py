"""A storm of steps due at one instant, two schedulers, one of them killed in the middle."""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import httpx
import pytest

from e2e.conftest import Launch
from e2e.proofs import read
from rapport.audit.log import build
from rapport.audit.run import audit
from rapport.records import record
from schemas.facts import MessageSent, OutreachDispatched, OutreachStepPlanned
from services.runtime.clock import Clock
from services.runtime.embedded.children import Child
from services.runtime.settings import ROOT
from support.polling import poll_until
from support.system import System, event

TEN = datetime.fromisoformat("2026-03-02T10:00+01:00")
"""Monday in Berlin: the letter three days before each bill's due date is due."""
CUSTOMERS = 250
STANDS_SECONDS = 25.0
"""Real seconds for which it stays one second before ten, while all is planned."""
OTHER_PORTS = 400
"""Above the first scheduler's, where nobody listens."""


@pytest.fixture
def system(launch: Launch) -> Iterator[System]:
    begins = Clock().real().timestamp() + STANDS_SECONDS
    clock = Clock(TEN - timedelta(seconds=1), 1.0, begins)
    # All at one instant, and a few at a time, so that there is a middle in which to be killed.
    with launch(clock, SCHEDULER_SPREAD_SECONDS="0", SCHEDULER_CLAIM_BATCH="5") as running:
        yield running


@pytest.mark.brokers("kafka")
def test_one_of_two_schedulers_is_killed_in_a_storm(system: System, tmp_path: Path) -> None:
    with second_scheduler(system, tmp_path):
        crowd = (events(f"c-{number}", system.clock.now()) for number in range(CUSTOMERS))
        system.send(*chain.from_iterable(crowd))
        poll_until(partial(_in_the_middle, system), 90, "no storm")
        system.fleet.children["scheduler"].stop(grace=0, first=signal.SIGKILL)
        poll_until(partial(_all_sent, system), 90, "a step without an end")
        proved(system)


def proved(system: System) -> None:
    """No step lost, none dispatched twice, and every promise kept."""
    records = [record(raw) for raw in read(system)]
    log = build(records)
    planned = {
        fact.data.step_id
        for fact in log.of(OutreachStepPlanned)
        if fact.data.step == "three_days_before"
    }
    assert len(planned) == CUSTOMERS
    dispatched = Counter(fact.data.step_id for fact in log.of(OutreachDispatched))
    assert dispatched == dict.fromkeys(planned, 1)
    sent = Counter(fact.data.step_id for fact in log.of(MessageSent))
    assert sent == dict.fromkeys(planned, 1)
    report = audit(records, in_flight_seconds=0.0)
    assert report.held, [violation.as_dict() for violation in report.violations][:5]


@contextmanager
def second_scheduler(system: System, folder: Path) -> Iterator[None]:
    """Another process of the scheduler, beside the fleet's own."""
    settings = system.parts.settings
    base = settings.port_base + OTHER_PORTS
    child = Child(
        "second scheduler",
        [sys.executable, "-m", "services.scheduler.main"],
        log=folder / "second-scheduler.log",
        env={**system.parts.environment, "PORT_BASE": str(base)},
        cwd=ROOT,
    )
    url = f"http://127.0.0.1:{base + settings.port('scheduler') - settings.port_base}/readyz"

    def ready() -> bool:
        try:
            return system.http.get(url).status_code == 200
        except httpx.TransportError:
            return False

    try:
        poll_until(ready, 60, "the second scheduler is not ready")
        yield
    finally:
        child.stop(grace=8)


def events(who: str, now: datetime) -> list[dict[str, object]]:
    """A customer in Berlin and a bill that falls due in three days."""
    person = {
        "name": who.title(),
        "email": f"{who}@example.org",
        "timezone": "Europe/Berlin",
        "country": "DE",
        "locale": "en",
    }
    bill = {
        "bill_id": f"bill-of-{who}",
        "creditor": "Harbour Bank",
        "amount_minor": 24_000,
        "currency": "EUR",
        "due_date": (TEN + timedelta(days=3)).date().isoformat(),
    }
    return [
        event("customer.updated", who, person, at=now),
        event("bill.due_soon", who, bill, at=now),
    ]


def _in_the_middle(system: System) -> bool:
    """Whether some of the storm has gone out, and the most has not."""
    rows = system.database.rows("SELECT count(*) FROM scheduler.contact")
    return 20 < int(rows[0][0]) < CUSTOMERS * 0.8


def _all_sent(system: System) -> bool:
    rows = system.database.rows("SELECT count(*) FROM scheduler.step WHERE state = 'sent'")
    return int(rows[0][0]) == CUSTOMERS
