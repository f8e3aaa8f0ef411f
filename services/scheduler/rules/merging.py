"""Two ids of one customer: from then on the one that stays stands for both.

What was said under either id against contact binds, contacts under both count, and enrolments go
on under the id that stays. Words that still come under the old id (a tap in an old mail) are
taken as said by the one that stays.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from services.policy.model import ConsentRecord, Pack
from services.scheduler.model import (
    Book,
    Customer,
    GaveWay,
    Heard,
    Hold,
    Key,
    Outcome,
    Reserved,
    StepState,
)
from services.scheduler.rules import planning
from services.scheduler.rules.continuing import successor
from services.scheduler.rules.stops import MERGED, stopped

ABOUT_THE_PERSON = frozenset(
    {
        "customer.consent_changed",
        "customer.hold_placed",
        "customer.hold_lifted",
        "hold.lifted",
        "contact.unsubscribed",
        "contact.preference_changed",
        "handoff.requested",
        "handoff.resolved",
    }
)
"""What counts for the person, under whichever id it is said."""


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
    way = GaveWay(old.id, str(heard.data["into"]), heard.time)
    book.put(_united(book.customer(*into), old, way))
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


def _united(kept: Customer, old: Customer, way: GaveWay) -> Customer:
    """The one that stays, with every word against contact that was said under either id.

    Of holds, each id's words are kept apart: a lifting from before `way` is that id's alone.
    """
    handoffs = {one.id: one for one in (*kept.handoffs, *old.handoffs)}
    pauses = [one for one in (kept.paused_until, old.paused_until) if one is not None]
    fewest = [one for one in (kept.max_a_week, old.max_a_week) if one is not None]
    answered = [one for one in (kept.answered_at, old.answered_at) if one is not None]
    return msgspec.structs.replace(
        kept,
        consents=_stricter((*kept.consents, *old.consents)),
        preferences=_stricter((*kept.preferences, *old.preferences)),
        holds=_all_holds(kept, old),
        former=tuple({one.id: one for one in (*old.former, way, *kept.former)}.values()),
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


def _all_holds(kept: Customer, old: Customer) -> tuple[Hold, ...]:
    theirs = [msgspec.structs.replace(one, of=one.of or old.id) for one in old.holds]
    found = {(one.kind, one.obligation_id, one.of): one for one in (*theirs, *kept.holds)}
    return tuple(found.values())
