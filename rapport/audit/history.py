"""What several checks ask of the log, worked out once: who, where, and what was sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain

from rapport.audit import pauses, sending
from rapport.audit.holds import Holds
from rapport.audit.log import Fact, Log, Position
from rapport.audit.merging import Who
from rapport.audit.packs import InForce, Packs
from rapport.audit.places import Candidates, candidates, is_update, whereabouts
from rapport.audit.wishes import Wishes, said_paid
from rapport.audit.words import Key, Word, Words
from schemas.facts import (
    EventApplied,
    LogHeartbeat,
    MessageFailed,
    MessageIntended,
    MessageLeftOut,
    MessageRefused,
    MessageSent,
    MessageUnknown,
    OutreachDispatched,
    OutreachEnrolled,
    OutreachStepJoined,
)
from schemas.topics import CUSTOMER_EVENTS

End = Fact[MessageSent] | Fact[MessageFailed] | Fact[MessageRefused] | Fact[MessageUnknown]


class History:
    """The log, with indexes."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._places: dict[int, Candidates] = {}
        self._packs_for: dict[int, list[InForce]] = {}

    @cached_property
    def packs(self) -> Packs:
        """Policy packs stated in the log."""
        return Packs(self.log)

    @cached_property
    def words(self) -> Words:
        """What was said for and against contact."""
        return Words(self.log)

    @cached_property
    def wishes(self) -> Wishes:
        """What customers asked of their messages."""
        return Wishes(self.log)

    @cached_property
    def paid_by_word(self) -> Mapping[Key, Sequence[Word]]:
        """What customers say is paid, by customer."""
        found: dict[Key, list[Word]] = defaultdict(list)
        sent = {fact.data.message_id: fact for fact in self.log.of(MessageIntended)}
        for key, word in said_paid(self.log, sent):
            found[key].append(word)
        return found

    def ids(self, intended: Fact[MessageIntended]) -> list[Who]:
        """The message's customer, and ids that the messenger knew them to have gone by before."""
        who = intended.who
        return [who, *self.words.merged.former(who, intended.data.applied_through)]

    @cached_property
    def holds(self) -> Holds:
        """What was said of holds."""
        return Holds(self.log, self.words.merged)

    @cached_property
    def notices(self) -> Mapping[tuple[str, str], Sequence[Fact[EventApplied]]]:
        """Statutory notices that publishers sent, by tenant and obligation."""
        found: dict[tuple[str, str], list[Fact[EventApplied]]] = defaultdict(list)
        for fact in self.log.of(EventApplied):
            if fact.data.event_type == "notice.sent":
                found[fact.tenant, fact.data.data["obligation_id"]].append(fact)
        return found

    @cached_property
    def sending(self) -> Mapping[Key, Sequence[Word]]:
        """What operators said of sending, and of single enrolments, by what it is about."""
        found: dict[Key, list[Word]] = defaultdict(list)
        for key, word in chain(sending.words_of(self.log), pauses.words_of(self.log)):
            found[key].append(word)
        return found

    @cached_property
    def enrolments(self) -> Mapping[str, Fact[OutreachEnrolled]]:
        """The first statement of each enrolment, by its id."""
        return {fact.data.enrolment_id: fact for fact in reversed(self.log.of(OutreachEnrolled))}

    @cached_property
    def dispatches(self) -> Mapping[str, Sequence[Fact[OutreachDispatched]]]:
        """Orders to send, by dispatch id."""
        found: dict[str, list[Fact[OutreachDispatched]]] = defaultdict(list)
        for fact in self.log.of(OutreachDispatched):
            found[fact.data.dispatch_id].append(fact)
        return found

    @cached_property
    def joined(self) -> Mapping[str, Sequence[Fact[OutreachStepJoined]]]:
        """Steps that go out in a message ordered for another, by dispatch id."""
        found: dict[str, list[Fact[OutreachStepJoined]]] = defaultdict(list)
        for fact in self.log.of(OutreachStepJoined):
            found[fact.data.dispatch_id].append(fact)
        return found

    @cached_property
    def left_out(self) -> Mapping[str, Sequence[Fact[MessageLeftOut]]]:
        """Steps that the last check took out of a message, by dispatch id."""
        found: dict[str, list[Fact[MessageLeftOut]]] = defaultdict(list)
        for fact in self.log.of(MessageLeftOut):
            found[fact.data.dispatch_id].append(fact)
        return found

    def enrolments_of(self, intended: Fact[MessageIntended]) -> list[Fact[OutreachEnrolled]]:
        """The enrolments whose steps a message carries out: one for each obligation."""
        data = intended.data
        by_step = {
            fact.data.step_id: fact.data.enrolment_id
            for fact in self.joined.get(data.dispatch_id, ())
        }
        ids = [data.enrolment_id, *(by_step.get(step, "") for step in data.joined)]
        return [self.enrolments[one] for one in ids if one in self.enrolments]

    def rests_on_payments(self, ordered: Fact[OutreachDispatched]) -> bool:
        """Whether a payment could settle anything that the dispatch is about."""
        joined = [fact.data for fact in self.joined.get(ordered.data.dispatch_id, ())]
        ids = [ordered.data.enrolment_id, *(one.enrolment_id for one in joined)]
        known = [self.enrolments[one].data for one in ids if one in self.enrolments]
        return any(one.purpose == "collection" or one.obligation.kind != "benefit" for one in known)

    @cached_property
    def events_known(self) -> Mapping[int, datetime]:
        """By lane, until which real instant customer events were ever said to be applied."""
        found: dict[int, datetime] = {}
        for fact in self.log.of(LogHeartbeat):
            if fact.data.read == CUSTOMER_EVENTS:
                lane, at = fact.data.lane, fact.data.sent_at
                found[lane] = max(at, found.get(lane, at))
        return found

    @cached_property
    def ends(self) -> Mapping[str, Sequence[End]]:
        """What became of each dispatch, in order, by dispatch id."""
        ends: list[End] = [
            *self.log.of(MessageSent),
            *self.log.of(MessageFailed),
            *self.log.of(MessageRefused),
            *self.log.of(MessageUnknown),
        ]
        found: dict[str, list[End]] = defaultdict(list)
        for fact in sorted(ends, key=lambda end: end.order):
            found[fact.data.dispatch_id].append(fact)
        return found

    @cached_property
    def may_have_gone(self) -> Sequence[Fact[MessageIntended]]:
        """Messages that were sent, or of which nobody knows: all but those that surely failed."""

        def failed(intended: Fact[MessageIntended]) -> bool:
            ends = self.ends.get(intended.data.dispatch_id, ())
            return bool(ends) and all(
                isinstance(e.data, MessageFailed | MessageRefused) for e in ends
            )

        return [fact for fact in self.log.of(MessageIntended) if not failed(fact)]

    @cached_property
    def _updates(self) -> Mapping[tuple[str, str], Sequence[Fact[EventApplied]]]:
        found: dict[tuple[str, str], list[Fact[EventApplied]]] = defaultdict(list)
        for fact in self.log.of(EventApplied):
            if is_update(fact):
                found[fact.who].append(fact)
        return found

    def obligation_kind(self, intended: Fact[MessageIntended]) -> str:
        """What kind of obligation the message is about; a bill where no enrolment says so."""
        enrolment = self.enrolments.get(intended.data.enrolment_id)
        return enrolment.data.obligation.kind if enrolment else "bill"

    def roles(self, intended: Fact[MessageIntended]) -> frozenset[str]:
        """In which roles the message speaks: as it says, else as its enrolments do."""
        enrolled = (one.data.obligation.actor_role for one in self.enrolments_of(intended))
        return frozenset(intended.data.roles) or frozenset(enrolled) or frozenset({"creditor"})

    def places(self, intended: Fact[MessageIntended]) -> list[Candidates]:
        """Where the customer may be, by each reading of what the messenger had applied.

        An event stands on customer.events and, as event.applied, in the log; the messenger may
        have learnt of it in either place, so up to three readings are fair.
        """
        through = intended.data.applied_through
        updates = self._updates_of(intended)
        in_log = [fact.position.within(through) for fact in updates]
        in_events = [_source(fact).within(through) for fact in updates]
        either = [a or b for a, b in zip(in_log, in_events, strict=True)]
        enrolment = self.enrolments.get(intended.data.enrolment_id)
        due = enrolment.data.obligation.due_timezone if enrolment else None
        orders = self.dispatches.get(intended.data.dispatch_id)
        given = orders[0].order if orders else intended.order
        found: list[Candidates] = []
        for reading in (either, in_log, in_events):
            known = [fact for fact, seen in zip(updates, reading, strict=True) if seen]
            told = whereabouts(known)
            # What phone and postal code tell comes to the messenger with its order, so that it
            # may be what they told when that was given.
            ordered = told.with_phone_of(intended.data.place)
            then = whereabouts(fact for fact in known if fact.order < given)
            fair = ordered != told and then.with_phone_of(intended.data.place) == then
            for place in (candidates(one, due) for one in ((told, ordered) if fair else (told,))):
                if place not in found:
                    found.append(place)
        return found

    def _updates_of(self, intended: Fact[MessageIntended]) -> Sequence[Fact[EventApplied]]:
        """What was told of the place under the customer's id, else under one that gave way."""
        through = intended.data.applied_through
        named = [self._updates.get(who, ()) for who in self.ids(intended)]
        for updates in named[1:] and named:
            seen = (f for f in updates if f.position.within(through) or _source(f).within(through))
            if whereabouts(seen).known:
                return updates
        return named[0]

    def place(self, intended: Fact[MessageIntended]) -> Candidates:
        """The reading that agrees best with the zones which the messenger states."""
        if (known := self._places.get(intended.order)) is None:
            stated = set(intended.data.zones)
            known = min(self.places(intended), key=lambda place: len(place.zones - stated))
            self._places[intended.order] = known
        return known

    def packs_for(self, intended: Fact[MessageIntended]) -> list[InForce]:
        """The packs that the contact rests on: those it cites and those that apply there."""
        if (known := self._packs_for.get(intended.order)) is None:
            at = intended.data.checked_at
            found = {one.pack.name: one for one in self.packs.applying(self.place(intended), at)}
            for reference in intended.data.packs:
                if (cited := self.packs.cited(reference.name, reference.version)) is not None:
                    found[reference.name] = cited
            known = self._packs_for[intended.order] = list(found.values())
        return known


def _source(fact: Fact[EventApplied]) -> Position:
    position = fact.data.position
    return Position(position.topic, position.partition, position.offset)
