"""What a fact of the log changes: customers, obligations, enrolments, steps."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.policy.model import Pack
from services.scheduler.model import Book, Enrolment, Heard, Outcome
from services.scheduler.rules import (
    agreements,
    continuing,
    going_on,
    habits,
    merging,
    obligations,
    outcomes,
)
from services.scheduler.rules.choosing import choose
from services.scheduler.rules.contacts import note_contact
from services.scheduler.rules.ending import cancel
from services.scheduler.rules.holds import refused_lift
from services.scheduler.rules.planning import replan, resume
from services.scheduler.rules.stops import (
    MAIL,
    OF_ONE_MESSAGE,
    PERSON,
    concerns,
    exit_met,
    stopped,
)
from services.scheduler.rules.told_late import keep_only
from services.scheduler.rules.ways import fall_back, goes_on

_DISPATCH_FACTS = frozenset(
    {
        "message.intended",
        "message.sent",
        "message.failed",
        "message.refused",
        "message.left_out",
        "message.unknown",
    }
)


def hear(book: Book, heard: Heard, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Take in one fact, or the customer event that an `event.applied` tells of.

    What it settles or stops is cancelled for every party of the obligation; changed terms move
    the steps that are not dispatched yet.
    """
    known = book.customer(heard.tenant, heard.customer)
    before = book.customer(*merging.survivor(book, known.key))
    merged = merging.take_in(book, heard)
    if heard.stale:
        return []
    to_come = going_on.still_planned(book, known.key) if merged else {}
    stays = merging.survivor(book, known.key)
    habits.learn(book, heard, stays)
    if heard.type == "contact.made":
        note_contact(book, msgspec.structs.replace(heard, customer=stays[1]))
    told: list[Outcome] = []
    if (refused := refused_lift(book.customer(*stays), heard, packs, now)) is not None:
        told.append(refused)
    if heard.type in _DISPATCH_FACTS:
        told += outcomes.follow(book, heard, packs, now)
    elif heard.type == "message.bounced":
        told += fall_back(book, heard, now)
    touched = [one for who in {known.key: 0, stays: 0} for one in book.of_customer(who)]
    if (key := heard.about) is not None:
        terms = book.obligations.get(key)
        told_anew = obligations.learn(terms, heard)
        if told_anew is not None and told_anew != terms:
            book.put(told_anew)
        own = {heard.customer, stays[1]}
        touched += [one for one in book.of_obligation(key) if one.customer not in own]
    if heard.type == "choice.made":
        told += choose(book, heard, packs, now)
    for enrolment in touched:
        running = book.enrolments[enrolment.id]
        if running.active:
            told += _end_or_move(book, running, heard, packs, now)
    if merged:
        told += going_on.carry_over(book, heard, to_come, packs, now)
    return [*told, *continuing.carry_on(book, heard, before, packs, now)]


def _end_or_move(
    book: Book, enrolment: Enrolment, heard: Heard, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    steps = book.steps_of(enrolment.id) if heard.type in OF_ONE_MESSAGE else ()
    concerned = concerns(enrolment, steps, heard)
    met = exit_met(enrolment.exits, heard) if concerned else None
    customer = book.customer(enrolment.tenant, enrolment.customer)
    obligation = book.obligations[enrolment.obligation_key]
    if met is not None and met.on == "message.bounced":
        # One address is dead; by another they may be reached.
        met = None if goes_on(customer, enrolment, heard, now) else met
    ways = enrolment.plans[0].ways if enrolment.plans else MAIL
    stop = stopped(customer, obligation, enrolment, ways, packs, now)
    if stop is not None:
        reason = met.reason if met is not None else stop.reason
        return [cancel(book, enrolment, reason, heard.id, now, reenter=True, rule=stop.rule)]
    if met is not None and met.keep:
        return keep_only(book, enrolment, met, now)
    if met is not None:
        rule = PERSON if met.on == "handoff.requested" else "exit"
        return [cancel(book, enrolment, met.reason, heard.id, now, reenter=False, rule=rule)]
    told: list[Outcome] = []
    if concerned and heard.obligation_id is not None:
        told = replan(book, enrolment, packs, now)
        told += agreements.follow(book, book.enrolments[enrolment.id], heard, packs, now)
    return [*told, *resume(book, book.enrolments[enrolment.id], packs, now)]


def pause(
    book: Book,
    tenant: str,
    customer: str,
    until: datetime | None,
    packs: Sequence[Pack],
    now: datetime,
) -> list[Outcome]:
    """Let no step of the customer go out before `until`; None ends a pause."""
    stays = merging.survivor(book, (tenant, customer))
    book.put(msgspec.structs.replace(book.customer(*stays), paused_until=until))
    running = [one for one in book.of_customer(stays) if one.active]
    return [told for one in running for told in resume(book, one, packs, now)]


def pause_enrolment(book: Book, enrolment: Enrolment, until: datetime | None) -> None:
    """Let no step of the enrolment go out before `until`, or until it is resumed."""
    book.put(msgspec.structs.replace(enrolment, paused=True, paused_until=until))


def resume_enrolment(
    book: Book, enrolment: Enrolment, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """End the pause: what has its time ahead goes on, what is over says so."""
    again = msgspec.structs.replace(enrolment, paused=False, paused_until=None)
    book.put(again)
    return resume(book, again, packs, now) if again.active else []
