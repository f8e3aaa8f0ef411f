"""What must hold after any crash: proved from the log, the mailbox and the databases."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import LiteralString

from e2e.crowd import Crowd, address
from rapport.audit.log import Log, build
from rapport.audit.run import audit
from rapport.reading import Raw, read_to_end
from rapport.records import record
from schemas.facts import (
    EventApplied,
    MessageIntended,
    MessageSent,
    MessageUnknown,
    OutreachDispatched,
    OutreachEnrolled,
)
from schemas.topics import DEAD_LETTERS, OUTREACH_LOG
from services.runtime.ids import derive
from support.polling import poll_until
from support.system import System

POOL = 8
"""Connections of one messenger: more messages it never hands over at once."""


def settled(system: System, crowd: Crowd, timeout: float = 120.0) -> None:
    """Wait until all that the crowd caused has come to its end, everywhere."""
    poll_until(partial(_all_ended, system, len(crowd.customers)), timeout, "letters without an end")
    system.settled(timeout)
    poll_until(lambda: not _open(system), timeout, "the scheduler has not heard of every end")


def _all_ended(system: System, letters: int) -> bool:
    return (
        _one(system, "SELECT count(*) FROM scheduler.enrolment") == letters
        and _one(system, "SELECT count(DISTINCT step_id) FROM messenger.dispatch") == letters
        and _one(
            system,
            "SELECT count(*) FROM messenger.dispatch WHERE state IN ('pending', 'intended')",
        )
        == 0
        and not _open(system)
        and _one(system, "SELECT count(*) FROM negotiator.invitation") == letters
    )


def _open(system: System) -> int:
    """How many steps are due or on their way."""
    rows = system.database.rows(
        "SELECT count(*) FROM scheduler.step WHERE state = 'dispatched'"
        " OR (state = 'planned' AND due_at <= %s)",
        system.clock.now(),
    )
    return int(rows[0][0])


def _one(system: System, query: LiteralString) -> int:
    return int(system.database.rows(query)[0][0])


def intended(system: System) -> int:
    """How many messages were handed over, or were about to be, and have no end."""
    return _one(system, "SELECT count(*) FROM messenger.message WHERE state = 'intended'")


def read(system: System, topic: str = OUTREACH_LOG) -> Sequence[Raw]:
    """A topic, all of it."""
    return list(read_to_end(topic, {"bootstrap_servers": system.broker.address}))


def kept(system: System, crowd: Crowd, unknown: int) -> None:
    """Prove that nothing was lost or doubled; `unknown` messages may be unknown, at the most."""
    records = [record(raw) for raw in read(system)]
    log = build(records)
    _applied_once(log, crowd)
    _state_is_right(system, crowd)
    _sent_once(system, log, unknown)
    _dead_lettered_once(system, crowd)
    report = audit(records, in_flight_seconds=0.0)
    assert report.held, [violation.as_dict() for violation in report.violations][:5]


def _applied_once(log: Log, crowd: Crowd) -> None:
    applied = Counter(fact.data.event_id for fact in log.of(EventApplied))
    assert set(applied) == set(crowd.events), "lost, or of nobody"
    assert set(applied.values()) == {1}, "applied more than once"
    assert not log.altered
    assert not log.unreadable
    enrolled = Counter(fact.data.obligation.obligation_id for fact in log.of(OutreachEnrolled))
    assert set(enrolled.values()) == {1}
    assert len(enrolled) == len(crowd.customers)


def _state_is_right(system: System, crowd: Crowd) -> None:
    expected = sorted((who, address(who)) for who in crowd.customers)
    assert (
        sorted(system.database.rows("SELECT customer, email FROM messenger.customer")) == expected
    )
    bills = {f"missed-{who}" for who in crowd.customers}
    for query in (
        "SELECT obligation_id FROM scheduler.obligation",
        "SELECT obligation_id FROM negotiator.obligation",
    ):
        found = [name for (name,) in system.database.rows(query)]
        assert (len(found), set(found)) == (len(bills), bills), query
    profiles = system.database.rows("SELECT customer FROM segmenter.profile")
    assert {who for (who,) in profiles} == set(crowd.customers)
    # The inbox knows facts, too; of the crowd's events it knows each.
    ids = [derive("default", one["source"], one["id"]) for one in crowd.events.values()]
    seen = system.database.rows(
        "SELECT count(*) FROM segmenter.inbox WHERE id = ANY(CAST(%s AS uuid[]))", ids
    )
    assert seen == [(len(crowd.events),)]


def _sent_once(system: System, log: Log, unknown: int) -> None:
    dispatched = [fact.data.dispatch_id for fact in log.of(OutreachDispatched)]
    assert len(dispatched) == len(set(dispatched))
    intents = {fact.data.message_id: fact.data for fact in log.of(MessageIntended)}
    sent = {fact.data.message_id for fact in log.of(MessageSent)}
    doubtful = {fact.data.message_id for fact in log.of(MessageUnknown)}
    assert len(doubtful) <= unknown
    assert not sent & doubtful
    letters = [letter["headers"]["Message-ID"].strip("<>") for letter in system.mailbox.messages()]
    arrived = Counter(name.partition("@")[0] for name in letters)
    assert set(arrived.values()) == {1}, "the same message arrived twice"
    assert sent <= set(arrived), "said to be sent, and never arrived"
    assert set(arrived) <= sent | doubtful, "arrived, and nobody says so"
    steps = Counter(intents[message].step_id for message in sent | doubtful)
    assert set(steps.values()) == {1}, "a step may have gone out twice"


def _dead_lettered_once(system: System, crowd: Crowd) -> None:
    letters = build(record(raw) for raw in read(system, DEAD_LETTERS))
    assert letters.unknown == crowd.bad, "what is no fact counts as of unknown type"
