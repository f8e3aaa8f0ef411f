"""Forgetting a customer: what proves an agreement stays, what they wrote and may be asked goes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from negotiator_world import ANSWERS, World, forms_of

from schemas.customer_events import CustomerUpdated
from schemas.facts import CustomerErased
from schemas.facts.customer import ERASER
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


def erase(world: World) -> None:
    world.tell("outreach.log", CustomerErased(tables=1), "c-1", source=ERASER)


def rows(world: World, table: str) -> int:
    [(count,)] = world.database.rows(f"SELECT count(*) FROM negotiator.{table}")
    return int(count)


def test_what_proves_stays_and_the_portal_is_shut(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.get()
    visitor.verify()
    visitor.accept(visitor.offers[0])
    assert world.count("agreement.made") == 1
    assert rows(world, "evidence") > 0
    world.pass_time(timedelta(minutes=1))
    erase(world)
    [told] = world.facts("customer.erased")
    assert told["data"]["tables"] >= 2
    assert [rows(world, name) for name in ("evidence", "desk_words", "question", "attempt")] == [
        0, 0, 0, 0,
    ]  # fmt: skip
    assert rows(world, "agreement") == 1
    before = len(world.facts())
    page = visitor.get()
    assert "€600" not in page.text
    assert forms_of(page) == []
    assert visitor.client.post(f"{visitor.base}/verify", data=ANSWERS).status_code != 500
    assert len(world.facts()) == before
    # What was said before, and comes late, brings nothing back.
    world.move_to(world.now - timedelta(minutes=1))
    world.tell("customer.events", CustomerUpdated(verification={"last_digits": "4321"}), "c-1")
    assert rows(world, "evidence") == 0
    world.pass_time(timedelta(minutes=2))
    world.tell("customer.events", CustomerUpdated(verification={"last_digits": "4321"}), "c-1")
    assert rows(world, "evidence") == 1
