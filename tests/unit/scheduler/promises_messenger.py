"""The messenger beside the state machine: what it knows by the same events, and what its final
check says of an order.

Its rules are the real ones. What the database keeps for it is kept here in dictionaries.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from scheduler_world import PACKS

from services.messenger.model import (
    Change,
    ChangeKind,
    Customer,
    Decision,
    Handoff,
    Hold,
    Lag,
    Obligation,
    Order,
    Part,
    Pause,
    Place,
    Refuse,
    Suppression,
)
from services.messenger.rules import check, merging, obligations, parts
from services.policy.holds import Words
from services.policy.model import ConsentRecord, Contact
from services.policy.persons import Said
from services.scheduler.model import Dispatched, Heard, Joined
from services.scheduler.rules.timing import place_of

UP_TO_DATE = Lag(0.0, covered=True)
ABOUT: Mapping[str, tuple[ChangeKind, str | None]] = {
    "bill.due_soon": (ChangeKind.OPENED, "amount_minor"),
    "payment.missed": (ChangeKind.OPENED, "amount_minor"),
    "benefit.granted": (ChangeKind.OPENED, None),
    "bill.closed": (ChangeKind.CLOSED, None),
    "payment.received": (ChangeKind.PAID, "remaining_minor"),
    "payment.failed": (ChangeKind.UNPAID, "remaining_minor"),
    "payment.reversed": (ChangeKind.UNPAID, "remaining_minor"),
    "agreement.made": (ChangeKind.AGREED, None),
    "agreement.broken": (ChangeKind.DISAGREED, None),
    "agreement.completed": (ChangeKind.FULFILLED, None),
}


class Judged(NamedTuple):
    """What the final check says: of the whole, and of each step that is left out."""

    decision: Decision
    left: dict[str, Refuse]


@dataclass
class Known:
    """What is known of one id. said: when its last word on being written to was said."""

    place: Place = field(default_factory=Place)
    hold: Words = field(default_factory=Words)
    handoffs: dict[str, Handoff] = field(default_factory=dict)
    opted_out: bool = False
    said: datetime | None = None
    paused_until: datetime | None = None
    merged_into: str | None = None
    merged_at: datetime | None = None


class Messenger:
    """What it knows, and its final check."""

    def __init__(self, willing: ConsentRecord) -> None:
        """willing: what everybody said at first."""
        self._willing = willing
        self._seen: set[str] = set()
        self._known: dict[str, Known] = defaultdict(Known)
        self._obligations: dict[str, Obligation] = defaultdict(Obligation)
        self._contacts: list[tuple[str, Contact]] = []
        self.cancelled: set[str] = set()
        self.paused: dict[str, Pause] = {}

    # --- what it hears ------------------------------------------------------------------------

    def hear(self, event: Heard) -> bool:
        """Take in an event, or a fact; False where it did before."""
        if event.id in self._seen:
            return False
        self._seen.add(event.id)
        if event.type in ABOUT:
            self._learn_of_obligation(event)
        else:
            self._learn_of_person(event)
        return True

    def _learn_of_obligation(self, event: Heard) -> None:
        kind, asked = ABOUT[event.type]
        if kind is ChangeKind.PAID and event.data["pending"]:
            kind = ChangeKind.PAYING
        rest = event.data[asked] if asked else None
        payment = event.data.get("payment_id", "")
        due = event.data.get("due_date")
        change = Change(
            kind,
            event.time,
            remaining_minor=rest,
            payment=payment,
            due=date.fromisoformat(due) if isinstance(due, str) else due,
        )
        name = event.obligation_id or ""
        self._obligations[name] = obligations.apply(self._obligations[name], change)

    def _learn_of_person(self, event: Heard) -> None:
        who, data = self._known[event.customer], event.data
        match event.type:
            case "customer.updated":
                who.place = Place(timezone=data["timezone"], country=data["country"])
            case "customer.hold_placed":
                who.hold = who.hold.placed(event.time, None)
            case "customer.hold_lifted" | "hold.lifted":
                operator = event.type == "hold.lifted"
                who.hold = who.hold.lifted(event.time, by_operator=operator)
            case "customer.merged" if self._stays(data["into"]) != event.customer:
                who.merged_into, who.merged_at = data["into"], event.time
            case "handoff.requested":
                asked = Handoff(data["reason"], data["obligation_id"], data["handoff_id"])
                who.handoffs[asked.id] = asked
            case "handoff.resolved":
                for one in self._ids(self._stays(event.customer)):
                    self._known[one].handoffs.pop(data["handoff_id"], None)
            case "contact.preference_changed":
                self._note_preference(event)

    def _note_preference(self, event: Heard) -> None:
        """It is said to the messenger itself, so the last word is the newest."""
        person = [self._known[one] for one in self._ids(self._stays(event.customer))]
        if any(one.said is not None and one.said > event.time for one in person):
            return
        off = event.data["changes"]["email/*"] == "off"
        for one in person:
            one.opted_out, one.said = off, event.time

    def pause(self, customer: str, until: datetime) -> None:
        """An operator pauses a customer."""
        for one in self._ids(self._stays(customer)):
            self._known[one].paused_until = until

    def send(self, told: Dispatched, steps: Collection[str], at: datetime) -> None:
        """A message went out, or may have, with these steps."""
        carried = [Joined(told.step, told.enrolment, told.obligation), *told.joined]
        about = tuple(one.obligation.id for one in carried if one.step.id in steps)
        contact = Contact(at, told.enrolment.purpose, told.step.plan.channel, about)
        self._contacts.append((told.customer.id, contact))

    # --- what it decides ----------------------------------------------------------------------

    def judge(self, told: Dispatched, now: datetime) -> Judged:
        """The final check of an order at `now`."""
        carried = [Joined(told.step, told.enrolment, told.obligation), *told.joined]
        customer = self._customer(told, carried)
        whole = self._order(told, carried)
        left: dict[str, Refuse] = {}
        if told.joined:
            judged = [self._part(one) for one in carried]
            left = parts.left_out(whole, judged, customer, self._obligations, PACKS, now)
        kept = [one for one in carried if one.step.id not in left]
        order = self._order(told, kept)
        return Judged(
            check.check(order, customer, self._obligations, PACKS, UP_TO_DATE, 2.0, now), left
        )

    def _order(self, told: Dispatched, carried: list[Joined]) -> Order:
        first = carried[0]
        place: dict[str, Any] = msgspec.structs.asdict(place_of(told.customer, told.enrolment))
        return Order(
            purpose=told.enrolment.purpose,
            channel=told.step.plan.channel,
            obligation_ids=tuple(one.obligation.id for one in carried),
            not_after=first.step.not_after,
            place=Place(**place),
            cancelled=first.step.id in self.cancelled,
            pause=self.paused.get(first.enrolment.id),
        )

    def _part(self, one: Joined) -> Part:
        return Part(
            one.step.id,
            one.obligation.id,
            one.step.not_after,
            one.step.id in self.cancelled,
            self.paused.get(one.enrolment.id),
        )

    def _customer(self, told: Dispatched, carried: list[Joined]) -> Customer:
        own = self._known[told.customer.id]
        ids = list(self._ids(told.customer.id))
        person = [self._known[one] for one in ids]
        former = [merging.Former(one.merged_at, place=one.place) for one in person[1:]]
        silenced = [
            *(Suppression("email", "*", "opted_out") for one in person if one.opted_out),
            *(
                Suppression("*", "*", "paused", one.paused_until)
                for one in person
                if one.paused_until is not None
            ),
        ]
        return Customer(
            email=f"{told.customer.id}@example.com",
            place=merging.place(own.place, former),
            consents=(self._willing,),
            holds=tuple(self._holds(ids)),
            handoffs=tuple(handoff for one in person for handoff in one.handoffs.values()),
            suppressions=tuple(silenced),
            contacts=tuple(self._counted(ids, carried)),
            merged_into=own.merged_into,
        )

    def _holds(self, ids: list[str]) -> list[Hold]:
        said = [Said(one, ("hardship", None), self._known[one].hold) for one in ids]
        ways = {one: (self._known[one].merged_into, self._known[one].merged_at) for one in ids[1:]}
        return merging.holds(said, ways)

    def _counted(self, ids: list[str], carried: list[Joined]) -> Iterator[Contact]:
        about = {one.obligation.id for one in carried}
        parties = {party for one in carried for party in one.obligation.parties}
        for who, contact in self._contacts:
            if who in ids:
                yield contact
            elif who in parties and about.intersection(contact.obligation_ids):
                yield msgspec.structs.replace(contact, other_party=True)

    def _stays(self, customer: str) -> str:
        """The id that stands for a customer."""
        seen = {customer}
        while (into := self._known[customer].merged_into) is not None and into not in seen:
            customer = into
            seen.add(customer)
        return customer

    def _ids(self, stays: str) -> Iterator[str]:
        """All ids of whom this one stands for."""
        yield stays
        for one in [name for name, known in self._known.items() if known.merged_into == stays]:
            if one != stays:
                yield from self._ids(one)
