"""What the log says for and against contact: each a word of the publisher or of the customer.

A stop is set aside only by a later word that permits contact again. Later means a higher version
of the publisher's where both have one, else a later instant, else a later place in the log; the
order of arrival alone never lets a late event undo what was said after it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from rapport.audit import asked
from rapport.audit.log import Fact, Log, Position
from rapport.audit.merging import MERGED, Merged, Who
from schemas.common import Typed
from schemas.facts import (
    AgreementBroken,
    AgreementCompleted,
    AgreementMade,
    AgreementReopened,
    ChoiceMade,
    ContactPreferenceChanged,
    ContactRightParty,
    ContactSuppressed,
    ContactUnsubscribed,
    CustomerErased,
    EventApplied,
    HandoffRequested,
    HandoffResolved,
    MessageBounced,
    MessageComplained,
    MessageIntended,
)

ANY = "*"
OUTRIGHT = frozenset({"dispute", "hardship", "wrong_person", "not_me", "bereavement"})
"""Reasons of hand-offs that leave every purpose to the person; any other leaves collection."""

_OF_THE_ID = frozenset({"merged", "erased", "address", "right_party"})
"""Topics that are about an id or its address, and not about the person."""

Key = tuple[str, ...]
"""What a word is about: ("obligation", tenant, kind, id), ("customer", tenant, id), ("address",
tenant, keyed hash)."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word for (`stops` False) or against contact.

    topic: words set each other aside within one topic only (such as `settled`, or `pause`).
    positions: where a service may have learnt of it: in the log, or for a customer's event on
    customer.events itself. Having read any of them is to know it.
    until: when it ends by itself. terms: whether it says what is asked of an obligation, due: until
    when. reopens_from: of an obligation's end, the first due date that is a later period's.
    """

    stops: bool
    topic: str
    at: datetime
    fact: Fact[Typed]
    positions: tuple[Position, ...]
    version: int | None = None
    channel: str = ANY
    purpose: str = ANY
    obligation: str | None = None
    enrolment: str | None = None
    until: datetime | None = None
    terms: bool = False
    due: date | None = None
    reopens_from: date | None = None

    def known(self, through: Mapping[str, int]) -> bool:
        """Whether a reader that had applied `through` had applied it."""
        return any(position.within(through) for position in self.positions)

    def concerns(self, intended: MessageIntended) -> bool:
        """Whether it is about a contact like this one."""
        return (
            self.channel in (ANY, intended.channel)
            and self.purpose in (ANY, intended.purpose)
            and (self.obligation is None or self.obligation in intended.obligation_ids)
            and self.enrolment in (None, intended.enrolment_id)
        )

    def lasts(self, at: datetime) -> bool:
        """Whether it has not ended by itself at that instant."""
        return self.until is None or at < self.until

    def later_than(self, other: "Word") -> bool:
        """Whether this was said after the other."""
        if self.version is not None and other.version is not None:
            if self.version != other.version:
                return self.version > other.version
        elif self.at != other.at:
            return self.at > other.at
        return self.fact.order > other.fact.order

    def sets_aside(self, stop: "Word", at: datetime) -> bool:
        """Whether this word takes the place of the stop, permitting contact or stopping anew.

        A permission must be as narrow as the stop: who refused one purpose is not won back by a
        general grant.
        """
        return (
            (self.stops or self.lasts(at))
            and self.topic == stop.topic
            and stop.channel in (ANY, self.channel)
            and stop.purpose in (ANY, self.purpose)
            and self.obligation == stop.obligation
            and self.later_than(stop)
            and (not self.terms or self.of_a_later_period(stop))
        )

    def of_a_later_period(self, end: "Word") -> bool:
        """Whether these terms ask for something else than what has ended, and do not restate it.

        By a higher version where both have one, else by a due date after all that was told before.
        """
        if self.version is not None and end.version is not None:
            return self.version > end.version
        if self.due is None:
            return False
        return end.reopens_from is None or self.due >= end.reopens_from


class Words:
    """All words of the log, by what they are about."""

    def __init__(self, log: Log) -> None:
        self._about: dict[Key, list[Word]] = defaultdict(list)
        self.merged = Merged(log)
        addresses = {fact.data.message_id: fact for fact in log.of(MessageIntended)}
        for event in log.of(EventApplied):
            if event.data.event_type == MERGED and not self.merged.gave_way(event):
                continue
            for key, word in _of_event(event):
                self._about[key].append(word)
        for key, word in (*_of_agreements(log), *_of_customers(log), *_of_returns(log, addresses)):
            self._about[key].append(word)
        for words in self._about.values():
            words[:] = [_with_period(word, words) for word in words]

    def of_person(self, who: Who, through: Mapping[str, int]) -> Iterator[Word]:
        """The words about a customer, under each id that a reader knew to be theirs."""
        yield from self.about(customer_key(*who))
        for one in self.merged.former(who, through):
            for word in self.about(customer_key(*one)):
                if word.topic not in _OF_THE_ID:
                    yield word

    def about(self, key: Key) -> Sequence[Word]:
        """The words about one thing, in no particular order."""
        return self._about.get(key, ())


def standing(words: Sequence[Word], at: datetime) -> list[Word]:
    """The stops among words about one contact that hold at an instant, none set aside."""
    return [
        word
        for word in words
        if word.stops
        and word.lasts(at)
        and not any(other is not word and other.sets_aside(word, at) for other in words)
    ]


def obligation_key(tenant: str, kind: str, obligation_id: str) -> Key:
    """The key of words about an obligation; they hold for every party of it."""
    return ("obligation", tenant, kind, obligation_id)


def customer_key(tenant: str, customer: str) -> Key:
    """The key of words about a customer."""
    return ("customer", tenant, customer)


def address_key(tenant: str, address_hash: str) -> Key:
    """The key of words about an address."""
    return ("address", tenant, address_hash)


def _with_period(word: Word, others: Sequence[Word]) -> Word:
    """An obligation's end, with the first due date that is a later period's."""
    if not word.stops or word.topic != "obligation" or word.reopens_from is not None:
        return word
    before = [
        one
        for one in others
        if one.due is not None and one.at <= word.at and one.fact.order < word.fact.order
    ]
    last = max(before, key=lambda one: (one.at, one.fact.order), default=None)
    if last is None or last.due is None:
        return word
    return replace(word, reopens_from=last.due + timedelta(days=1))


def _of_event(fact: Fact[EventApplied]) -> Iterator[tuple[Key, Word]]:
    event, data = fact.data, fact.data.data
    source = event.position
    positions = (fact.position, Position(source.topic, source.partition, source.offset))
    word = Word(False, "", event.event_time, fact, positions)
    family = event.event_type.partition(".")[0]
    if (
        event.obligation_id is not None
        and (ends := asked.closes(event.event_type, data)) is not None
    ):
        key = obligation_key(fact.tenant, asked.kind_of(event.event_type), event.obligation_id)
        about = replace(word, stops=ends, topic="obligation", version=data.get("version"))
        if event.event_type in asked.TERMS:
            about = replace(about, terms=True, due=asked.due(data))
        yield key, replace(about, reopens_from=asked.due(data) if ends else None)
    elif family == "customer":
        for said in _of_customer_event(event.event_type, data, word):
            yield customer_key(*fact.who), said


def _of_customer_event(event_type: str, data: Mapping[str, Any], word: Word) -> Iterator[Word]:
    """What an event says of its customer; `word` has its fact, instant and positions."""
    match event_type:
        case "customer.consent_changed":
            granted = data["status"] == "granted"
            said = replace(
                word,
                stops=not granted,
                topic="consent",
                channel=data["channel"],
                purpose=data["purpose"],
                until=_instant(data.get("expires_at")) if granted else None,
                at=_instant(data.get("captured_at")) or word.at,
            )
            yield said
            if granted:
                yield replace(said, topic="opt_out")
        case "customer.merged":
            yield replace(word, stops=True, topic="merged")
        case "customer.updated":
            yield replace(word, topic="erased", at=word.fact.time)
            for channel, value in (data.get("channels") or {}).items():
                yield replace(word, stops=value is None, topic="address", channel=channel)
                yield replace(word, topic="right_party", channel=channel)
        case _:
            return


def _of_agreements(log: Log) -> Iterator[tuple[Key, Word]]:
    facts: list[
        Fact[AgreementMade]
        | Fact[AgreementBroken]
        | Fact[AgreementReopened]
        | Fact[AgreementCompleted]
    ] = [
        *log.of(AgreementMade),
        *log.of(AgreementBroken),
        *log.of(AgreementReopened),
        *log.of(AgreementCompleted),
    ]
    for fact in facts:
        # Agreements are made about bills only.
        key = obligation_key(fact.tenant, "bill", fact.data.obligation_id)
        # One that is opened again runs again: a payment under it was taken back.
        runs = isinstance(fact.data, AgreementMade | AgreementReopened)
        word = Word(runs, f"agreement:{fact.data.agreement_id}", fact.time, fact, (fact.position,))
        yield key, word
        if isinstance(fact.data, AgreementCompleted | AgreementReopened):
            kept = isinstance(fact.data, AgreementCompleted)
            yield key, replace(word, stops=kept, topic="obligation")


def _of_customers(log: Log) -> Iterator[tuple[Key, Word]]:
    for left in log.of(ContactUnsubscribed):
        word = Word(True, "opt_out", left.time, left, (left.position,))
        about = replace(word, channel=left.data.channel, purpose=left.data.purpose)
        yield customer_key(*left.who), about
    for brought in log.of(ContactSuppressed):
        yield _of_suppression(brought)
    for made in log.of(ChoiceMade):
        if made.data.does == "stop":
            word = Word(True, "choice", made.time, made, (made.position,))
            yield customer_key(*made.who), replace(word, enrolment=made.data.enrolment_id)
    for changed in log.of(ContactPreferenceChanged):
        for word in _of_preferences(changed):
            yield customer_key(*changed.who), word
    yield from _of_handoffs(log)
    for erased in log.of(CustomerErased):
        word = Word(True, "erased", erased.time, erased, (erased.position,))
        yield customer_key(*erased.who), word
    for party in log.of(ContactRightParty):
        wrong = not party.data.confirmed
        word = Word(wrong, "right_party", party.time, party, (party.position,))
        yield customer_key(*party.who), replace(word, channel=party.data.channel)


def _of_suppression(fact: Fact[ContactSuppressed]) -> tuple[Key, Word]:
    data = fact.data
    word = Word(
        True,
        "suppressed",
        fact.time,
        fact,
        (fact.position,),
        channel=data.channel,
        purpose=data.purpose,
        until=data.expires_at,
    )
    if data.scope == "address":
        return address_key(fact.tenant, data.address_hash or ""), word
    return customer_key(*fact.who) if data.scope == "customer" else (fact.tenant,), word


def _of_handoffs(log: Log) -> Iterator[tuple[Key, Word]]:
    """While a person has taken over, the machine keeps quiet of what it is about."""
    asked: dict[str, Word] = {}
    for fact in log.of(HandoffRequested):
        data = fact.data
        asked[data.handoff_id] = word = Word(
            True,
            f"handoff:{data.handoff_id}",
            fact.time,
            fact,
            (fact.position,),
            purpose=ANY if data.reason in OUTRIGHT else "collection",
            obligation=data.obligation_id or None,
        )
        yield customer_key(*fact.who), word
    for done in log.of(HandoffResolved):
        if (taken := asked.get(done.data.handoff_id)) is not None:
            about = replace(taken, stops=False, at=done.time, fact=done, positions=(done.position,))
            yield customer_key(*done.who), about


def _of_preferences(fact: Fact[ContactPreferenceChanged]) -> Iterator[Word]:
    """`CHANNEL/PURPOSE: off` is an opt-out, `on` takes it back; `not_before`: a rest until then."""
    word = Word(False, "opt_out", fact.time, fact, (fact.position,))
    for name, value in fact.data.changes.items():
        channel, slash, purpose = name.partition("/")
        if slash and value in ("on", "off"):
            yield replace(word, stops=value == "off", channel=channel, purpose=purpose)
        elif name == "paused_until":
            # An operator's pause, or its end.
            yield replace(word, stops=value is not None, topic="pause", until=_instant(value))
        elif name == "not_before" and isinstance(value, str):
            yield replace(word, stops=True, topic="rest", until=_instant(value))


def _of_returns(log: Log, sent: Mapping[str, Fact[MessageIntended]]) -> Iterator[tuple[Key, Word]]:
    """Addresses that do not exist, and those whose owner complained."""
    back: list[Fact[MessageBounced] | Fact[MessageComplained]] = [
        *(fact for fact in log.of(MessageBounced) if fact.data.kind == "hard"),
        *log.of(MessageComplained),
    ]
    for fact in back:
        if (intended := sent.get(fact.data.message_id)) is not None:
            topic = "bounced" if isinstance(fact.data, MessageBounced) else "complained"
            key = address_key(fact.tenant, intended.data.address_hash)
            yield key, Word(True, topic, fact.time, fact, (fact.position,))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
