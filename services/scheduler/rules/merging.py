"""Two ids of one customer: from then on the one that stays stands for both.

What was said under either id against contact binds, contacts under both count, and enrolments go
on under the id that stays. Words that still come under the old id (a tap in an old mail) are
taken as said by the one that stays.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from services.policy.model import ConsentRecord, Pack
from services.scheduler.model import Book, Customer, Heard, Hold, Key, Outcome, Reserved, StepState
from services.scheduler.rules import planning
from services.scheduler.rules.continuing import successor
from services.scheduler.rules.stops import MERGED, stopped

ABOUT_THE_PERSON = frozenset(
    {
        "customer.consent_changed",
        "customer.hold_placed",
        "customer.hold_lifted",
        "contact.unsubscribed",
        "contact.preference_changed",
        "handoff.requested",
        "handoff.resolved",
    }
)
"""What counts for the person, under whichever id it is said."""
_EVER = datetime.min.replace(tzinfo=UTC)


def survivor(book: Book, key: Key) -> Key:
    """The id that stays for a customer, which may be their own."""
    seen = {key}
    while (into := book.customer(*key).merged_into) is not None and (key[0], into) not in seen:
        key = key[0], into
        seen.add(key)
    return key


def merge(book: Book, heard: Heard) -> bool:
    """Let the one that stays take over; whether that is news. Merged back, it stays as it was."""
    old = book.customer(heard.tenant, heard.customer)
    into = survivor(book, (heard.tenant, str(heard.data["into"])))
    if into in (old.key, survivor(book, old.key)):
        return False
    book.put(msgspec.structs.replace(old, merged_into=into[1]))
    book.put(_united(book.customer(*into), old))
    for one in book.reserved_of(old.key):
        book.release(one.tenant, one.customer, one.dispatch_id)
        book.put(Reserved(*into, one.dispatch_id, one.contact))
    for enrolment in book.of_customer(old.key):
        known = book.obligations.get(enrolment.obligation_key)
        if known is not None and into[1] not in known.parties:
            parties = tuple(sorted({*known.parties, into[1]}))
            book.put(msgspec.structs.replace(known, parties=parties))
    return True


def carry_over(book: Book, heard: Heard, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Go on under the id that stays with what was still to come under the old one."""
    old = heard.tenant, heard.customer
    into = survivor(book, old)
    if into == old:
        return []
    told: list[Outcome] = []
    for last in book.of_customer(old):
        if last.ended_by != MERGED or _runs(book, into, last.playbook, last.obligation_key):
            continue
        obligation = book.obligations[last.obligation_key]
        kept = book.customer(*into)
        if stopped(kept, obligation, last, last.plans[0].ways, packs, now) is not None:
            continue
        named = {s.plan.name for s in book.steps_of(last.id) if s.state is StepState.CANCELLED}
        base = planning.first_id(
            book.derive, into, last.playbook, last.obligation_kind, last.obligation_id
        )
        again = msgspec.structs.replace(
            successor(book, last, now),
            customer=into[1],
            id=base,
            number=1,
            paused=last.paused,
            paused_until=last.paused_until,
        )
        again = planning.numbered(book, again, planning.former_of(book, again))
        told += planning.carry_on(book, again, named, packs, now)
    return told


def _runs(book: Book, who: Key, playbook: str, about: tuple[str, str, str]) -> bool:
    return any(
        one.active and (one.playbook, one.obligation_key) == (playbook, about)
        for one in book.of_customer(who)
    )


def _united(kept: Customer, old: Customer) -> Customer:
    """The one that stays, with every word against contact that was said under either id."""
    handoffs = {one.id: one for one in (*kept.handoffs, *old.handoffs)}
    pauses = [one for one in (kept.paused_until, old.paused_until) if one is not None]
    fewest = [one for one in (kept.max_a_week, old.max_a_week) if one is not None]
    answered = [one for one in (kept.answered_at, old.answered_at) if one is not None]
    return msgspec.structs.replace(
        kept,
        consents=_stricter((*kept.consents, *old.consents)),
        preferences=_stricter((*kept.preferences, *old.preferences)),
        holds=_standing((*kept.holds, *old.holds)),
        handoffs=tuple(handoffs.values()),
        left=kept.left | old.left,
        paused_until=max(pauses, default=None),
        hours=kept.hours or old.hours,
        max_a_week=min(fewest, default=None),
        place=kept.place if kept.place.known else old.place,
        locale=kept.locale or old.locale,
        answers=dict(Counter(kept.answers) + Counter(old.answers)),
        answered_at=max(answered, default=None),
        segments={**old.segments, **kept.segments},
    )


def _stricter(words: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """One word on each channel and purpose: a refusal before a grant, the newest of its kind."""
    best: dict[tuple[str, str], ConsentRecord] = {}
    for word in sorted(words, key=lambda one: (one.status != "granted", one.at)):
        best[word.channel, word.purpose] = word
    return tuple(best.values())


def _standing(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    """One hold of each kind and scope: one that stands before one that was lifted; the newest of
    its kind, so that no lifting told late reaches one that was placed after it."""
    best: dict[tuple[str, str | None], Hold] = {}
    for hold in sorted(holds, key=lambda one: (_stands(one), one.at or _EVER)):
        best[hold.kind, hold.obligation_id] = hold
    return tuple(best.values())


def _stands(hold: Hold) -> tuple[bool, bool, bool]:
    """How surely a hold stands: what a publisher lifts may stand on, what an operator lifts never.

    Of a hold that was placed again, no earlier lift is kept.
    """
    return hold.at is not None, hold.freed_at is None, hold.lifted_at is None
