"""Three weeks of a bank, a shop and a video site: every event with the instant of publishing.

Pure, and the same for the same seed. What customers do in answer is not in here: they act by
themselves, and the publishers' books then decide which of these events still come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from rapport.demo.books import Books
from rapport.demo.catalogue import BANK, SHOP, VIDEO
from rapport.demo.mistakes import mistakes
from rapport.demo.people import Person, invent
from rapport.demo.script import Planned, Script
from rapport.demo.singles import SINGLES, tell_singles
from rapport.demo.tempers import QUIET

START: Final = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday: late on Sunday in America, morning in East Asia; America changes its clocks after."""

SPAN: Final = timedelta(days=22, hours=6)
"""Long enough for the last letter of `recover`, three weeks after a missed payment."""

MISSED_AT_ONCE: Final = 48
MISSED_LATER: Final = 32
DUE: Final = 66
SUBSCRIBERS: Final = 64
SEVERAL: Final = 11
DUPLICATES: Final = 16


@dataclass(frozen=True, slots=True)
class Scenario:
    """The customers, what is published when, and the publishers' books as they begin."""

    start: datetime
    end: datetime
    people: tuple[Person, ...]
    planned: tuple[Planned, ...]
    books: Books


def plan(seed: int = 2026, start: datetime = START, span: timedelta = SPAN) -> Scenario:
    """The whole scenario; `planned` in order of publishing."""
    script = Script(start, seed)
    everyone = invent(seed, start.date())
    people = iter(everyone)
    single = [replace(person, temper=QUIET) for person in islice(people, SINGLES)]
    at_once = tuple(islice(people, MISSED_AT_ONCE))
    later = tuple(islice(people, MISSED_LATER))
    due = tuple(islice(people, DUE))
    subscribers = tuple(islice(people, SUBSCRIBERS))
    several = tuple(people)
    introduce(script, (*single, *everyone[SINGLES:]))
    tell_singles(script, single)
    for number, person in enumerate(at_once):
        miss(script, person, script.after(0) if number % 3 else script.between(0, 1.5))
    for person in later:
        miss(script, person, script.between(1, 9), script.chance.choice((BANK, SHOP)))
    for person in due:
        fall_due(script, person, script.between(0, 7))
    for person in subscribers:
        subscribe(script, person, script.between(0, 5))
    for person in several:
        miss(script, person, script.between(0, 2))
        fall_due(script, person, script.between(0, 3), SHOP)
        subscribe(script, person, script.between(0, 3))
    err(script, due)
    planned = repeat(script)
    return Scenario(
        start,
        start + span,
        (*single, *everyone[SINGLES:]),
        tuple(sorted(planned, key=lambda one: one.at)),
        Books(script.bills, script.subscriptions),
    )


def introduce(script: Script, people: Sequence[Person]) -> None:
    """Tell who the customers are, in the standing moment before time runs."""
    for person in people:
        script.say(person, "customer.updated", person.profile(), script.start)


def miss(script: Script, person: Person, at: datetime, source: str = BANK) -> None:
    """A bill that fell due yesterday and was not paid."""
    yesterday = script.today(person, at) - timedelta(days=1)
    data = script.open_bill((person,), yesterday, source)
    script.say(person, "payment.missed", data, at, source=source)


def fall_due(script: Script, person: Person, at: datetime, source: str | None = None) -> None:
    """A bill due in eight days; if nobody pays, it is missed on the day after."""
    source = source or script.chance.choice((BANK, SHOP))
    due = script.today(person, at) + timedelta(days=8)
    data = script.open_bill((person,), due, source)
    bill_id = data["bill_id"]
    if script.chance.random() < 0.15:
        script.say(person, "bill.due_soon", data | {"autopay": True}, at, source=source)
        payment = {
            "payment_id": f"{bill_id}-auto",
            "bill_id": bill_id,
            "amount_minor": data["amount_minor"],
            "currency": data["currency"],
            "remaining_minor": 0,
            "version": 50,
        }
        collected = script.local(person, due, 6)
        script.say(person, "payment.received", payment, collected, source=source, unless=bill_id)
        return
    script.say(person, "bill.due_soon", data, at, source=source)
    morning = script.local(person, due + timedelta(days=1), 9)
    script.say(
        person, "payment.missed", data | {"version": 2}, morning, source=source, unless=bill_id
    )


def subscribe(script: Script, person: Person, at: datetime) -> None:
    """A subscription that ends in eight days; most have agreed to hear of such things."""
    if script.chance.random() < 0.8:
        consent = {
            "channel": "email",
            "purpose": "retention",
            "status": "granted",
            "wording_version": "2026-01",
        }
        script.say(person, "customer.consent_changed", consent, script.start, source=VIDEO)
    expires = script.today(person, at) + timedelta(days=8)
    data = script.open_subscription(person, expires)
    name = data["subscription_id"]
    renews = script.chance.random() < 0.12
    script.say(person, "subscription.expiring", data | {"auto_renew": renews}, at, source=VIDEO)
    morning = script.local(person, expires + timedelta(days=1), 7)
    if renews:
        on = {"subscription_id": name, "expires_on": (expires + timedelta(days=30)).isoformat()}
        script.say(person, "subscription.renewed", on, morning, source=VIDEO, unless=name)
    else:
        script.say(person, "subscription.expired", data, morning, source=VIDEO, unless=name)


def err(script: Script, people: Sequence[Person]) -> None:
    """Publishers' mistakes, spread over the first two weeks."""
    at = script.after(0.4)
    for number, (name, record) in enumerate(mistakes(people[0], at)):
        published = at + timedelta(hours=18 * number)
        script.add(Planned(published, record, "mistake", note=f"mistake: {name}"))


def repeat(script: Script) -> list[Planned]:
    """All that is planned, some of it twice: at once, or up to two days later."""
    ordinary = [
        one
        for one in script.planned
        if not one.note and one.unless is None and one.kind != "customer.updated"
    ]
    twice = script.chance.sample(ordinary, DUPLICATES)
    again = [
        replace(
            one,
            at=one.at + timedelta(hours=0 if number % 2 else script.chance.uniform(1, 48)),
            note="duplicate",
        )
        for number, one in enumerate(twice)
    ]
    return [*script.planned, *again]
