"""A messenger on real PostgreSQL and SMTP whose topics are delivered by the test itself."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlmodel import Session

from schemas.common import CHANNELS, Channel
from schemas.envelope import Envelope, encode
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger import api, copy_api, inbox_api, stream, variants_api
from services.messenger.handlers.claiming import Claiming
from services.messenger.handlers.intake import Letterbox
from services.messenger.handlers.replies import Listening
from services.messenger.handlers.texting import Speaker, Texting
from services.messenger.handlers.weighing import Weighing
from services.messenger.handlers.writing import Writer
from services.messenger.letters import LetterWriter
from services.messenger.links import Links
from services.messenger.main import NAME
from services.messenger.model import IN_APP
from services.messenger.pacing import Pacing
from services.messenger.providers import Provider
from services.messenger.providers.doors.settings import parse as parse_doors
from services.messenger.providers.page import Page
from services.messenger.providers.smtp import Relay, SmtpPool
from services.messenger.rules.pacing import parse as parse_limits
from services.messenger.sender import Sender
from services.messenger.tenants import load as load_tenants
from services.messenger.texts import ByChannel, TextWriter
from services.policy.packs import load as load_packs
from services.runtime import ledger, outbox_rows
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.partitioning import PARTITIONS, lane
from services.runtime.processing import Processor
from services.runtime.settings import Settings
from support.database import Database
from support.mail import Mailbox
from support.playbooks import in_force, shipped_version
from support.polling import poll_until

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""Monday, 11:00 in Berlin."""
NEVER = 10_000_000_000.0
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TWILIO_TOKEN = "8ad9c2b1f0e74d6b9a5c3e2f1d0b4a69"
APP_SECRET, VERIFY_TOKEN = "5f4dcc3b5aa765d61d8327deb882cf99", "a-token-of-our-own"
DOORS = (
    f"relay={WEBHOOK_SECRET},texts=twilio-plain:{TWILIO_TOKEN},"
    f"chat=meta:{APP_SECRET}:{VERIFY_TOKEN}"
)
TOKENS = "tester=all-of-it:publish+read+operate+desk,other=bound:publish+read+tenant:other"
ENDS = ("message.sent", "message.failed", "message.refused", "message.unknown")
READ = (CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG)


@dataclass
class Record:
    """One Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


@dataclass
class World:
    """One messenger, its clock standing still until it is moved."""

    context: Context
    sender: Sender
    api: FastAPI
    links: Links
    letterbox: Letterbox
    processor: Processor
    weighing: Weighing
    besides: tuple[Sender, ...] = ()
    """Of other channels."""
    facts: list[dict[str, Any]] = field(default_factory=list)
    offsets: dict[tuple[str, int], "itertools.count[int]"] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def own_all(self) -> None:
        """Take all partitions over, as a worker does when they are assigned to it."""
        with Session(self.context.engine) as session:
            for topic in READ:
                for partition in range(PARTITIONS):
                    own = ledger.take_over(session, topic, partition, "cluster", topic)
                    self.context.owned[topic, partition] = own
            session.commit()

    def move_to(self, instant: datetime) -> None:
        """Let it be that instant."""
        self.context.clock = standing(instant)

    def an_hour_later(self) -> None:
        """Let an hour pass: that far apart lie any two contacts with a customer."""
        self.move_to(self.context.clock.now() + timedelta(hours=1))

    def deliver(self, topic: str, event: Mapping[str, Any], *, partition: int | None = None) -> str:
        """Let one event arrive; its position."""
        whole = {
            "specversion": "1.0",
            "id": f"e-{next(self.numbers)}",
            "source": "/bank",
            "time": self.context.clock.now().isoformat(),
            **event,
        }
        envelope = Envelope.model_validate(whole)
        return self.put(topic, envelope.subject, encode(envelope), partition)

    def put(self, topic: str, key: str, value: bytes, partition: int | None = None) -> str:
        """Let one record arrive; its position."""
        where = lane(key) if partition is None else partition
        offset = next(self.offsets.setdefault((topic, where), itertools.count()))
        own = self.context.owned[topic, where]
        self.processor.apply(own, [Record(topic, where, offset, key.encode(), value)])
        return f"{topic}/{where}"

    def customer(self, customer: str, event_type: str, **data: Any) -> str:
        """A customer event; the position it took."""
        event = {"type": event_type, "subject": customer, "data": data}
        return self.deliver(CUSTOMER_EVENTS, event)

    def known_customer(self, customer: str = "c-1", **changes: Any) -> None:
        """A customer in Berlin who reads English."""
        data = {
            "name": "Ana Berg",
            "email": f"{customer}@example.com",
            "locale": "en",
            "timezone": "Europe/Berlin",
            "country": "DE",
        }
        self.customer(customer, "customer.updated", **data | changes)

    def dispatch(self, customer: str = "c-1", **changes: Any) -> str:
        """Order one letter; the dispatch's id."""
        number = next(self.numbers)
        data = order(f"d-{number}", f"s-{number}", self.context.clock.now()) | changes
        event = {
            "type": "outreach.dispatch_ordered",
            "source": "/rapport/scheduler",
            "subject": customer,
            "data": data,
        }
        self.deliver(OUTREACH_DISPATCHES, event)
        return str(data["dispatch_id"])

    def fact(self, customer: str, fact_type: str, **data: Any) -> None:
        """A fact of another service arrives on the log."""
        event = {"type": fact_type, "subject": customer, "source": "/rapport/x", "data": data}
        self.deliver(OUTREACH_LOG, event)

    def flow(self) -> None:
        """Publish the outbox: what is for the log comes back through it."""
        owned = self.context.owned_lanes(OUTREACH_DISPATCHES)
        with Session(self.context.engine) as session:
            lanes = outbox_rows.batch(session, OUTREACH_DISPATCHES, owned, 10_000)
            for lane in lanes:
                outbox_rows.remove(session, lane.ids)
            session.commit()
        for lane in lanes:
            for key, value in lane.messages if lane.topic == OUTREACH_LOG else ():
                self.facts.append(json.loads(value))
                self.put(OUTREACH_LOG, key, value, lane.lane)

    def step(self) -> None:
        """One round of the sender, and what it published."""
        for sender in (self.sender, *self.besides):
            sender.round()
        self.flow()

    def of(self, *types: str) -> list[dict[str, Any]]:
        """The facts of these types, oldest first."""
        return [fact for fact in self.facts if fact["type"] in types]

    def told(self, fact_type: str) -> list[dict[str, Any]]:
        """What facts of this type say, with what is still to be published."""
        self.flow()
        return [fact["data"] for fact in self.of(fact_type)]

    def until(self, *types: str, count: int = 1) -> list[dict[str, Any]]:
        """Go on until there are so many facts of these types."""

        def found() -> list[dict[str, Any]]:
            self.step()
            facts = self.of(*types)
            return facts if len(facts) >= count else []

        facts: list[dict[str, Any]] = poll_until(found, message=f"no {count} of {types}")
        return facts

    def ended(self, count: int = 1) -> list[dict[str, Any]]:
        """Go on until so many dispatches have ended."""
        return self.until(*ENDS, count=count)

    def next_end(self) -> dict[str, Any]:
        """How one more dispatch ends, an hour later."""
        self.an_hour_later()
        self.dispatch()
        return self.ended(len(self.of(*ENDS)) + 1)[-1]

    def close(self) -> None:
        """Let go of threads and connections."""
        for sender in (self.sender, *self.besides):
            sender.stop()
            sender.wind_up()
        self.context.engine.dispose()


packs = lru_cache(load_packs)


def standing(instant: datetime) -> Clock:
    """A clock that stands still."""
    return Clock(instant, 1.0, NEVER)


def world(
    database: Database,
    provider: Provider,
    *,
    connections: int = 2,
    folder: Path | None = None,
    limits: str = "",
    by_sms: Provider | None = None,
    channels: Sequence[Channel] = ("sms",),
    speakers: Mapping[Channel, Speaker] | None = None,
    pages: bool = False,
) -> World:
    """A messenger that owns every lane. folder: of its playbooks, if not those that we ship.

    limits: as DOMAIN_LIMITS. by_sms: who sends texts by these channels; None: nobody does.
    speakers: who answers texts, by channel. pages: whether customers' own pages are written to.
    """
    base: Settings = database.settings
    settings = base.model_copy(update={"api_tokens": TOKENS, "public_url": "https://m.example"})
    context = Context.from_settings(NAME, settings)
    context.clock = standing(START)
    tenants = load_tenants(settings.tenants_dir)
    links = Links(
        context.signer,
        settings.service_url(NAME),
        settings.service_url("negotiator"),
        timedelta(days=180),
    )
    weighing = Weighing(context, window_days=14, memory_days=180, floor=0.05)
    playbooks = in_force(folder or settings.playbooks_dir)
    letters = LetterWriter(playbooks, tenants, links, weighing)
    writers: dict[str, Writer] = {"email": letters}
    others: dict[str, Provider] = {}
    if by_sms is not None:
        writers |= dict.fromkeys(channels, TextWriter(playbooks, tenants, links))
        others |= dict.fromkeys(channels, by_sms)
    if pages:
        writers[IN_APP], others[IN_APP] = letters, Page()
    writer = ByChannel(writers)
    claiming = Claiming(context, writer, packs(settings.policies_dir), 1.5)
    pacing = Pacing(parse_limits(limits), context.clock, None, 14)
    by_mail = [channel for channel in CHANNELS if channel not in others]
    sender = Sender(context, claiming, provider, connections, pacing, by_mail)
    besides = tuple(
        Sender(context, claiming, one, connections, pacing, [channel], vital=False)
        for channel, one in others.items()
    )
    texting = Texting(packs(settings.policies_dir), tenants, speakers or {})
    letterbox = Letterbox(context, (), texting=texting)
    made = World(
        context=context,
        sender=sender,
        besides=besides,
        weighing=weighing,
        api=api.create(context, links, tenants, parse_doors(DOORS), letterbox, 14),
        links=links,
        letterbox=letterbox,
        processor=Processor(
            context, stream.handlers(settings.inbox_days, sender.wake), frozenset()
        ),
    )
    variants_api.add_to(made.api, context, weighing)
    copy_api.add_to(made.api, context)
    inbox_api.add_to(made.api, context, Listening())
    made.own_all()
    return made


def link(mail: Mapping[str, Any], kind: str) -> str:
    """The path of the letter's first link of a kind, "t/c" for one."""
    found = re.search(rf"https://m\.example(/{kind}/[^\s\"<>]+)", mail["html"])
    assert found is not None
    return found[1]


def order(dispatch_id: str, step_id: str, now: datetime) -> dict[str, Any]:
    """The data of an order to remind of a missed payment of 120.00 EUR."""
    return {
        "dispatch_id": dispatch_id,
        "step_id": step_id,
        "enrolment_id": "en-1",
        "attempt": 1,
        "playbook": "recover",
        "playbook_version": shipped_version("recover"),
        "step": "hello",
        "template": "hello",
        "segment": "everyone",
        "tone": "neutral",
        "purpose": "collection",
        "channel": "email",
        "obligations": [
            {
                "obligation_id": "b-1",
                "kind": "bill",
                "creditor": "Nordbank",
                "amount_minor": 12000,
                "currency": "EUR",
                "due_date": "2026-02-27",
                "parties": ["c-1"],
            }
        ],
        "context": {},
        "locale": "en",
        "place": {"timezone": "Europe/Berlin", "country": "DE"},
        "zones": ["Europe/Berlin"],
        "decided_at": now.isoformat(),
        "not_after": (now + timedelta(days=3)).isoformat(),
        "packs": [{"name": "default", "version": 1}],
        "counts": [],
        "after": {},
    }


@contextmanager
def mailing(database: Database, mailbox: Mailbox, *, folder: Path | None = None) -> Iterator[World]:
    """A messenger whose letters come to the mailbox. folder: as `world` has it."""
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(database, pool, folder=folder)
    try:
        yield made
    finally:
        made.close()


def first_mail(messenger: World, mailbox: Mailbox) -> dict[str, Any]:
    """A mail that was sent to a customer, who looks at it a minute later."""
    messenger.known_customer()
    messenger.dispatch()
    messenger.ended()
    messenger.move_to(START + timedelta(minutes=1))
    return mailbox.messages()[0]
