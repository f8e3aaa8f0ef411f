"""A scheduler on a real PostgreSQL without a broker, and the events that it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import Session

from schemas.envelope import Envelope, decode, encode, make
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.policy.packs import load
from services.runtime import ledger, outbox_rows
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.processing import Processor
from services.runtime.settings import ROOT
from services.scheduler import api, stream
from services.scheduler.handlers import Handlers
from services.scheduler.model import Learning
from services.scheduler.timers import Announcing, Claiming
from support.database import Database

PACKS = load(ROOT / "deploy" / "policies")
TOKENS = "ops=o1:read+operate,reader=r1:read,bank=b1:read+operate+tenant:bank"


@dataclass
class Record:
    """A Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    timestamp: int = 0


class Bench:
    """A scheduler without a broker: records go in by hand, the outbox is read."""

    def __init__(self, database: Database, now: str, learning: Learning | None = None) -> None:
        clock = f"{now}*0.000001@0"
        settings = database.settings.model_copy(update={"clock": clock, "api_tokens": TOKENS})
        self.database = database
        self.context = Context.from_settings("scheduler", settings)
        self.handlers = Handlers(PACKS, learning=learning)
        self.processor = Processor(
            self.context, stream.handlers(self.handlers), frozenset({OUTREACH_COMMANDS})
        )
        with Session(self.context.engine) as session:
            self.owned = {
                topic: ledger.take_over(session, topic, 0, "cluster", topic)
                for topic in (OUTREACH_LOG, OUTREACH_COMMANDS)
            }
            session.commit()
        announce = Announcing(self.context, ())
        self.timer = Claiming(self.context, self.handlers, announce, batch=1000)
        self.in_force = True
        """Whether what operators say of sending holds at once; there is no publisher here."""
        self.app = api.create(self.context, PACKS, takes_effect=lambda: self.in_force)
        self.web = TestClient(self.app)

    def close(self) -> None:
        self.context.engine.dispose()

    def at(self, now: str) -> None:
        """Set the clock."""
        self.context.clock = Clock.parse(f"{now}*0.000001@0")

    def deliver(self, topic: str, *events: Envelope) -> None:
        """Append events to partition 0 of a topic, as one batch."""
        own = self.owned[topic]
        self.processor.apply(
            own,
            [
                Record(topic, 0, own.next_offset + n, one.subject.encode(), encode(one))
                for n, one in enumerate(events)
            ],
        )

    def sweep(self) -> int:
        """Feed parked commands again."""
        return self.processor.sweep(self.owned[OUTREACH_COMMANDS])

    def claim(self, limit: int = 1000) -> int:
        """Claim due steps once; how many were seen."""
        with self.context.unit() as work:
            taken = self.handlers.take(work, limit)
            self.handlers.claim(work, taken)
            return len(taken.due.steps)

    def outbox(self, topic: str = OUTREACH_LOG) -> list[Envelope]:
        """What waits to be published on a topic."""
        rows = self.database.rows(
            "SELECT messages FROM scheduler.outbox WHERE topic = %s ORDER BY id", topic
        )
        return [decode(value) for (page,) in rows for _, value in outbox_rows.unpack(page)]

    def told(self) -> list[str]:
        """The types of the facts that wait."""
        return [event.type for event in self.outbox()]

    def get(self, path: str, token: str = "r1") -> Any:
        """An answer over HTTP."""
        answer = self.web.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()


def applied(
    event_type: str,
    offset: int,
    customer: str = "ann",
    time: str = "2026-03-02T08:59:00+09:00",
    obligation_id: str | None = "b1",
    **data: Any,
) -> Envelope:
    """An `event.applied`, as the segmenter writes it."""
    event_id = f"{event_type}-{customer}-{offset}"
    return make(
        "event.applied",
        {
            "event_type": event_type,
            "event_id": event_id,
            "event_source": "/bank",
            "event_version": 1,
            "event_time": time,
            "position": {"topic": "customer.events", "partition": 3, "offset": offset},
            "effect": "applied",
            "obligation_id": obligation_id,
            "data": data,
        },
        id=derive("applied", event_id),
        source="/rapport/segmenter",
        tenant="default",
        subject=customer,
        time=datetime.fromisoformat(time),
    )


def due_soon(offset: int = 7, customer: str = "ann", bill_id: str = "b1") -> Envelope:
    return applied(
        "bill.due_soon",
        offset,
        customer,
        obligation_id=bill_id,
        bill_id=bill_id,
        creditor="Acme",
        amount_minor=12_000,
        currency="EUR",
        due_date="2026-03-12",
    )


def requested(offset: int = 7, customer: str = "ann", bill_id: str = "b1", **more: Any) -> Envelope:
    """An `outreach.requested` that rests on the event at `offset`."""
    data: dict[str, Any] = {
        "playbook": "bill-reminder",
        "playbook_version": 3,
        "purpose": "service",
        "obligation": {
            "obligation_id": bill_id, "kind": "bill", "creditor": "Acme", "amount_minor": 12_000,
            "currency": "EUR", "due_date": "2026-03-12", "parties": [customer],
        },
        "segment": "everyone",
        "tone": "neutral",
        "steps": [
            {"name": name, "anchor": "due", "days": days, "at": "10:00", "valid_for": "P1D",
             "template": name, "channel": "email"}
            for name, days in (("t-7", -7), ("t-3", -3), ("t-1", -1))
        ],
        "exits": [
            {"on": "payment.received", "when": "remaining_minor == 0 && !pending",
             "reason": "paid"}
        ],
        "locale": "ja",
        "place": {"timezone": "Asia/Tokyo", "country": "JP"},
        "context": {"plan": "Gold", "perks": ["a", "b"]},
        "trigger": {
            "event_type": "bill.due_soon", "event_id": "e1", "event_source": "/bank",
            "event_time": "2026-03-02T08:59:00+09:00",
        },
        "after": {"customer.events/3": offset},
        **more,
    }  # fmt: skip
    return make(
        "outreach.requested",
        data,
        id=derive("command", customer, bill_id, offset),
        source="/rapport/segmenter",
        tenant="default",
        subject=customer,
        time=datetime.fromisoformat("2026-03-02T09:00:00+09:00"),
    )


def message(type: str, order: Envelope, **more: Any) -> Envelope:
    """A fact of the messenger about an order."""
    ids = {"step_id": order.data["step_id"], "dispatch_id": order.data["dispatch_id"]}
    return make(
        type,
        {**ids, **more},
        id=derive(type, order.id),
        source="/rapport/messenger",
        tenant="default",
        subject=order.subject,
        time=datetime.fromisoformat("2026-03-05T10:01:00+09:00"),
    )
