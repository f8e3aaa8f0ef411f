"""Promise 5: no frequency cap is exceeded by what was sent or may have been."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rapport.audit import packs as rules
from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.places import zone_of
from rapport.audit.verdict import Outcome
from rapport.audit.wishes import above_limit
from schemas.facts import EventApplied, HandoffRequested, MessageIntended
from schemas.policy_rules import Cap, Counted, Gap

TITLE = "No frequency cap is exceeded, over all playbooks and channels"

Told = Fact[MessageIntended] | Fact[EventApplied]
"""A contact: by a message, or by the publisher's own people (`contact.made`)."""

_CHANNELS = frozenset({"email", "sms", "webhook", "in_app", "phone", "fax", "letter", "visit"})


def check(history: History) -> Outcome:
    """Count, for each contact, those in the window that ends with it."""
    outcome = Outcome(5, TITLE)
    ledger = _Ledger(history)
    contacts = sorted(history.may_have_gone, key=lambda fact: (fact.data.checked_at, fact.order))
    outcome.checked = {
        "contacts": len(contacts),
        "customers contacted": len({fact.who for fact in contacts}),
    }
    for contact in contacts:
        _contact(history, ledger, contact, outcome)
        _asked(history, ledger, contact, outcome)
        ledger.add(contact)
    return outcome


def _asked(
    history: History, ledger: "_Ledger", contact: Fact[MessageIntended], outcome: Outcome
) -> None:
    """Whether the customer themselves asked for fewer."""
    for who in history.ids(contact):
        too_many = above_limit(history.wishes, who, contact, ledger.sent_to(contact))
        if too_many is None:
            continue
        most, counted = too_many
        what = f"{len(counted)} messages in 168 h, their reader asked for {most}"
        outcome.violate("against-a-wish", what, *counted)


class _Ledger:
    """Contacts so far, by customer and by obligation."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._sent: dict[object, list[Fact[MessageIntended]]] = defaultdict(list)
        self._made: dict[tuple[str, str], list[Fact[EventApplied]]] = defaultdict(list)
        self._asked = {
            (fact.who, fact.data.handoff_id): fact for fact in history.log.of(HandoffRequested)
        }
        for fact in history.log.of(EventApplied):
            data = fact.data
            if data.event_type == "contact.made" and data.data.get("direction") == "outbound":
                self._made[fact.who].append(fact)

    def add(self, contact: Fact[MessageIntended]) -> None:
        """Count this one from now on."""
        self._sent[contact.who].append(contact)
        for key in self._about(contact):
            self._sent[key].append(contact)

    def sent_to(self, contact: Fact[MessageIntended]) -> Sequence[Fact[MessageIntended]]:
        """Messages to the contact's customer so far, by whichever id."""
        return [one for who in self._history.ids(contact) for one in self._sent.get(who, ())]

    def answers(self, contact: Fact[MessageIntended]) -> bool:
        """Whether it answers the customer, whose matter a person had been asked to see to."""
        asked = [
            self._asked.get((who, contact.data.answers or "")) for who in self._history.ids(contact)
        ]
        return any(one is not None and one.time <= contact.data.checked_at for one in asked)

    def before(self, contact: Fact[MessageIntended], scope: str) -> Iterator[list[Told]]:
        """What a cap of that scope may count; of caps on obligations, for each of them."""
        through = contact.data.applied_through
        ids = self._history.ids(contact)
        made = [
            fact
            for who in ids
            for fact in self._made.get(who, ())
            if fact.data.position.offset
            <= through.get(f"{fact.data.position.topic}/{fact.data.position.partition}", -1)
        ]
        own: list[Told] = [*self.sent_to(contact), *made]
        if scope == "customer":
            yield own
        elif scope == "number":
            asked = contact.data.channel
            yield [fact for fact in own if _channel(fact) in (asked, None)]
        elif scope == "obligation":
            for key in self._about(contact):
                theirs = [f for f in made if f.data.obligation_id in (None, key[2])]
                yield [*self._sent.get(key, ()), *theirs]
        else:
            others = [
                fact
                for key in self._about(contact)
                for fact in self._sent.get(key, ())
                if fact.who not in ids
            ]
            yield [*own, *others]

    def _about(self, contact: Fact[MessageIntended]) -> list[tuple[str, str, str]]:
        kind = self._history.obligation_kind(contact)
        return [(contact.who[0], kind, one) for one in contact.data.obligation_ids]


def _contact(
    history: History, ledger: _Ledger, contact: Fact[MessageIntended], outcome: Outcome
) -> None:
    data = contact.data
    roles = history.roles(contact)
    for found, cap in rules.caps(history.packs_for(contact), data.checked_at, data.zones):
        if not rules.covers(cap, data.purpose, data.channel, roles):
            continue
        if isinstance(cap, Gap) and cap.spares_answers and ledger.answers(contact):
            continue
        limit = cap.limit if isinstance(cap, Cap) else 1
        for earlier in ledger.before(contact, cap.scope):
            such = [fact for fact in earlier if _is_such(cap, fact)]
            for since, window in _windows(cap, contact):
                counted = [fact for fact in such if _at(fact) > since]
                if len(counted) + 1 > limit:
                    name = f"{found.pack.name}/{cap.rule} v{found.pack.version}"
                    what = f"{len(counted) + 1} contacts in {window}, {name} allows {limit}"
                    outcome.violate("cap", what, *counted, contact)
                    break


def _is_such(cap: Counted, fact: Told) -> bool:
    """Whether a cap is about such contacts; what is not known of one, counts."""
    if isinstance(fact.data, MessageIntended):
        return "machine" in cap.counts and _covers(cap, fact.data.purpose, fact.data.channel)
    reached = fact.data.data.get("outcome") == "reached"
    return (
        "people" in cap.counts
        and (reached or cap.unit == "attempt")
        and _covers(cap, None, _channel(fact))
    )


def _covers(cap: Counted, purpose: str | None, channel: str | None) -> bool:
    for_any = cap.purposes == "all" or isinstance(cap, Gap) or purpose is None
    return (for_any or purpose in cap.purposes) and (
        cap.channels == "all" or channel is None or channel in cap.channels
    )


def _channel(fact: Told) -> str | None:
    """None: by a name that no pack knows."""
    if isinstance(fact.data, MessageIntended):
        return fact.data.channel
    name = str(fact.data.data.get("channel"))
    return name if name in _CHANNELS else None


def _at(fact: Told) -> datetime:
    if isinstance(fact.data, MessageIntended):
        return fact.data.checked_at
    return datetime.fromisoformat(str(fact.data.data["at"]))


def _windows(cap: Counted, contact: Fact[MessageIntended]) -> Iterator[tuple[datetime, str]]:
    """The instants after which contacts count, one for each zone where the calendar rules."""
    at = contact.data.checked_at
    if isinstance(cap, Gap):
        yield at - timedelta(hours=cap.hours), f"{cap.hours} h"
    elif isinstance(cap, Cap) and cap.calendar is None:
        # One that is exactly one window ago counts no longer.
        yield at - timedelta(hours=cap.window_hours), f"{cap.window_hours} h"
    elif isinstance(cap, Cap) and cap.calendar is not None:
        for name in contact.data.zones:
            if (zone := zone_of(name)) is not None:
                first = _first_day(cap.calendar, at.astimezone(zone).date())
                since = _first_instant(first, at, zone) - timedelta(microseconds=1)
                yield since, f"a {cap.calendar} in {name}"


def _first_day(calendar: str, day: date) -> date:
    if calendar == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if calendar == "week" else day


def _first_instant(day: date, before: datetime, zone: ZoneInfo) -> datetime:
    """The first second at which the local date is `day` or later, found by halving."""
    start = datetime.combine(day, time(), tzinfo=zone) - timedelta(hours=30)
    seconds = range(int(start.timestamp()), int(before.timestamp()) + 1)
    return datetime.fromtimestamp(
        seconds[
            bisect_left(seconds, True, key=lambda s: datetime.fromtimestamp(s, zone).date() >= day)
        ],
        zone,
    )
