"""A large log is audited at 200,000 facts in less than half a minute of one core."""

import json
from collections.abc import Iterator
from time import process_time

from rapport.audit.log import Record
from rapport.audit.run import audit
from support.audit.log_builder import REAL_START_MS, plus
from support.audit.world import World
from support.audit.world_packs import PACKS

CUSTOMERS = 4_250
FACTS_A_SECOND = 200_000 / 30
DAY = "2026-03-02T00:00:00+00:00"


def one_customer() -> list[Record]:
    """The facts of one customer's two reminders and payment, at offsets of their own."""
    world = World()
    for name, content in PACKS.items():
        world.add(f"policy.{name}", "policy.in_force", "X", DAY, name=name,
                  version=content["version"], sha256="ab" * 32, content=content)  # fmt: skip
    world.event("X.place", "customer.updated", "X", DAY, timezone="Asia/Tokyo")
    world.bill("X.due", "X", DAY, "b-X")
    world.enrol("e-X", "X", DAY, "X.due", "b-X", steps={"X-0": DAY, "X-1": plus(DAY, days=1)})
    for n in range(2):
        world.message(f"d-X-{n}", "X", plus(DAY, days=n), f"X-{n}", "e-X", "b-X",
                      packs=("house", "japan"))  # fmt: skip
    return list(world.records())


def many_customers() -> Iterator[Record]:
    """That story again and again, with other ids, woven together as one log would have it."""
    story = one_customer()
    first = len(PACKS)
    yield from (
        Record(0, number, REAL_START_MS, record.value)
        for number, record in enumerate(story[:first])
    )
    length = len(story) - first
    for customer in range(CUSTOMERS):
        start = first + customer * length
        for number, record in enumerate(story[first:]):
            event = json.loads(record.value.replace(b"X", b"C%d" % customer))
            data = event["data"]
            if "applied_through" in data:
                data["applied_through"] = {"outreach.log/0": start + number - 1}
            if "position" in data:
                data["position"] = {
                    "topic": "customer.events", "partition": 0, "offset": start + number,
                }  # fmt: skip
            value = json.dumps(event).encode()
            yield Record(0, start + number, REAL_START_MS + customer, value)


def test_facts_a_second() -> None:
    records = list(many_customers())
    began = process_time()
    report = audit(records)
    spent = process_time() - began
    assert report.held
    assert report.facts == len(records) > 50_000
    assert report.facts / spent > FACTS_A_SECOND
