"""What was promised, worked out anew for each dispatch from the events that were delivered."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import promises_story as bills

from services.scheduler.model import Dispatched, Heard, Joined

WEEK = timedelta(hours=168)
APART = timedelta(hours=1)
"""Between any two contacts with a customer."""
NEVER = datetime.min.replace(tzinfo=UTC), False
JOINS_WITHIN = timedelta(hours=1)
"""What falls due so soon may go out with something that is due."""
NEED = ("service", "collection", "marketing")
"""What is needed most, first."""
_COUNTRY = {"JP": "Asia/Tokyo"}


@dataclass
class Person:
    """What one customer said, and where they are; two ids that are one customer share it."""

    refused: tuple[datetime, bool] = NEVER
    paused: datetime | None = None
    place: tuple[str, str | None] | None = None
    lent: bool = False
    """The place is that of an id that gave way."""
    since: tuple[str, str | None] | None = None
    """Told under that id after it gave way: either is fair."""
    cared_for: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Open hand-offs: the bills they are about, and since when."""
    kept: dict[str, datetime] = field(default_factory=dict)
    """Bills that a person did not hand back, and since when they had them."""

    def with_words_of(self, old: "Person") -> None:
        """Be the one that stays: what was said against contact under either id binds."""
        self.refused = _stricter(self.refused, old.refused)
        self.paused = max((one for one in (self.paused, old.paused) if one), default=None)
        self.lent = self.lent or self.place is None
        self.place = self.place or old.place
        self.cared_for |= old.cared_for
        for bill, since in old.kept.items():
            self.kept[bill] = max(since, self.kept.get(bill, since))


class Oracle:
    """Keeps what was delivered; knows nothing of how it is decided upon."""

    def __init__(self) -> None:
        self.about: dict[str, list[Heard]] = defaultdict(list)
        """By bill, what was told of it, in the order of its happening."""
        self.people: dict[str, Person] = defaultdict(Person)
        self.into: dict[str, str] = {}
        self.since: dict[str, datetime] = {}
        """When an id gave way."""
        self.on_holds: list[Heard] = []
        self.contacts: dict[str, tuple[str, datetime]] = {}
        self.orders: set[str] = set()
        self.paused: dict[str, datetime | None] = {}
        """Enrolments that wait: until an instant, or until they are resumed."""
        self.latest: dict[str, tuple[datetime, str]] = {}
        """By enrolment, when which of its steps went out last."""
        self.ended: set[str] = set()
        self.round = 0
        self.needs: dict[str, tuple[int, int]] = {}
        """By customer, the round in which they were contacted last, and how much it was needed."""
        self.gone: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        """By letter, whom it went to."""

    # --- what is told -------------------------------------------------------------------------

    def hear(self, event: Heard) -> None:
        """Take in what is delivered."""
        who = self.people[self.person(event.customer)]
        match event.type:
            case "customer.merged":
                into, old = self.person(str(event.data["into"])), self.person(event.customer)
                if into != old and event.customer == old:
                    self.people[into].with_words_of(who)
                    self.into[old], self.since[old] = into, event.time
            case "customer.updated":
                place = event.data["timezone"], event.data["country"]
                own = self.people[event.customer]
                own.place, own.lent = place, False
                if who.lent:
                    who.since = place
            case "contact.preference_changed":
                off = event.data["changes"]["email/*"] == "off"
                who.refused = max(who.refused, (event.time, off))
            case "customer.hold_placed" | "customer.hold_lifted" | "hold.lifted":
                self.on_holds.append(event)
            case "handoff.requested":
                about = event.data["obligation_id"], event.time
                who.cared_for[event.data["handoff_id"]] = about
            case "handoff.resolved":
                bill, since = who.cared_for.pop(event.data["handoff_id"], ("", event.time))
                if event.data["outcome"] == "passed_to_creditor":
                    who.kept[bill] = since
            case _:
                self._tell(event)

    def _tell(self, event: Heard) -> None:
        told = self.about[event.obligation_id or ""]
        if all(one.id != event.id for one in told):
            told.append(event)
            told.sort(key=lambda one: one.time)

    def pause(self, customer: str, until: datetime) -> None:
        """An operator pauses a customer."""
        self.people[self.person(customer)].paused = until

    def pause_enrolment(self, enrolment_id: str, pauses: bool, until: datetime | None) -> None:
        """An operator pauses one enrolment, or resumes it."""
        self.paused.pop(enrolment_id, None)
        if pauses:
            self.paused[enrolment_id] = until

    def sent(self, told: Dispatched, when: datetime) -> None:
        """What was ordered went out, or may have: from then it counts."""
        dispatch_id = told.step.dispatch_id or ""
        self.contacts[dispatch_id] = self.contacts[dispatch_id][0], when

    def answered(self, told: Dispatched, kind: str, steps: Iterable[str]) -> None:
        """Take in what became of a dispatch."""
        if kind in ("message.failed", "message.refused"):
            self.contacts.pop(told.step.dispatch_id or "", None)
            return
        self.ended.update(steps)
        for one in (_first(told), *told.joined):
            if one.step.id in self.ended:
                self.gone[self._name(one)].add(one.enrolment.customer)

    # --- what was promised --------------------------------------------------------------------

    def next_round(self) -> None:
        """What is due is claimed: all that is due for a customer at once."""
        self.round += 1

    def check(
        self, when: datetime, told: Dispatched, to_come: Iterable[tuple[str, datetime]]
    ) -> None:
        """Hold a dispatch against every promise. to_come: what is planned for the customer."""
        customer = told.customer.id
        who = self._may_be_written_to(customer, when)
        self._leaves_room(who, customer, when, told.enrolment.purpose, to_come)
        self._caps(customer, when, told)
        for one in (_first(told), *told.joined):
            collects = one.enrolment.purpose == "collection"
            bill, begun = one.obligation.id, one.enrolment.trigger.time
            self._may_be_spoken_of(who, one, when)
            assert not collects or begun > who.kept.get(bill, NEVER[0]), "a person has kept it"
            self._not_in_a_heap(one, when)
            early = JOINS_WITHIN if one.step.id != told.step.id else timedelta()
            self._matter(one, when, when + early)
        seen = [one.enrolment.id for one in (_first(told), *told.joined)]
        assert len(set(seen)) == len(seen), "two steps of an enrolment at once"

    def check_laid(self, customer: str, when: datetime, due: datetime) -> None:
        """Hold the instant for which a step is laid against what is made or on its way."""
        made = [at for one, at in self.contacts.values() if self.person(one) == customer]
        assert due < when or _fits(made, due), "laid where caps leave no room"

    def check_sent(self, when: datetime, told: Dispatched, steps: Collection[str]) -> None:
        """Hold what goes out against every promise, by what was heard until now."""
        who = self._may_be_written_to(told.customer.id, when)
        self._caps(told.customer.id, when, told)
        carried = [one for one in (_first(told), *told.joined) if one.step.id in steps]
        assert carried, "nothing to say"
        for one in carried:
            self._may_be_spoken_of(who, one, when)
            self._not_over(one, when)
            assert not bills.ended_last(self.about[one.obligation.id]), "sent after the end"

    def _may_be_written_to(self, customer: str, when: datetime) -> Person:
        assert customer not in self.into, "to an id that another stands for"
        who = self.people[customer]
        assert not who.refused[1], "against an opt-out"
        assert not self.held(customer), "against a hold"
        assert who.paused is None or who.paused <= when, "during a pause"
        assert self._open(who, when), "contact off hours"
        return who

    def _may_be_spoken_of(self, who: Person, one: Joined, when: datetime) -> None:
        bill = one.obligation.id
        cared_for = any(bill == other for other, _ in who.cared_for.values())
        collects = one.enrolment.purpose == "collection"
        assert not (collects and cared_for), "while a person cares"
        if one.enrolment.id in self.paused:
            until = self.paused[one.enrolment.id]
            assert until, "during its own pause"
            assert until <= when, "before the end of its own pause"

    def person(self, customer: str) -> str:
        """Who stands for the customer."""
        while customer in self.into:
            customer = self.into[customer]
        return customer

    def held(self, customer: str) -> bool:
        """Whether a hold stands that was placed under any id of the customer.

        It is lifted by what is said later of the same id, or of any that was the same by then.
        """
        placed = "customer.hold_placed"
        lifts = [one for one in self.on_holds if one.type != placed]
        return any(
            self.person(one.customer) == customer
            and not any(
                lift.time > one.time and self._one_by(lift.time, lift.customer, one.customer)
                for lift in lifts
            )
            for one in self.on_holds
            if one.type == placed
        )

    def _one_by(self, when: datetime, *ids: str) -> bool:
        """Whether these ids were one customer by then."""
        found = set()
        for one in ids:
            while one in self.into and self.since[one] < when:
                one = self.into[one]
            found.add(one)
        return len(found) == 1

    def _not_in_a_heap(self, one: Joined, when: datetime) -> None:
        """What had come when another step of its enrolment went out does not follow that one."""
        last, step_id = self.latest.get(one.enrolment.id, (NEVER[0], one.step.id))
        moves = one.step.plan.anchor == "due"  # its day may be another by now
        assert last != when, "in a heap"
        assert moves or step_id == one.step.id or one.step.planned_at > last, "in a heap"
        self.latest[one.enrolment.id] = when, one.step.id

    def _not_over(self, one: Joined, when: datetime) -> None:
        story = self.about[one.obligation.id]
        assert not bills.agreed(story), "contact against an agreement"
        assert not bills.pending(story), "contact while a payment is under way"
        assert one.step.id not in self.ended, "sent again"
        went_to = {self.person(who) for who in self.gone[self._name(one)]}
        assert self.person(one.enrolment.customer) not in went_to, "the same letter again"
        assert when <= one.step.not_after, "sent too late"

    def _matter(self, one: Joined, when: datetime, latest: datetime) -> None:
        story = self.about[one.obligation.id]
        self._not_over(one, when)
        assert not bills.settled(story), "contact after the end"
        assert when < one.step.not_after, "ordered too late"
        assert one.step.planned_at <= latest, "sent too early"
        if one.step.plan.anchor == "due":
            due = bills.newest(story).data["due_date"]
            day = date.fromisoformat(due) + timedelta(days=one.step.plan.days)
            assert (latest + timedelta(hours=14)).date() >= day, "sent before its day"
        asked = bills.asked(story)
        assert one.obligation.kind == "benefit" or one.obligation.amount_minor == asked, (
            f"asks for another sum than {asked}"
        )

    def _open(self, who: Person, when: datetime) -> bool:
        def allows(timezone: str, country: str | None) -> bool:
            zones = {timezone, _COUNTRY.get(country or "", timezone)}
            return all(8 <= when.astimezone(ZoneInfo(name)).hour < 21 for name in zones)

        fair = [
            who.place or ("Asia/Tokyo", "JP"),
            *((who.since,) if who.lent and who.since else ()),
        ]
        return any(allows(*place) for place in fair)

    def _leaves_room(
        self,
        who: Person,
        person: str,
        when: datetime,
        purpose: str,
        to_come: Iterable[tuple[str, datetime]],
    ) -> None:
        """What is needed more goes first, and finds room in the days ahead."""
        need = NEED.index(purpose)
        last = self.needs.get(person)
        assert last is None or last[0] != self.round or last[1] <= need, (
            "before what is needed more"
        )
        self.needs[person] = self.round, need
        made = [at for one, at in self.contacts.values() if self.person(one) == person]
        ahead = [due for other, due in to_come if NEED.index(other) < need]
        for due in sorted(one for one in ahead if when < one <= when + WEEK):
            if _fits(made, due) and self._open(who, due):
                assert _fits([*made, when], due), "took the room of what is needed more"
                made.append(due)

    def _caps(self, person: str, when: datetime, told: Dispatched) -> None:
        dispatch_id = told.step.dispatch_id or ""
        assert dispatch_id not in self.orders, "dispatched twice"
        self.orders.add(dispatch_id)
        made = [at for who, at in self.contacts.values() if self.person(who) == person]
        assert _fits(made, when), "contact over the cap, or too soon after another"
        self.contacts[dispatch_id] = (person, when)

    def _name(self, one: Joined) -> tuple[str, str, str]:
        """What makes a letter the same: upon which trigger, which step of which playbook."""
        trigger, playbook = one.enrolment.trigger.event_id, one.enrolment.playbook
        broken = str(one.enrolment.broken_at or "")
        return trigger, playbook, one.step.plan.name + broken


def _fits(made: Iterable[datetime], when: datetime) -> bool:
    """Whether caps and distance allow a contact beside those that are made."""
    before = list(made)
    return sum(at > when - WEEK for at in before) < 3 and not any(
        at > when - APART for at in before
    )


def _stricter(one: tuple[datetime, bool], other: tuple[datetime, bool]) -> tuple[datetime, bool]:
    if one[1] is other[1]:
        return max(one, other)
    return one if one[1] else other


def _first(told: Dispatched) -> Joined:
    return Joined(told.step, told.enrolment, told.obligation)
