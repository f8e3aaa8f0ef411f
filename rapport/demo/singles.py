"""Customers whose story the publishers' events tell: each shows one thing that happens in life."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from rapport.demo.catalogue import BANK, CURRENCIES, SHOP
from rapport.demo.events import binary_event
from rapport.demo.people import Person
from rapport.demo.script import Planned, Script

Data = dict[str, Any]
Story = Callable[[Script, Iterator[Person]], None]


def tell_singles(script: Script, people: Sequence[Person]) -> None:
    """Every story once, with as many of the people as it takes."""
    cast = iter(people)
    for story in STORIES:
        story(script, cast)


def paid_before_it_was_missed(script: Script, cast: Iterator[Person]) -> None:
    """The payment overtakes the news that it was missed: nobody is written to."""
    person = next(cast)
    missed, paid, arrives = script.after(2), script.after(2.1), script.after(2.6)
    data = _overdue(script, person, missed)
    _pay(script, person, data, paid, version=2, note="out of order")
    script.say(person, "payment.missed", data, arrives, happened=missed, note="out of order")


def failed_then_paid(script: Script, cast: Iterator[Person]) -> None:
    """A pending payment stops nothing; it fails, and a later one is final."""
    person = next(cast)
    data = _missed(script, person, script.after(0.5))
    _pay(script, person, data, script.after(3), version=2, pending=True)
    failed = _payment(data, "failed", 3, remaining=data["amount_minor"])
    script.say(person, "payment.failed", failed, script.after(4))
    _pay(script, person, data, script.after(12), version=4)


def reversed_payment(script: Script, cast: Iterator[Person]) -> None:
    """A payment comes, is taken back by the customer's bank, and the bill is missed again."""
    person = next(cast)
    data = _missed(script, person, script.after(1))
    _pay(script, person, data, script.after(4), version=2)
    back = _payment(data, "first", 3, remaining=data["amount_minor"])
    script.say(person, "payment.reversed", back, script.after(6), note="reversed")
    script.say(person, "payment.missed", data | {"version": 4}, script.after(6.5))


def part_payment(script: Script, cast: Iterator[Person]) -> None:
    """Half is paid: the letters go on, about the other half."""
    person = next(cast)
    data = _missed(script, person, script.after(1))
    half = data["amount_minor"] // 2
    _pay(script, person, data, script.after(5), version=2, amount=half)


def hardship(script: Script, cast: Iterator[Person]) -> None:
    """Hardship becomes known after the first letters: no more of them."""
    person = next(cast)
    _missed(script, person, script.after(0.5))
    script.say(person, "customer.hold_placed", {"kind": "hardship"}, script.after(6), note="hold")


def vulnerable_in_arrears(script: Script, cast: Iterator[Person]) -> None:
    """Known to be vulnerable before a payment is missed: fewer letters, gentle words."""
    person = next(cast)
    script.say(person, "customer.hold_placed", {"kind": "vulnerability"}, script.start)
    _missed(script, person, script.after(0.5))


def vulnerable(script: Script, cast: Iterator[Person]) -> None:
    """The same before a due date."""
    person = next(cast)
    script.say(person, "customer.hold_placed", {"kind": "vulnerability"}, script.start)
    due = script.today(person, script.after(0.5)) + timedelta(days=8)
    data = script.open_bill((person,), due, SHOP)
    script.say(person, "bill.due_soon", data, script.after(0.5), source=SHOP)


def dispute(script: Script, cast: Iterator[Person]) -> None:
    """A dispute silences everything about the bill until it is settled."""
    person = next(cast)
    data = _missed(script, person, script.after(0.5))
    about = {"kind": "dispute", "obligation_id": data["bill_id"]}
    script.say(person, "customer.hold_placed", about, script.after(4), note="hold")
    script.say(person, "customer.hold_lifted", about, script.after(9), note="hold lifted")
    script.say(person, "payment.missed", data | {"version": 2}, script.after(9.5))


def moratorium(script: Script, cast: Iterator[Person]) -> None:
    """A moratorium that ends by itself after a week."""
    person = next(cast)
    hold = {"kind": "moratorium", "until": script.after(8).isoformat()}
    script.say(person, "customer.hold_placed", hold, script.after(0.2), note="hold")
    _missed(script, person, script.after(1))


def attorney(script: Script, cast: Iterator[Person]) -> None:
    """A lawyer speaks for the customer from now on."""
    person = next(cast)
    _missed(script, person, script.after(0.1))
    script.say(
        person,
        "customer.hold_placed",
        {"kind": "attorney", "reason": "Represented by counsel; letters go there."},
        script.after(3),
        note="hold",
    )


def revoked(script: Script, cast: Iterator[Person]) -> None:
    """The customer tells the bank's branch: no more e-mail."""
    person = next(cast)
    _missed(script, person, script.after(0.3))
    no_more = {"channel": "email", "purpose": "*", "status": "revoked", "reason": "Asked at desk."}
    script.say(person, "customer.consent_changed", no_more, script.after(5), note="revoked")


def mover(script: Script, cast: Iterator[Person]) -> None:
    """A customer moves to the other side of the Earth, and the letters keep the new hours."""
    person = next(cast)
    _missed(script, person, script.after(0.3))
    away = "Europe/London" if person.home.country in ("JP", "CN", "SG", "AU") else "Asia/Tokyo"
    place = {"timezone": away, "region": None, "city": None, "country": _COUNTRY[away]}
    script.say(person, "customer.updated", place, script.after(4), note="moved")


def joint(script: Script, cast: Iterator[Person]) -> None:
    """Two people answer for one loan; what one pays, silences both."""
    pair = (next(cast), next(cast))
    at = script.after(0.4)
    data = script.open_bill(pair, script.today(pair[0], at) - timedelta(days=1))
    for person in pair:
        script.say(person, "payment.missed", data, at)
    _pay(script, pair[0], data, script.after(7), version=2)


def late_news(script: Script, cast: Iterator[Person]) -> None:
    """An event nine days late: it is remembered, and nobody is surprised by a letter."""
    person = next(cast)
    missed = script.after(1)
    data = _overdue(script, person, missed)
    script.say(
        person,
        "payment.missed",
        data,
        missed + timedelta(days=9),
        happened=missed,
        note="nine days late",
    )


def too_little(script: Script, cast: Iterator[Person]) -> None:
    """So little is owed that a letter would cost more kindness than it brings."""
    person = next(cast)
    at = script.after(1)
    floor = CURRENCIES[person.home.country].below_floor
    data = script.open_bill((person,), script.today(person, at) - timedelta(days=1), BANK, floor)
    script.say(person, "payment.missed", data, at)


def changed_and_recalled(script: Script, cast: Iterator[Person]) -> None:
    """A bill is corrected twice and then recalled."""
    person = next(cast)
    at = script.after(0.2)
    data = script.open_bill((person,), script.today(person, at) + timedelta(days=8))
    less = data["amount_minor"] * 9 // 10
    script.say(person, "bill.due_soon", data, at)
    script.say(
        person, "bill.due_soon", data | {"amount_minor": less, "version": 2}, script.after(2)
    )
    script.say(
        person, "bill.updated", data | {"amount_minor": less - 100, "version": 3}, script.after(4)
    )
    closed = {"bill_id": data["bill_id"], "why": "recalled", "version": 4}
    script.say(person, "bill.closed", closed, script.after(5.5))


def other_news(script: Script, cast: Iterator[Person]) -> None:
    """An application, a benefit, a quiet time, and an event in CloudEvents' binary mode."""
    person = next(cast)
    abandoned = {"application_id": "loan-0001", "product": "Car loan", "step": "income"}
    script.say(person, "application.abandoned", abandoned, script.after(1))
    script.say(
        person,
        "benefit.granted",
        {"benefit_id": "cut-0001", "kind": "rate_cut", "title": "A lower rate", "value": "0.25 %"},
        script.after(2),
    )
    quiet_since = (script.start - timedelta(days=60)).date().isoformat()
    script.say(person, "customer.dormant", {"last_active_on": quiet_since}, script.after(3))
    at = script.after(4)
    call = {
        "channel": "phone",
        "direction": "inbound",
        "outcome": "reached",
        "at": at.isoformat(),
        "a_field_of_tomorrow": True,
    }
    record = binary_event(
        "contact.made", call, id="contact.made:binary", source=BANK, subject=person.id, time=at
    )
    script.add(Planned(at, record, "contact.made", note="binary mode"))


STORIES: Final[tuple[Story, ...]] = (
    paid_before_it_was_missed,
    failed_then_paid,
    reversed_payment,
    part_payment,
    hardship,
    vulnerable_in_arrears,
    vulnerable,
    dispute,
    moratorium,
    attorney,
    revoked,
    mover,
    joint,
    late_news,
    too_little,
    changed_and_recalled,
    other_news,
)
SINGLES: Final = len(STORIES) + 1
"""How many people the stories take; one has two."""

_COUNTRY: Final = {"Europe/London": "GB", "Asia/Tokyo": "JP"}


def _overdue(script: Script, person: Person, at: datetime) -> Data:
    return script.open_bill((person,), script.today(person, at) - timedelta(days=1))


def _missed(script: Script, person: Person, at: datetime) -> Data:
    data = _overdue(script, person, at)
    script.say(person, "payment.missed", data, at)
    return data


def _payment(data: Data, name: str, version: int, *, remaining: int) -> Data:
    return {
        "payment_id": f"{data['bill_id']}-{name}",
        "bill_id": data["bill_id"],
        "amount_minor": data["amount_minor"],
        "currency": data["currency"],
        "remaining_minor": remaining,
        "version": version,
    }


def _pay(
    script: Script,
    person: Person,
    data: Data,
    at: datetime,
    *,
    version: int,
    pending: bool = False,
    amount: int | None = None,
    note: str = "",
) -> None:
    paid = data["amount_minor"] if amount is None else amount
    first = _payment(data, "first", version, remaining=data["amount_minor"] - paid)
    whole = first | {"amount_minor": paid, "pending": pending}
    script.say(person, "payment.received", whole, at, note=note)
