"""Commands, facts, due steps and operators' pauses: loads, decides, saves, tells."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from schemas.commands import OutreachRequested
from schemas.facts import ChoiceMade, CustomerErased, LogHeartbeat
from schemas.facts.customer import ERASER
from schemas.topics import CUSTOMER_EVENTS
from services.policy.model import Pack
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import (
    habit_store,
    progress_store,
    saving,
    sending_store,
    store,
    strangers,
    watching,
)
from services.scheduler.evidence import Finding, Sure
from services.scheduler.model import LOOKS_AHEAD, Book, Heard, Key, Learning
from services.scheduler.rules import claiming, hearing, planning
from services.scheduler.rules.contacts import counted_since
from services.scheduler.rules.customers import covers
from services.scheduler.telling import tell
from services.scheduler.translate import command_of, heard_of

OWN = "/rapport/scheduler"
UNTOLD = frozenset(
    {
        "log.heartbeat",
        "policy.in_force",
        "policy.refused",
        "authority.in_force",
        "playbook.published",
        "playbook.approved",
        "playbook.withdrawn",
        "sending.stopped",
        "sending.resumed",
    }
)
"""Facts about the machinery: in no customer's timeline."""
INERT = frozenset({"customer.segmented", "customer.held_out", "message.opened"})
"""Facts that end nothing and move nothing: they are only noted."""
WHOLE = frozenset({"customer.hold_lifted", "customer.merged", "handoff.resolved"})
"""What may let enrolments go on that ended long ago, whatever they are about."""
DISPATCH_FACTS = frozenset(
    {
        "message.intended",
        "message.sent",
        "message.failed",
        "message.refused",
        "message.left_out",
        "message.unknown",
    }
)


OF_STEPS = DISPATCH_FACTS | {"message.bounced"}
"""What names its steps, whose enrolment may be over by then."""
SURE = Finding(Sure.ALL)
"""No payment is missing: as where events are read elsewhere."""
CONTACTS_MATTER = DISPATCH_FACTS | {"customer.merged"}


class Taken(NamedTuple):
    """Due steps to decide on, and how far this service had read before it looked for them."""

    read: Mapping[str, int]
    due: store.Due


class Handlers:
    """What the scheduler does with its two topics, its timers and its operators."""

    def __init__(
        self,
        packs: Sequence[Pack],
        spread: timedelta = timedelta(0),
        looks_ahead: timedelta = LOOKS_AHEAD,
        learning: Learning | None = None,
    ) -> None:
        """spread: over how much business time steps that fall due together are spread.

        looks_ahead: how far ahead a contact looks for what goes before it. learning: how
        customers' hours are learned; None: they aren't.
        """
        self._packs = packs
        self._spread = spread
        self._looks_ahead = looks_ahead
        self._learning = learning

    def commands(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Plan what is ordered; park what rests on events that are not applied here yet."""
        orders = [(m, m.data) for m in batch if isinstance(m.data, OutreachRequested)]
        packs = self._in_force()
        book = self._book()
        store.load(
            work.session,
            book,
            customers={_customer(message) for message, _ in orders},
            obligations={
                (m.event.tenant, data.obligation.kind, data.obligation.obligation_id)
                for m, data in orders
            },
        )
        store.load_contacts(work.session, book, counted_since(packs, work.now))
        asked = [command_of(message, data) for message, data in orders]
        habit_store.load(work.session, book, [one.enrolment for one in asked])
        parked: set[str] = set()
        # What a fact orders rests on the log; all else, on the customer's own events.
        by_fact = any(data.agreement or data.answers for _, data in orders)
        heard = work.positions() if by_fact else {}
        for (message, data), command in zip(orders, asked, strict=True):
            customer = book.customer(message.event.tenant, message.key)
            if message.key in parked or not covers(customer, data.after, heard):
                parked.add(message.key)
                work.park(message, "its events are not applied yet")
                continue
            outcomes = planning.plan(book, command, packs, work.now)
            tell(work, outcomes, message.event)
        saving.save(work.session, book)

    def log(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Take in facts: note each in its customer's timeline, and act on what changes plans."""
        told = [message for message in batch if message.event.type not in UNTOLD]
        acting = [m for m in told if _acts(m)]
        heards = [(message, heard_of(message)) for message in acting]
        packs = self._in_force()
        book = self._book()
        if heards:
            store.load(
                work.session,
                book,
                customers={who for _, heard in heards for who in _named(heard)},
                obligations={heard.about for _, heard in heards if heard.about is not None},
                enrolments=[
                    *store.enrolments_of_steps(work.session, _steps(acting)),
                    *_chosen_in(acting),
                ],
                with_former={who for _, h in heards if h.type in WHOLE for who in _named(h)},
            )
            if book.enrolments or any(heard.type in CONTACTS_MATTER for _, heard in heards):
                store.load_contacts(work.session, book, counted_since(packs, work.now))
            habit_store.load(work.session, book, book.enrolments.values())
        for message, heard in heards:
            unknown = strangers.refusal(book, message, DISPATCH_FACTS, work.now)
            if unknown is not None:
                work.reject(message, unknown)
                continue
            outcomes = hearing.hear(book, heard, packs, work.now)
            tell(work, outcomes, message.event)
            watching.time_cancelling(message, outcomes, work.real_now)
        watching.count_paid_but_contacted(work.session, book, acting)
        saving.save(work.session, book)
        saving.note(work.session, [_noted(message) for message in told])
        reached = {
            message.data.lane: message.data.sent_at
            for message in batch
            if isinstance(message.data, LogHeartbeat) and message.data.read == CUSTOMER_EVENTS
        }
        progress_store.advance_progress(work.session, reached)
        habit_store.save(work.session, book)

    def take(self, work: UnitOfWork, limit: int) -> Taken:
        """The oldest due steps, at most `limit`, whose customers nobody is at work on; locked."""
        # Positions first: what is read after them can only be newer than they say.
        read = work.positions()
        return Taken(read, store.take_due(work.session, work.now, limit))

    def claim(self, work: UnitOfWork, taken: Taken, found: Finding = SURE) -> None:
        """Decide on all that is due for these steps' customers, oldest first.

        found: whether payments may be missing, so that what they could settle waits.
        """
        book = self._book()
        customers = taken.due.customers.values()
        steps = store.load_due(work.session, book, work.now, customers)
        self._decide(work, book, steps, taken.read, found)

    def claim_alone(
        self, work: UnitOfWork, customer: Key, step_id: str, found: Finding = SURE
    ) -> None:
        """Decide on one due step, which takes no other with it. found: as `claim` has it."""
        book = self._book()
        read = work.positions()
        steps = self._due_of(work, book, customer)
        self._decide(work, book, [one for one in steps if one == step_id], read, found, alone=True)

    def put_aside(self, work: UnitOfWork, customer: Key, step_id: str) -> None:
        """End a due step that cannot be decided."""
        book = self._book()
        if step_id in self._due_of(work, book, customer):
            tell(work, claiming.put_aside(book, step_id, work.now))
            saving.save(work.session, book)

    def _due_of(self, work: UnitOfWork, book: Book, customer: Key) -> list[str]:
        """One customer's due steps, loaded; none while somebody else is at work on them."""
        locked = store.lock_customers(work.session, [customer], skip_locked=True)
        return store.load_due(work.session, book, work.now, locked)

    def _decide(
        self,
        work: UnitOfWork,
        book: Book,
        steps: Sequence[str],
        read: Mapping[str, int],
        found: Finding,
        alone: bool = False,
    ) -> None:
        if found.sure is Sure.NO_PAYMENTS:
            book.unsure_until = work.now + found.wait
        if steps:
            packs = self._in_force()
            store.load_contacts(work.session, book, counted_since(packs, work.now))
            again = {s.enrolment_id for s in map(book.steps.__getitem__, steps) if s.attempt > 1}
            habit_store.load(work.session, book, [book.enrolments[one] for one in sorted(again)])
            book.sending_stops = sending_store.standing(work.session)
            outcomes = claiming.claim(book, steps, packs, work.now, alone)
            tell(work, outcomes, read=read, events=found.events)
            saving.save(work.session, book)

    def _in_force(self) -> tuple[Pack, ...]:
        """The packs, the same ones for a whole transaction."""
        return tuple(self._packs)

    def _book(self) -> Book:
        return Book(derive, self._spread, self._looks_ahead, self._learning)


def _acts(message: Incoming) -> bool:
    event = message.event
    if event.type == CustomerErased.TYPE:
        return event.source == ERASER
    return event.source != OWN and event.type not in INERT


def _customer(message: Incoming) -> Key:
    return message.event.tenant, message.key


def _named(heard: Heard) -> list[Key]:
    """The customers that a fact is about; of two ids that are one, both."""
    into = [str(heard.data["into"])] if heard.type == "customer.merged" else []
    return [(heard.tenant, one) for one in (heard.customer, *into)]


def _steps(messages: Sequence[Incoming]) -> list[Key]:
    return [
        (message.event.tenant, str(step_id))
        for message in messages
        if message.event.type in OF_STEPS
        for step_id in (message.event.data.get("step_id"), *message.event.data.get("joined", ()))
        if step_id is not None
    ]


def _chosen_in(messages: Sequence[Incoming]) -> list[Key]:
    return [
        (message.event.tenant, message.data.enrolment_id)
        for message in messages
        if isinstance(message.data, ChoiceMade)
    ]


def _noted(message: Incoming) -> saving.Noted:
    event = message.event
    return saving.Noted(
        tenant=event.tenant,
        customer=message.key,
        fact_id=event.id,
        at=event.time,
        position=message.offset,
        type=event.type,
        data=event.data,
        cause=event.causationid,
    )
