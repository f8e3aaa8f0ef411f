"""Two ids of one customer: from then on the one that stays stands for both.

What was said under either id against contact binds, contacts under both count, and enrolments go
on under the id that stays. Words that still come under the old id (a tap in an old mail) are
taken as said by the one that stays.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from services.policy.model import ConsentRecord
from services.scheduler.model import (
    Book,
    Customer,
    GaveWay,
    Heard,
    Hold,
    Key,
    Reserved,
)
from services.scheduler.rules.customers import last_kept, learn
from services.scheduler.rules.stops import MERGED

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


def take_in(book: Book, heard: Heard) -> bool:
    """Learn what is told of a customer, under whichever id; whether two ids became one by it."""
    known = book.customer(heard.tenant, heard.customer)
    learnt = learn(known, heard)
    if learnt != known:
        book.put(learnt)
    if heard.stale:
        return False
    merged = heard.type == MERGED and merge(book, heard)
    stays = survivor(book, known.key)
    if stays != known.key and heard.type in ABOUT_THE_PERSON:
        book.put(learn(book.customer(*stays), msgspec.structs.replace(heard, position=None)))
    return merged


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
        kept=last_kept(*kept.kept, *old.kept),
        left=kept.left | old.left,
        paused_until=max(pauses, default=None),
        hours=kept.hours or old.hours,
        max_a_week=min(fewest, default=None),
        place=kept.place if kept.place.known else old.place,
        placed=kept.placed or old.placed,
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
