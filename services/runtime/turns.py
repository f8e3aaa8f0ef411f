"""Whose turn it is: which partitions the next batch is taken from, and how large it may be. Pure.

A batch is one transaction. What it costs besides its records is much where they are few, so what
several partitions of a topic have goes together; and what comes behind it waits until it is done,
so it is kept short.
"""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

BATCH_SECONDS = 0.5
"""Real seconds that a batch should last at most."""
LEAST = 50
"""Records that a batch may have however long they take: with fewer, what a batch costs by itself
would be most of it."""
WEIGHT = 0.3
"""Of the newest batch in what a record is expected to take."""


Place = tuple[str, int]
"""A partition: its topic and number."""
P = TypeVar("P", bound=Place)


class Pace:
    """What batches of one topic have taken lately, and how large the next may be."""

    def __init__(self, most: int) -> None:
        """most: records, however fast they go."""
        self._most = most
        self._seconds: float | None = None

    @property
    def records(self) -> int:
        """Most records of the next batch."""
        if not self._seconds:
            return self._most
        return min(self._most, max(LEAST, int(BATCH_SECONDS / self._seconds)))

    def note(self, records: int, seconds: float) -> None:
        """Take in how long a batch took. A small one says little of what a record takes."""
        if records < min(LEAST, self._most):
            return
        each = seconds / records
        known = each if self._seconds is None else self._seconds
        self._seconds = known + WEIGHT * (each - known)


class Turns:
    """The batches in hand. A partition is in one at a time."""

    def __init__(
        self, topics: Collection[str], most: int, rests_on: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """most: records of a batch. rests_on: by topic, the one that it rests on."""
        self._topics = sorted(topics, key=lambda topic: topic not in rests_on)
        self._rests_on = rests_on
        self._paces = {topic: Pace(most) for topic in topics}
        self._busy: set[Place] = set()
        self._full: set[str] = set()
        self._served: dict[Place, int] = {}
        self._turn = 0

    def is_free(self, place: Place) -> bool:
        """Whether the partition is in no batch."""
        return place not in self._busy

    def rests_on(self, topic: str) -> str | None:
        """The topic that tells of what this one's records rest on."""
        return self._rests_on.get(topic)

    def may_begin(self) -> list[str]:
        """The topics of which a batch may be begun, those that rest on another first.

        None while another of the topic is in hand, unless more waited than that one could hold;
        and none while one is in hand of the topic that it rests on, which therefore has one only:
        between two of them comes the turn of what rests on it.
        """
        in_hand = {topic for topic, _ in self._busy}
        besides = self._full - set(self._rests_on.values())
        return [
            topic
            for topic in self._topics
            if (topic not in in_hand or topic in besides)
            and self._rests_on.get(topic) not in in_hand
        ]

    def room(self, topic: str) -> int:
        """How many records a batch of the topic may have now."""
        return self._paces[topic].records

    def in_turn(self, partitions: Iterable[P]) -> list[P]:
        """Those that were served longest ago first."""
        return sorted(partitions, key=lambda place: self._served.get(place, 0))

    def begin(self, topic: str, found: Mapping[P, int]) -> None:
        """A batch is in hand with so many records of each of these partitions of the topic."""
        if sum(found.values()) >= self._paces[topic].records:
            self._full.add(topic)
        else:
            self._full.discard(topic)
        self._turn += 1
        self._busy.update(found)
        self._served.update(dict.fromkeys(found, self._turn))

    def end(self, partitions: Iterable[Place]) -> None:
        """A batch is done."""
        self._busy.difference_update(partitions)

    def took(self, topic: str, records: int, seconds: float) -> None:
        """A batch of so many records was applied in so long."""
        self._paces[topic].note(records, seconds)
