"""Living tags on real parts: from both topics, the same again after the database is lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from processing_world import NEVER, NOW, Record, Worker, settings_of
from psycopg.errors import SerializationFailure
from running import Running, on, publish
from sqlmodel import Session

from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.playbooks.catalogue import Catalogue
from services.runtime import outbox_rows
from services.runtime.clock import Clock
from services.runtime.database import is_passing
from services.runtime.processing import MOST_PASSED, Processor
from services.segmenter import api, store, stream
from support.broker import Broker
from support.database import Database, DatabasesForTests
from support.playbooks import in_force
from support.polling import poll_until

CUSTOMERS = [f"c-{number}" for number in range(24)]
TOPICS = (CUSTOMER_EVENTS, OUTREACH_LOG)
Told = dict[str, Any]


def told(
    type: str, customer: str, id: str, days: float, data: dict[str, Any], source: str = "/bank"
) -> Told:
    """An event or fact of `days` before NOW."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": type,
        "subject": customer,
        "time": (NOW - timedelta(days=days)).isoformat(),
        "data": data,
    }


def events_of(customer: str) -> list[Told]:
    """What the bank tells of one customer; each differs a little."""
    number = int(customer[2:])
    bill = {"bill_id": f"b-{number}", "currency": "EUR"}
    asked = {**bill, "creditor": "Bank", "amount_minor": 900, "due_date": "2026-02-10"}
    paid = {**bill, "payment_id": f"p-{number}", "amount_minor": 400, "remaining_minor": number % 3}
    return [
        told("customer.updated", customer, f"{customer}-u", 40, {"timezone": "Asia/Tokyo",
             "country": "JP", **({"tier": "gold"} if number % 4 else {})}),
        told("bill.due_soon", customer, f"{customer}-d", 30, {**asked, "version": 1}),
        told("payment.missed", customer, f"{customer}-m", 20, {**asked, "version": 2}),
        told("bill.due_soon", customer, f"{customer}-s", 19, {**asked, "version": 1}),
        told("payment.received", customer, f"{customer}-p", number / 8, paid),
    ]  # fmt: skip


def facts_of(customer: str) -> list[Told]:
    """What the other services tell of one customer."""
    message = {"message_id": f"m-{customer}"}
    opened = {**message, "machine": customer.endswith("3")}
    clicked = {**opened, "link": "portal"}
    stories: list[tuple[str, dict[str, Any], float]] = [
        ("message.opened", opened, 18),
        ("message.clicked", clicked, 17.5),
        ("message.delivered", message, 17),
        ("contact.unsubscribed", {"channel": "email", "purpose": "marketing", "via": "page"}, 16),
        ("agreement.kept", {"agreement_id": "a", "case_id": "c", "obligation_id": "b",
                            "instalment": 1, "amount_minor": 5}, 3),
        ("feedback.given", {**message, "helpful": True}, 1),
    ]  # fmt: skip
    return [
        told(type, customer, f"f-{customer}-{n}", days, data, "/rapport/messenger")
        for n, (type, data, days) in enumerate(stories)
    ]


EVENTS = [event for customer in CUSTOMERS for event in events_of(customer)]
FACTS = [fact for customer in CUSTOMERS for fact in facts_of(customer)]
READ = len(EVENTS) + len([fact for fact in FACTS if fact["type"] != "message.delivered"])


@contextmanager
def segmenter(database: Database, **settings: Any) -> Iterator[Worker]:
    """The real segmenter on a database, its clock standing still."""
    tokens = {"api_tokens": "reader=r1:read"}
    worker = Worker.of(settings_of(database, **tokens, **settings))
    handlers = stream.handlers(worker.context, in_force(worker.context.settings.playbooks_dir))
    processor = Processor(worker.context, handlers, frozenset({CUSTOMER_EVENTS}), stream.WANTS)
    yield Worker(worker.context, worker.counting, processor)
    worker.context.engine.dispose()


def answer(worker: Worker, customer: str) -> Any:
    """What GET /customers/{id} says, with its bytes."""
    web = TestClient(api.create(worker.context, Catalogue()))
    found = web.get(f"/customers/{customer}", headers={"authorization": "Bearer r1"})
    assert found.status_code == 200, found.text
    return found


def run_until_read(broker: Broker, database: Database) -> dict[str, bytes]:
    """Let a segmenter with this database read all there is; what it then says of each customer."""
    with segmenter(database, **on(broker)) as worker:
        with Running(worker, topics=TOPICS):
            poll_until(
                lambda: database.rows("SELECT count(*) FROM segmenter.inbox")[0][0] >= READ,
                60,
                "not all was read",
            )
        return {customer: answer(worker, customer).content for customer in CUSTOMERS}


def test_all_profiles_rebuilt_from_the_topics_are_the_same_to_the_byte(
    broker: Broker, databases: DatabasesForTests
) -> None:
    on(broker)
    publish(broker, FACTS[::2], topic=OUTREACH_LOG)
    publish(broker, EVENTS)
    publish(broker, FACTS[1::2], topic=OUTREACH_LOG)
    with databases.fresh() as database:
        before = run_until_read(broker, database)
    with databases.fresh() as database:
        again = run_until_read(broker, database)
    assert again == before
    said = json.loads(before["c-5"])
    assert said["tags"]["value_tier"]["value"] == "gold"
    assert said["tags"]["delinquency"]["value"] == "1-30"
    assert {"engagement", "preferred_hour", "readiness", "capacity"} <= set(said["tags"])
    assert "history" not in said["profile"]


def feed(worker: Worker, topic: str, stories: list[Told], late: timedelta = timedelta()) -> None:
    """Apply a batch of partition 0 of a topic, written `late` ago."""
    own = worker.context.owned[topic, 0]
    written = int((worker.context.clock.real() - late).timestamp() * 1000)
    records = [
        Record(
            topic,
            0,
            own.next_offset + n,
            one["subject"].encode(),
            json.dumps(one).encode(),
            timestamp=written,
        )
        for n, one in enumerate(stories)
    ]
    worker.processor.apply(own, records)


@pytest.fixture
def worker(database: Database) -> Iterator[Worker]:
    """The real segmenter's worker; it owns partition 0 of both topics."""
    with segmenter(database) as made:
        made.take_over()
        made.take_over(topic=OUTREACH_LOG)
        yield made


def test_tags_show_why_how_sure_and_until_when_and_end_on_time(worker: Worker) -> None:
    feed(worker, CUSTOMER_EVENTS, events_of("c-1"))
    feed(worker, OUTREACH_LOG, facts_of("c-1"))
    tag = answer(worker, "c-1").json()["tags"]["engagement"]
    assert 0 < tag["value"] < 1
    assert 0 < tag["confidence"] < 1
    assert tag["because"][:2] == ["f-c-1-5", "f-c-1-3"]
    assert tag["expires_at"] == (NOW + timedelta(days=179)).isoformat().replace("+00:00", "Z")
    worker.context.clock = Clock(NOW + timedelta(days=179), 1.0, NEVER)
    later = answer(worker, "c-1").json()
    assert "engagement" not in later["tags"]
    assert later["expired"]["engagement"] == (NOW + timedelta(days=179)).isoformat()


@pytest.mark.parametrize("kept", [(), (3, 4), (0, 1, 2, 3, 4)])
def test_what_customer_events_keeps_no_more_is_built_up_from_the_log(
    worker: Worker, databases: DatabasesForTests, kept: tuple[int, ...]
) -> None:
    events = [
        *events_of("c-5"),
        told("customer.updated", "c-5", "l", 1, {"timezone": "Asia/Tokyo"}),
        told("customer.hold_placed", "c-5", "h", 1, {"kind": "hardship"}),
    ]
    feed(worker, CUSTOMER_EVENTS, events)
    feed(worker, OUTREACH_LOG, facts_of("c-5"))
    before = answer(worker, "c-5").json()
    rows = worker.context.engine.connect().exec_driver_sql(
        "SELECT messages FROM outbox ORDER BY id"
    )
    log = [json.loads(value) for (page,) in rows for _, value in outbox_rows.unpack(page)]
    with databases.fresh() as database, segmenter(database) as other:
        other.take_over()
        other.take_over(topic=OUTREACH_LOG)
        feed(other, OUTREACH_LOG, log, late=timedelta(days=30))
        feed(other, CUSTOMER_EVENTS, [events[n] for n in kept])
        feed(other, OUTREACH_LOG, facts_of("c-5"), late=timedelta(days=30))
        again = answer(other, "c-5").json()
    assert json.dumps(again["tags"]) == json.dumps(before["tags"])
    for name in ("timezone", "country", "tier", "holds"):
        assert again["profile"][name] == before["profile"][name]


def test_facts_that_say_nothing_of_a_customer_are_passed_over_unread(
    worker: Worker, database: Database
) -> None:
    broken = told("event.applied", "c-1", "x-1", 0, {"nothing": "of the kind"})
    sent = told("message.delivered", "c-1", "x-2", 0, {"message_id": "m-1"})
    feed(worker, OUTREACH_LOG, [broken, sent])
    assert database.rows("SELECT count(*) FROM segmenter.inbox") == [(0,)]
    assert database.rows("SELECT count(*) FROM segmenter.profile") == [(0,)]
    feed(worker, OUTREACH_LOG, [broken, *facts_of("c-1"), sent])
    assert database.rows("SELECT count(*) FROM segmenter.inbox") == [(len(facts_of("c-1")) - 1,)]
    assert _watermark(database) == worker.context.owned[OUTREACH_LOG, 0].next_offset > 0
    before = _watermark(database)
    feed(worker, OUTREACH_LOG, [broken] * (MOST_PASSED - 1))
    assert _watermark(database) == before
    assert worker.context.owned[OUTREACH_LOG, 0].passed == before + MOST_PASSED - 1
    feed(worker, OUTREACH_LOG, [broken] * MOST_PASSED)
    assert _watermark(database) == before + MOST_PASSED


def _watermark(database: Database) -> int:
    """Up to where the log is applied."""
    ((offset,),) = database.rows(
        "SELECT next_offset FROM segmenter.watermark WHERE topic = %s", OUTREACH_LOG
    )
    return int(offset)


def test_the_log_may_tell_of_a_customer_first(worker: Worker) -> None:
    feed(worker, OUTREACH_LOG, facts_of("c-1"))
    feed(worker, CUSTOMER_EVENTS, events_of("c-1"))
    first = answer(worker, "c-1").json()["tags"]
    feed(worker, CUSTOMER_EVENTS, events_of("c-2"))
    feed(worker, OUTREACH_LOG, facts_of("c-2"))
    second = answer(worker, "c-2").json()["tags"]
    assert {name: tag["as_of"] for name, tag in first.items() if name != "punctuality"}
    assert first.keys() == second.keys()


def test_two_that_make_the_same_profile_at_once_lose_nothing(worker: Worker) -> None:
    key = ("default", "c-1")
    engine = worker.context.engine
    with Session(engine) as one, Session(engine) as other:
        mine, theirs = (store.lock_profiles(session, [key]) for session in (one, other))
        store.save_profiles(one, mine, NOW)
        one.commit()
        with pytest.raises(SerializationFailure) as caught:
            store.save_profiles(other, theirs, NOW)
        assert is_passing(caught.value)
        other.rollback()
        known = store.lock_profiles(other, [key, ("default", "c-2")])
        store.save_profiles(other, known, NOW)
        other.commit()
