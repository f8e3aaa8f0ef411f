"""What leaves the scheduler without a model in between is what the contract has."""

from datetime import timedelta

import msgspec
from scheduler_world import REMINDERS, START, World, at, bill

from schemas.envelope import decode, parse_data
from schemas.topics import OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler.model import StepPlan
from services.scheduler.telling import tell


class Told(UnitOfWork):
    """A unit of work without a database: it only collects what would be published."""

    def __init__(self) -> None:
        self.service = "scheduler"
        self.now = START
        self.values: list[tuple[str, bytes]] = []

    def _queue(self, topic: str, key: str, value: bytes) -> None:
        del key
        self.values.append((topic, value))


def told(world: World, claimed_at: str) -> dict[str, dict[str, object]]:
    """Everything that a bill's first letters lead to, read back strictly; by type, the last."""
    outcomes = world.start(bill(creditor="Acme", product="card"), consolidate=True)
    outcomes += world.start(bill(bill_id="b2", due_timezone="Asia/Tokyo"), consolidate=True)
    world.now = at(claimed_at)
    outcomes += world.claim()
    work = Told()
    tell(work, outcomes, read={f"{OUTREACH_LOG}/{n}": 4 for n in range(64)})
    found = {}
    for topic, value in work.values:
        event = decode(value)
        model = parse_data(event, topic)
        assert set(event.data) == set(type(model).model_fields), event.type
        assert msgspec.json.decode(value)["data"] == model.model_dump(mode="json")
        found[event.type] = event.data
    assert {topic for topic, _ in work.values} == {OUTREACH_LOG, OUTREACH_DISPATCHES}
    return found


def test_facts_and_orders_are_what_the_contract_has() -> None:
    found = told(World(), "2026-03-05 10:00")
    assert {
        "outreach.enrolled",
        "outreach.step_planned",
        "outreach.dispatched",
        "outreach.dispatch_ordered",
    } <= set(found)


def test_a_step_that_is_suppressed_again_after_it_was_moved_says_so_again() -> None:
    world = World(at("2026-03-02 22:00"))
    brief = (StepPlan("brief", "due", -1, timedelta(hours=1), "x", at="22:00"),)
    outcomes = world.start(bill(), plans=(*brief, *REMINDERS))
    moved = bill(time=world.now + timedelta(minutes=1), due_date="2026-03-25", version=2)
    outcomes += world.hear(moved)
    work = Told()
    tell(work, outcomes)
    ids = [
        event.id
        for event in (decode(value) for _, value in work.values)
        if event.type == "outreach.step_suppressed"
    ]
    assert len(ids) == len(set(ids)) == 2
