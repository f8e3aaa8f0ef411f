"""The one processing rule on real PostgreSQL: what a batch may do, and what it may not."""

import base64
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from processing_world import World, binary_headers, event
from sqlmodel import Session

from schemas.envelope import MAX_VALUE_BYTES
from schemas.topics import DEAD_LETTERS
from services.runtime import ledger, outbox_rows
from services.runtime.database import is_passing
from services.runtime.ledger import Fenced, Ownership, WrongCluster
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


def test_a_batch_changes_state_inbox_watermark_and_outbox_together(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.apply(world.records([event("e-1"), event("e-2", "c-2"), event("e-3")]))
    assert world.counts() == {"c-1": 2, "c-2": 1}
    assert (world.inbox(), world.watermark()) == (3, 3)
    assert sorted(fact["data"]["tables"] for fact in world.outbox()) == [1, 1, 2]
    assert worker.counting.batches == [3]


def test_duplicates_change_nothing_in_a_batch_over_batches_and_over_partitions(
    world: World,
) -> None:
    worker = world.worker()
    for partition in (0, 1):
        worker.take_over(partition)
    once = event("e-1")
    worker.apply(world.records([once, once, event("e-2"), once]))
    worker.apply(world.records([once]))
    worker.apply(world.records([once, event("e-2")], partition=1))
    assert world.seen("c-1") == ["e-1", "e-2"]
    assert len(world.outbox()) == 2
    assert (world.watermark(0), world.watermark(1)) == (5, 2)


def test_the_same_id_of_another_source_or_tenant_is_another_event(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    others = [event("e-1", source="/shop"), event("e-1", tenant="other")]
    worker.apply(world.records([event("e-1"), *others]))
    assert world.counts() == {"c-1": 3}


def test_records_that_were_applied_already_are_passed_over(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    records = world.records([event(f"e-{number}") for number in range(4)])
    worker.apply(records[:3])
    worker.apply(records[1:])
    worker.apply(records)
    assert world.seen("c-1") == ["e-0", "e-1", "e-2", "e-3"]
    assert worker.counting.batches == [3, 1]


def test_two_workers_with_the_same_events_count_each_once(world: World) -> None:
    workers = [world.worker(), world.worker()]
    chance = random.Random(1)
    batches = []
    for partition, worker in enumerate(workers):
        worker.take_over(partition)
        events = [event(f"e-{number}", f"c-{number % 7}") for number in range(120)]
        chance.shuffle(events)
        records = world.records(events, partition)
        batches.append([records[at : at + 10] for at in range(0, 120, 10)])
    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(list, map(worker.apply, cut))
            for worker, cut in zip(workers, batches, strict=True)
        ]:
            done.result()
    assert sum(world.counts().values()) == 120
    assert len(world.outbox()) == 120


def test_a_poison_event_is_dead_lettered_alone(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    events = [event(f"e-{number}", f"c-{number}") for number in range(16)]
    events[5] = event("poison", "c-5", do="raise")
    events[11] = event("venom", "c-11", do="raise")
    worker.apply(world.records(events))
    assert set(world.counts()) == {f"c-{number}" for number in range(16)} - {"c-5", "c-11"}
    assert (world.watermark(), world.inbox()) == (16, 14)
    letters = world.dead_letters()
    assert [letter["origin"]["offset"] for letter in letters] == [5, 11]
    assert all(letter["code"] == "processing_error" for letter in letters)
    assert "ValueError" in letters[0]["detail"]
    assert "nobody thought of this" not in str(letters), "what an exception says may be personal"


def test_what_was_dead_lettered_can_be_sent_again_under_its_own_id(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.apply(world.records([event("e-1", do="raise")]))
    worker.apply(world.records([event("e-1")]))
    assert world.seen("c-1") == ["e-1"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"{", "not_json"),
        (b"\xff\xfe", "invalid_utf8"),
        (b"", "empty"),
        (None, "empty"),
        (b'{"a": 1}', "not_cloudevent"),
        (b" " * (MAX_VALUE_BYTES + 1), "too_large"),
    ],
)
def test_unreadable_bytes_are_dead_lettered_as_they_came(
    world: World, value: bytes | None, code: str
) -> None:
    worker = world.worker()
    worker.take_over()
    headers = [("trace", b"abc"), ("null", None)]
    unreadable = world.record(value, key=b"some key", headers=headers)
    worker.apply([*world.records([event("e-1")]), unreadable, world.record(event("e-2"))])
    [letter] = world.dead_letters()
    assert letter["code"] == code
    assert letter["detail"]
    assert base64.b64decode(letter["value_base64"]) == (value or b"")
    assert (letter["key"], letter["headers"]) == (
        "some key",
        {"trace": "abc", "null": ""},
    )
    assert letter["origin"]["topic"] == "customer.events"
    assert (letter["origin"]["partition"], letter["origin"]["offset"]) == (0, unreadable.offset)
    assert letter["service"] == "segmenter"
    assert world.seen("c-1") == ["e-1", "e-2"]
    assert world.inbox() == 2


def test_what_a_handler_refuses_leaves_no_trace_and_keeps_its_bytes(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    binary = world.record(
        b'{"attributes": {"do": "refuse"}}',
        headers=[
            ("content-type", b"application/json"),
            *binary_headers(event("b-1")),
        ],
    )
    worker.apply([world.record(event("e-1", do="refuse")), binary, world.record(event("e-2"))])
    assert (world.inbox(), world.seen("c-1")) == (1, ["e-2"])
    first, second = world.dead_letters()
    assert (first["code"], first["pointer"]) == ("out_of_range", "/data")
    assert base64.b64decode(second["value_base64"]) == binary.value
    assert second["headers"] == {name: (text or b"").decode() for name, text in binary.headers}
    worker.apply(world.records([event("e-1")]))
    assert world.seen("c-1") == ["e-2", "e-1"]


def test_a_fenced_worker_writes_nothing(world: World) -> None:
    frozen, heir = world.worker(), world.worker()
    before = frozen.take_over()
    records = world.records([event(f"e-{number}") for number in range(6)])
    frozen.apply(records[:2])
    heir.take_over()
    with pytest.raises(Fenced):
        frozen.apply(records[2:])
    with pytest.raises(Fenced):
        frozen.apply([world.record(event("poison", do="raise"))])
    assert world.seen("c-1") == ["e-0", "e-1"]
    assert (world.inbox(), len(world.outbox()), world.dead_letters()) == (2, 2, [])
    heir.apply(records[2:4])
    with pytest.raises(Fenced):
        frozen.apply(records[2:])
    assert world.watermark() == 4
    with Session(frozen.context.engine) as session:
        assert ledger.next_offset(session, before) is None
        assert outbox_rows.batch(session, "customer.events", [before], 10) == []


def test_an_heir_waits_for_the_commit_of_a_transaction_that_is_under_way(world: World) -> None:
    slow, heir = world.worker(), world.worker()
    slow.take_over()
    taken: list[Future[Ownership]] = []
    with ThreadPoolExecutor(1) as pool:

        def decide(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
            slow.counting.handle(work, batch)
            taken.append(pool.submit(heir.take_over))

        slow.handle_by(decide).apply(world.records([event("e-1")]))
    assert taken[0].result().next_offset == 1
    with pytest.raises(Fenced):
        slow.apply(world.records([event("e-2")]))


def test_outputs_stand_in_the_outbox_in_the_order_of_their_causes(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    for batch in range(5):
        numbers = range(batch * 20, batch * 20 + 20)
        worker.apply(world.records([event(f"e-{n}", f"c-{n % 3}") for n in numbers]))
    facts = world.outbox()
    for number in range(3):
        told = [fact for fact in facts if fact["subject"] == f"c-{number}"]
        assert [fact["causationid"] for fact in told] == [f"e-{n}" for n in range(number, 100, 3)]
        assert [fact["data"]["tables"] for fact in told] == list(range(1, len(told) + 1))


def test_the_same_event_makes_the_same_ids(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.apply(world.records([event("e-1"), event("bad", do="raise")]))
    facts, letters = world.outbox(), world.outbox(DEAD_LETTERS)
    for table in ("counter", "inbox", "outbox", "watermark"):
        world.database.rows(f"DELETE FROM segmenter.{table}")
    worker.take_over()
    world.offsets.clear()
    worker.apply(world.records([event("e-1"), event("bad", do="raise")]))
    assert [fact["id"] for fact in world.outbox()] == [fact["id"] for fact in facts]
    assert [one["id"] for one in world.outbox(DEAD_LETTERS)] == [one["id"] for one in letters]


def test_identities_are_forgotten_when_no_replay_of_them_is_accepted_any_more(
    world: World,
) -> None:
    worker = world.worker()
    worker.take_over()
    worker.apply(world.records([event("e-1"), event("e-2")]))
    real = worker.context.clock.real()
    world.database.rows("UPDATE segmenter.inbox SET at = %s", real - timedelta(days=46))
    worker.apply(world.records([event("e-3")]))
    with Session(worker.context.engine) as session:
        ledger.prune_inbox(session, real - timedelta(days=45))
        session.commit()
    assert world.inbox() == 1


def test_another_cluster_or_topic_stops_the_service_with_a_clear_message(world: World) -> None:
    worker = world.worker()
    worker.take_over()
    worker.apply(world.records([event("e-1")]))
    with pytest.raises(WrongCluster, match=r"filled from cluster cluster-1.*broker says .*other"):
        worker.take_over(cluster="other")
    with pytest.raises(WrongCluster, match="empty database"):
        worker.take_over(topic_id="made again")
    assert world.watermark() == 1
    worker.apply(world.records([event("e-2")]))
    assert world.seen("c-1") == ["e-1", "e-2"], "a refused take-over changes nothing"


@pytest.mark.parametrize("late", [False, True], ids=["in-the-handler", "in-the-outbox"])
def test_a_lost_connection_is_no_poison(world: World, late: bool) -> None:
    worker = world.worker()
    own = worker.take_over()
    records = world.records([event("e-1")])

    def cut(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        if late:
            worker.counting.handle(work, batch)
        world.database.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'rapport-segmenter' AND datname = current_database()"
        )
        worker.counting.handle(work, batch if not late else ())

    cutting = worker.handle_by(cut)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the driver's choice
        cutting.apply(records)
    assert is_passing(raised.value)
    assert (own.next_offset, world.counts(), world.dead_letters()) == (0, {}, [])
    worker.apply(records)
    assert world.seen("c-1") == ["e-1"]


def test_counts_come_out_right_whatever_the_batches(world: World) -> None:
    """Many random histories: any cut into batches, repeats, poison and take-overs."""
    chance = random.Random(7)
    workers = [world.worker() for _ in range(2)]
    sent: Counter[str] = Counter()
    records = []
    for number in range(300):
        customer = f"c-{chance.randrange(9)}"
        if chance.random() < 0.05:
            records.append(world.record(event(f"p-{number}", customer, do="raise")))
        elif sent and chance.random() < 0.2:
            records.append(world.record(event(*chance.choice(list(sent)).split("@"))))
        else:
            sent[f"e-{number}@{customer}"] += 1
            records.append(world.record(event(f"e-{number}", customer)))
    owner = workers[0]
    owner.take_over()
    at = 0
    while at < len(records):
        if chance.random() < 0.2:
            owner = chance.choice(workers)
            owner.take_over()
            at = max(0, at - chance.randrange(20))
        size = chance.randrange(1, 25)
        owner.apply(records[at : at + size])
        at += size
    assert world.counts() == Counter(name.split("@")[1] for name in sent)
    assert len(world.dead_letters()) == sum(b'"raise"' in (one.value or b"") for one in records)
    assert world.watermark() == 300
