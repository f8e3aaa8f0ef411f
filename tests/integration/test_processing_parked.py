"""Messages that cannot be decided yet, on real PostgreSQL: how they wait, and for how long."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from processing_world import World, binary_headers, event

from schemas.topics import CUSTOMER_EVENTS
from services.runtime import parked_rows
from services.runtime.ledger import Fenced
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


def test_parked_messages_keep_their_order_and_what_follows_waits_behind(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.counting.may_decide = False
    events = [event("e-1"), event("e-2", do="wait"), event("x-1", "c-2")]
    worker.apply(world.records(events))
    worker.apply(world.records([event("e-3"), event("x-2", "c-2"), event("e-4")]))
    assert world.counts() == {"c-1": 1, "c-2": 2}
    assert world.parked() == [1, 3, 5]
    with worker.context.unit() as work:
        mine, another = (CUSTOMER_EVENTS, 0), (CUSTOMER_EVENTS, 1)
        assert parked_rows.count(work.session, [mine, another]) == {mine: 3}
        assert parked_rows.count(work.session, [another]) == {}
        assert parked_rows.count(work.session, []) == {}
    assert world.watermark() == 6
    assert worker.sweep() == 0
    worker.counting.may_decide = True
    worker.apply(world.records([event("e-5")]))
    while worker.sweep():
        continue
    assert world.seen("c-1") == ["e-1", "e-2", "e-3", "e-4", "e-5"]
    assert world.parked() == []
    worker.apply(world.records([event("e-2"), event("e-6")]))
    assert world.seen("c-1")[-1] == "e-6", "what was parked is known"


def test_a_duplicate_of_what_is_parked_changes_nothing(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.counting.may_decide = False
    worker.apply(world.records([event("e-1", do="wait"), event("e-1", do="wait")]))
    worker.apply(world.records([event("e-1", do="wait")]))
    assert world.parked() == [0]


def test_the_next_owner_goes_on_with_what_is_parked(world: World) -> None:
    first, heir = world.worker(), world.worker()
    first.take_over()
    first.counting.may_decide = False
    first.apply(world.records([event("e-1", do="wait")]))
    heir.take_over()
    with pytest.raises(Fenced):
        first.sweep()
    assert heir.sweep() == 1
    assert world.seen("c-1") == ["e-1"]


def test_a_parked_message_that_turns_out_poison_is_dead_lettered_alone(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.counting.may_decide = False
    events = [event(f"e-{number}", f"c-{number}", do="wait") for number in range(5)]
    worker.apply(world.records(events))
    world.database.rows(
        "UPDATE segmenter.parked SET value = convert_to("
        "replace(convert_from(value, 'UTF8'), '\"wait\"', '\"raise\"'), 'UTF8')"
        " WHERE position = 3"
    )
    worker.counting.may_decide = True
    while worker.sweep():
        continue
    assert set(world.counts()) == {"c-0", "c-1", "c-2", "c-4"}
    assert world.parked() == []
    [letter] = world.dead_letters()
    assert (letter["code"], letter["origin"]["offset"]) == ("processing_error", 3)
    worker.apply(world.records([event("e-3", "c-3")]))
    assert world.seen("c-3") == ["e-3"], "it left no trace"


def test_a_parked_event_in_binary_mode_is_read_again(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.counting.may_decide = False
    headers = [("content-type", b"application/json"), *binary_headers(event("b-1"))]
    binary = world.record(b'{"attributes": {"do": "wait"}}', headers=headers)
    worker.apply([binary])
    worker.counting.may_decide = True
    assert worker.sweep() == 1
    assert world.seen("c-1") == ["b-1"]


def test_what_waits_too_long_or_behind_too_many_is_refused_with_its_reason(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.counting.may_decide = False
    most = worker.context.settings.waiting_per_key
    worker.apply(world.records([event("e-0", do="wait"), event("x-0", "c-2", do="wait")]))
    worker.apply(world.records([event(f"e-{n}") for n in range(1, most + 2)]))
    assert [letter["code"] for letter in world.dead_letters()] == ["too_many_waiting"] * 2
    patience = timedelta(hours=worker.context.settings.waiting_hours, seconds=1)
    world.database.rows(
        "UPDATE segmenter.parked SET at = at - CAST(%s AS interval) WHERE key = 'c-2'",
        f"{patience.total_seconds()} seconds",
    )
    assert worker.sweep(limit=1) == 0, "c-1 has its time still"
    assert worker.sweep(limit=1) == 1
    last = world.dead_letters()[-1]
    assert (last["code"], last["key"]) == ("waited_too_long", "c-2")
    worker.counting.may_decide = True
    assert worker.sweep() == 1
    worker.apply(world.records([event("x-0", "c-2"), event(f"e-{most + 1}", "c-2")]))
    assert world.counts() == {"c-1": 1, "c-2": 2}, "what was refused left no trace"
