"""The job all contestants do: the segmenter's own decoding, rules and outputs, without its state.

Contestants differ only in how events reach this code, where the profile is kept, and how outputs
leave. So the ratios speak of delivery and durability, not of rules.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.topics import CUSTOMER_EVENTS
from services.playbooks.catalogue import Standing
from services.playbooks.load import load_playbooks
from services.playbooks.model import Playbook
from services.policy.packs import load as load_packs
from services.runtime.clock import Clock
from services.runtime.incoming import read
from services.runtime.messages import Incoming
from services.runtime.security import Signer
from services.runtime.settings import Settings
from services.runtime.unit_of_work import UnitOfWork
from services.segmenter import rules
from services.segmenter.handlers import CustomerEvents

CUSTOMERS = 20_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """One Kafka record, whoever consumed it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


class Outputs(UnitOfWork):
    """A unit of work without a database: it only collects what would be published."""

    def __init__(self, clock: Clock) -> None:
        self.service = "segmenter"
        self.now = clock.now()
        self.values: list[bytes] = []

    def _queue(self, topic: str, key: str, value: bytes) -> None:
        del topic, key
        self.values.append(value)


class Job:
    """Decode, decide and encode one event, given the customer's profile as text."""

    def __init__(
        self, playbooks: Sequence[Playbook] | None = None, clock: Clock | None = None
    ) -> None:
        """playbooks: None: those that are shipped. clock: None: as the environment says."""
        settings = Settings()
        if playbooks is None:
            playbooks = list(load_playbooks(settings.playbooks_dir).values())
        self._clock = clock or Clock.parse(os.environ.get("CLOCK"))
        standing = Standing.of(playbooks, "default", self._clock.now())
        self._events = CustomerEvents(
            lambda: standing,
            load_packs(settings.policies_dir),
            Signer("bench"),
            settings.inbox_days,
        )

    def do(self, record: Arrived, state: str | None) -> tuple[str, list[bytes]]:
        """The profile after the event, and the messages that leave because of it."""
        message: Incoming = read(record)
        outputs = Outputs(self._clock)
        profile = rules.decode(state)
        self._events.decide(outputs, message, profile, {})
        return rules.encode(profile), outputs.values


def event(number: int, now: str) -> tuple[str, dict[str, object]]:
    """Event `number` of the load: its key, and the event as JSON values (some 330 bytes)."""
    customer = f"c-{(number * 7919) % CUSTOMERS}"
    return customer, {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/bench/bank",
        "type": "payment.missed",
        "subject": customer,
        "time": now,
        "data": {
            "bill_id": f"b-{number}",
            "creditor": "Example Bank",
            "amount_minor": 4200 + number % 9000,
            "currency": "EUR",
            "due_date": now[:10],
            "product": "card",
        },
    }


TOPIC = CUSTOMER_EVENTS
