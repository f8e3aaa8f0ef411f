"""Commands, facts, due steps and operators' pauses: loads, decides, saves, tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.commands import OutreachRequested
from schemas.facts import ContactPreferenceChanged, PolicyInForce
from services.policy import gate
from services.policy.model import Pack
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import saving, store
from services.scheduler.model import Book, Key
from services.scheduler.rules import claiming, hearing, planning
from services.scheduler.rules.customers import covers
from services.scheduler.telling import tell
from services.scheduler.translate import command_of, heard_of

OWN = "/rapport/scheduler"
UNTOLD = frozenset({"log.heartbeat", "policy.in_force"})
"""Facts about the machinery: in no customer's timeline."""
INERT = frozenset({"customer.segmented", "customer.held_out", "message.opened"})
"""Facts that end nothing and move nothing: they are only noted."""
DISPATCH_FACTS = frozenset(
    {"message.intended", "message.sent", "message.failed", "message.refused", "message.unknown"}
)


class Handlers:
    """What the scheduler does with its two topics, its timers and its operators."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = packs

    def commands(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Plan what is ordered; park what rests on events that are not applied here yet."""
        orders = [(m, m.data) for m in batch if isinstance(m.data, OutreachRequested)]
        book = Book(derive)
        store.load(
            work.session,
            book,
            customers={_customer(message) for message, _ in orders},
            obligations={(m.event.tenant, data.obligation.obligation_id) for m, data in orders},
        )
        parked: set[str] = set()
        for message, data in orders:
            customer = book.customer(message.event.tenant, message.key)
            if message.key in parked or not covers(customer, data.after):
                parked.add(message.key)
                work.park(message, "its events are not applied yet")
                continue
            outcomes = planning.plan(book, command_of(message, data), self._packs, work.now)
            tell(work, outcomes, message.event)
        saving.save(work.session, book)

    def log(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Take in facts: note each in its customer's timeline, and act on what changes plans."""
        told = [message for message in batch if message.event.type not in UNTOLD]
        acting = [m for m in told if m.event.source != OWN and m.event.type not in INERT]
        heards = [(message, heard_of(message)) for message in acting]
        book = Book(derive)
        if heards:
            store.load(
                work.session,
                book,
                customers={_customer(message) for message in acting},
                obligations={
                    (heard.tenant, heard.obligation_id)
                    for _, heard in heards
                    if heard.obligation_id is not None
                },
                enrolments=store.enrolments_of_steps(work.session, _steps(acting)),
            )
            if any(message.event.type in DISPATCH_FACTS for message in acting):
                store.load_contacts(work.session, book, self._counted_since(work.now))
        for message, heard in heards:
            tell(work, hearing.hear(book, heard, self._packs, work.now), message.event)
        saving.save(work.session, book)
        saving.note(work.session, [_noted(message) for message in told])

    def claim(self, work: UnitOfWork, limit: int) -> int:
        """Decide on steps that are due, oldest first; how many were decided.

        Takes at most `limit` steps' customers, and passes over those that are being worked on.
        """
        book = Book(derive)
        read = work.positions()
        due = store.load_due(work.session, book, work.now, limit)
        if due:
            store.load_contacts(work.session, book, self._counted_since(work.now))
            tell(work, claiming.claim(book, due, self._packs, work.now), read=read)
            saving.save(work.session, book)
        return len(due)

    def pause(
        self, work: UnitOfWork, tenant: str, customer: str, until: datetime | None, actor: str
    ) -> None:
        """Let nothing go out to the customer before `until`; None ends a pause."""
        book = Book(derive)
        store.load(work.session, book, customers={(tenant, customer)}, obligations=())
        hearing.pause(book, tenant, customer, until)
        saving.save(work.session, book)
        told = until.isoformat() if until else None
        work.fact(
            "contact.preference_changed",
            ContactPreferenceChanged(changes={"paused_until": told, "by": actor}),
            subject=customer,
            tenant=tenant,
            key=("pause", customer, str(told), work.now.isoformat()),
        )

    def _counted_since(self, now: datetime) -> datetime:
        return now - gate.longest_window(self._packs) - timedelta(seconds=1)


class Claiming:
    """The timer that claims due steps; safe beside any number of others.

    announce: tells which packs are in force, before the first decision rests on them.
    """

    def __init__(
        self, context: Context, handlers: Handlers, announce: "Announcing", batch: int
    ) -> None:
        self._context = context
        self._handlers = handlers
        self._announce = announce
        self._batch = batch

    def __call__(self) -> bool:
        """Claim one batch; True if it was full, so that more may wait."""
        self._announce()
        with self._context.unit() as work:
            return self._handlers.claim(work, self._batch) >= self._batch


class Announcing:
    """Tells the log, once a process, which policy packs are in force here."""

    def __init__(self, context: Context, packs: Sequence[Pack]) -> None:
        self._context = context
        self._packs = packs
        self._done = False

    def __call__(self) -> None:
        """Write `policy.in_force` for each pack; the same pack is the same fact everywhere."""
        if self._done:
            return
        with self._context.unit() as work:
            for pack in self._packs:
                work.fact(
                    "policy.in_force",
                    PolicyInForce(
                        name=pack.name,
                        version=pack.version,
                        sha256=pack.sha256,
                        content=dict(pack.content),
                    ),
                    subject=f"policy:{pack.name}",
                    key=(pack.name, pack.sha256),
                )
        self._done = True


def _customer(message: Incoming) -> Key:
    return message.event.tenant, message.key


def _steps(messages: Sequence[Incoming]) -> list[Key]:
    return [
        (message.event.tenant, str(message.event.data["step_id"]))
        for message in messages
        if message.event.type in DISPATCH_FACTS
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
