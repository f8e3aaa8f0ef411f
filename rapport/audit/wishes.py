"""What customers asked of their messages: seldom, at their hours, and rest for what is paid."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact, Log, Position
from rapport.audit.words import Key, Word, customer_key
from schemas.facts import (
    ContactPreferenceChanged,
    EventApplied,
    MessageIntended,
    MessageReplied,
    RequestMade,
)

WEEK = timedelta(hours=168)
CONFIRM_PAYMENT = "confirm_payment"

Changes = Sequence[Fact[ContactPreferenceChanged]]


class Wishes:
    """Every wish in the log, by customer."""

    def __init__(self, log: Log) -> None:
        self._told: Mapping[tuple[str, str], list[Fact[ContactPreferenceChanged]]]
        self._told = defaultdict(list)
        for fact in log.of(ContactPreferenceChanged):
            self._told[fact.who].append(fact)

    def in_force(
        self, intended: Fact[MessageIntended], name: str, who: tuple[str, str] | None = None
    ) -> list[Any]:
        """Values of a wish, any of which the message may have gone by. who: a former id.

        The last one that the messenger had read back, and those after it: it knows what is said to
        itself before the log does.
        """
        through = intended.data.applied_through
        values: list[Any] = [None]
        for fact in sorted(self._told.get(who or intended.who, ()), key=lambda one: one.order):
            if name not in fact.data.changes or fact.order > intended.order:
                continue
            if fact.position.within(through):
                values = []
            values.append(fact.data.changes[name])
        return values


def outside_hours(wishes: Wishes, intended: Fact[MessageIntended]) -> str | None:
    """The part of the day that was asked for, where the message keeps to none."""
    asked = wishes.in_force(intended, "hours")
    at = intended.data.checked_at
    kept = any(all(_within(part, zone, at) for zone in intended.data.zones) for part in asked)
    return None if kept else str(asked[-1])


def above_limit(
    wishes: Wishes,
    who: tuple[str, str],
    intended: Fact[MessageIntended],
    earlier: Sequence[Fact[MessageIntended]],
) -> tuple[int, list[Fact[MessageIntended]]] | None:
    """How many a week were asked for, and the messages that are too many, where they are.

    who: the id under which it was asked.
    """
    asked = wishes.in_force(intended, "max_a_week", who)
    since = intended.data.checked_at - WEEK
    counted = [*(one for one in earlier if one.data.checked_at > since), intended]
    if any(not isinstance(most, int) or len(counted) <= most for most in asked):
        return None
    return max(asked), counted


def said_paid(log: Log, sent: Mapping[str, Fact[MessageIntended]]) -> Iterator[tuple[Key, Word]]:
    """Rest for what a customer says is paid, until the publisher has looked."""
    for replied in log.of(MessageReplied):
        intended, until = sent.get(replied.data.message_id), replied.data.quiet_until
        if intended is None or until is None:
            continue
        word = Word(True, "says_paid", replied.time, replied, (replied.position,), until=until)
        for obligation in intended.data.obligation_ids:
            yield customer_key(*replied.who), _about(word, obligation)
    asked = {f.data.request_id: f for f in log.of(RequestMade) if f.data.kind == CONFIRM_PAYMENT}
    for event in log.of(EventApplied):
        data = event.data
        if data.event_type != "request.answered" or data.data.get("answer") != "refused":
            continue
        request = asked.get(str(data.data.get("request_id")))
        if request is not None:
            source = data.position
            places = (event.position, Position(source.topic, source.partition, source.offset))
            # By when it was applied: the publisher's own clock says nothing of the order.
            word = Word(False, "says_paid", event.time, event, places)
            yield customer_key(*request.who), _about(word, request.data.obligation_id)


def _about(word: Word, obligation: str) -> Word:
    return Word(
        word.stops,
        word.topic,
        word.at,
        word.fact,
        word.positions,
        obligation=obligation,
        until=word.until,
    )


def _within(part: Any, zone: str, at: datetime) -> bool:
    if not isinstance(part, str):
        return True
    opens, _, closes = part.partition("-")
    return opens <= at.astimezone(ZoneInfo(zone)).strftime("%H:%M") < closes
