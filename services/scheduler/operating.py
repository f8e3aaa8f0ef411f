"""What operators decide: pauses, holds that they lift, sending that they stop."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from schemas.facts import (
    ContactPreferenceChanged,
    HoldLifted,
    OutreachPaused,
    OutreachResumed,
    SendingResumed,
    SendingScope,
    SendingStopped,
)
from services.policy.model import Pack
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import habit_store, reading, saving, sending_store, store
from services.scheduler.model import Book, Enrolment, Heard, Key, Learning
from services.scheduler.rules import hearing, holds, merging
from services.scheduler.rules.contacts import counted_since
from services.scheduler.sending_store import Scope
from services.scheduler.telling import tell


def pause(
    work: UnitOfWork,
    packs: Sequence[Pack],
    tenant: str,
    customer: str,
    until: datetime | None,
    actor: str,
    learning: Learning | None = None,
) -> None:
    """Let nothing go out to the customer before `until`; None ends a pause."""
    book = Book(derive, learning=learning)
    store.load(work.session, book, customers={(tenant, customer)}, obligations=())
    _know(work, book, packs)
    tell(work, hearing.pause(book, tenant, customer, until, packs, work.now))
    saving.save(work.session, book)
    told = until.isoformat() if until else None
    work.fact(
        "contact.preference_changed",
        ContactPreferenceChanged(changes={"paused_until": told, "by": actor}),
        subject=customer,
        tenant=tenant,
        key=("pause", customer, str(told), work.now.isoformat()),
    )


def pause_enrolment(
    work: UnitOfWork, enrolment: Key, until: datetime | None, actor: str
) -> Enrolment | None:
    """Let an enrolment wait until an instant, or until it is resumed; None: it is not known."""
    book = _with_enrolment(work, enrolment)
    found = book.enrolments.get(enrolment[1])
    if found is None or not found.active:
        return found
    hearing.pause_enrolment(book, found, until)
    saving.save(work.session, book)
    _tell(work, found, OutreachPaused(enrolment_id=found.id, until=until, by=actor))
    return found


def resume_enrolment(
    work: UnitOfWork,
    packs: Sequence[Pack],
    enrolment: Key,
    actor: str,
    learning: Learning | None = None,
) -> Enrolment | None:
    """End the pause of an enrolment; None: it is not known. Without a pause nothing changes."""
    book = _with_enrolment(work, enrolment, learning)
    found = book.enrolments.get(enrolment[1])
    if found is None or not found.paused:
        return found
    _know(work, book, packs)
    _tell(work, found, OutreachResumed(enrolment_id=found.id, by=actor))
    tell(work, hearing.resume_enrolment(book, found, packs, work.now))
    saving.save(work.session, book)
    return found


def _with_enrolment(work: UnitOfWork, key: Key, learning: Learning | None = None) -> Book:
    """What a word about one enrolment may change, its customer locked; empty if not known."""
    row = reading.enrolment(work.session, *key)
    book = Book(derive, learning=learning)
    if row is not None:
        who = {(row.tenant, row.customer)}
        store.load(work.session, book, customers=who, obligations=(), enrolments=[key])
    return book


def _know(work: UnitOfWork, book: Book, packs: Sequence[Pack]) -> None:
    """Add what laying steps rests on: contacts that count, and hours of answers."""
    store.load_contacts(work.session, book, counted_since(packs, work.now))
    habit_store.load(work.session, book, book.enrolments.values())


def _tell(work: UnitOfWork, about: Enrolment, told: OutreachPaused | OutreachResumed) -> None:
    key = (about.id, work.now.isoformat())
    work.fact(told.TYPE, told, subject=about.customer, tenant=about.tenant, key=key)


def lift(
    work: UnitOfWork,
    packs: Sequence[Pack],
    who: Key,
    told: HoldLifted,
    learning: Learning | None = None,
) -> bool:
    """Lift a hold as an operator, under whichever id of the customer; False where none stands."""
    tenant, customer = who
    book = Book(derive, learning=learning)
    about = told.obligation_id
    named = [(tenant, "bill", about)] if about is not None else []
    store.load(work.session, book, customers={who}, obligations=named)
    _know(work, book, packs)
    person = book.customer(*merging.survivor(book, who))
    stand = holds.standing(person, packs, work.now)
    found = [one for one in stand if (one.kind, one.obligation_id) == (told.kind, about)]
    if not found:
        return False
    # A publisher's clock may be ahead: the lifting comes after all that it is to reach.
    at = max(work.now, *holds.lifted_from(person, found))
    if at > work.now:
        told = told.model_copy(update={"at": at})
    identity = derive(work.service, told.TYPE, tenant, customer, told.kind, about or "", str(at))
    heard = Heard(tenant, customer, told.TYPE, identity, at, told.model_dump(mode="json"), about)
    tell(work, hearing.hear(book, heard, packs, work.now))
    saving.save(work.session, book)
    key = (customer, told.kind, about or "", str(at))
    work.fact(told.TYPE, told, subject=customer, tenant=tenant, key=key)
    return True


def say_of_sending(
    work: UnitOfWork, scope: Scope, word: Literal["stop", "resume"], reason: str, actor: str
) -> bool:
    """Stop or resume a scope of sending and tell every lane; False where it was so already."""
    stop = word == "stop"
    revision = sending_store.say(work.session, scope, stop, actor, reason, work.now)
    if revision is None:
        return False
    if not stop:
        sending_store.wake(work.session, scope.of_tenant, work.now)
    model = SendingStopped if stop else SendingResumed
    named: SendingScope = scope.scope  # type: ignore[assignment]  # the model refuses any other
    told = model(
        scope=named,
        of_tenant=scope.of_tenant or None,
        name=scope.name or None,
        by=actor,
        reason=reason,
        revision=revision,
    )
    tenant = scope.of_tenant or "default"
    work.tell_all(model.TYPE, told, tenant=tenant, key=(*scope, revision))
    return True
