"""On a real PostgreSQL: hours are counted with the facts that tell of them, and read by plans."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from scheduler_node import Bench, applied, requested

from schemas.envelope import Envelope, make
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.runtime.ids import derive
from services.scheduler.habit_store import MOST
from services.scheduler.model import Learning
from services.scheduler.rules.habits import ENOUGH_POOLED
from support.database import Database

STEP = {"name": "idea", "anchor": "trigger", "days": 3, "at": "10:00", "own_hour": True,
        "valid_for": "P2D", "template": "idea", "channel": "email"}  # fmt: skip
COUNTS = (
    "SELECT playbook, segment, hour, sum(count)::int FROM scheduler.answered_hour GROUP BY 1, 2, 3"
)


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00", Learning(0))
    yield made
    made.close()


def clicked(customer: str, at: str) -> Envelope:
    """A person followed a link."""
    return make(
        "message.clicked",
        {"message_id": "m", "link": "pay", "machine": False},
        id=derive("clicked", customer, at),
        source="/rapport/messenger",
        tenant="default",
        subject=customer,
        time=datetime.fromisoformat(at),
    )


def lives(customer: str, offset: int) -> Envelope:
    return applied("customer.updated", offset, customer, obligation_id=None, timezone="Asia/Tokyo")


def test_what_others_did_decides_the_hour_of_whom_little_is_known(bench: Bench) -> None:
    crowd = [f"c-{number}" for number in range(ENOUGH_POOLED)]
    bench.deliver(OUTREACH_LOG, *(lives(one, number) for number, one in enumerate(crowd)))
    taps = [clicked(one, "2026-03-01T20:10:00+09:00") for one in crowd]
    bench.deliver(OUTREACH_LOG, *taps)
    bench.deliver(OUTREACH_LOG, *taps[:5])  # duplicates change nothing
    bench.deliver(OUTREACH_LOG, lives("ann", 99))
    bench.deliver(OUTREACH_COMMANDS, requested(99, playbook="reactivate", steps=[STEP]))
    planned = bench.outbox()[-1]
    assert planned.type == "outreach.step_planned"
    assert planned.data["due_at"] == "2026-03-05T11:00:00Z"
    assert planned.data["hour"] == {
        "usual": 10, "wanted": 20, "by": "general", "arm": "learned", "propensity": 1.0,
    }  # fmt: skip
    bench.deliver(OUTREACH_LOG, clicked("ann", "2026-03-02T07:10:00+09:00"))
    assert sorted(bench.database.rows(COUNTS)) == [
        ("", "", 7, 1), ("", "", 20, ENOUGH_POOLED), ("reactivate", "everyone", 7, 1),
    ]  # fmt: skip


def test_a_full_pool_is_halved(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, lives("ann", 1))
    days = [datetime.fromisoformat("2026-03-01T20:10:00+09:00") + timedelta(days=n) for n in (0, 1)]
    bench.deliver(OUTREACH_LOG, clicked("ann", days[0].isoformat()))
    with bench.context.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE scheduler.answered_hour SET count = {MOST}")
    bench.deliver(OUTREACH_LOG, clicked("ann", days[1].isoformat()))
    assert bench.database.rows(COUNTS) == [("", "", 20, (MOST + 1) // 2)]
