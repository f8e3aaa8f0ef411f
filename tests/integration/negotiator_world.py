"""A negotiator with a real database, told of the world by records, visited by a browser's means."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import Session

from schemas.common import Typed
from schemas.customer_events import CustomerMerged, CustomerUpdated
from schemas.envelope import encode, make
from schemas.facts import AgreementDue, EventApplied, MessageIntended, OutreachEnrolled
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.negotiator import api, stream
from services.negotiator.handlers.promises import Watching
from services.negotiator.settings import NegotiatorSettings
from services.runtime import ledger, outbox_rows
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.ledger import Ownership
from services.runtime.processing import Processor
from services.runtime.security import Caller
from support.database import Database

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAR = 1e12
AUTHORITIES = Path(__file__).parents[1] / "support" / "authorities"
VERIFICATION = {"last_digits": "4411", "birth_year": 1980}
ANSWERS = {"last_digits": "4411", "birth_year": "1980"}
AUTHORITY = {
    "name": "standard", "version": 3, "max_discount_bp": 1_000, "max_instalments": 12,
    "min_instalment_minor": 2_000, "max_days": 365, "offer_valid_hours": 72,
    "funded_by": "creditor",
}  # fmt: skip


@dataclass
class Record:
    """A Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0


class World:
    """One negotiator; `now` stands until it is moved."""

    def __init__(
        self, database: Database, session_hours: float = 12, **given_settings: Any
    ) -> None:
        self.context = Context.from_settings("negotiator", database.settings)
        self.context.callers = {
            "read-secret": Caller("reader", frozenset({"read"}), None),
            "other-secret": Caller("other", frozenset({"read", "desk"}), "elsewhere"),
            "ana-secret": Caller("ana", frozenset({"desk"}), None),
            "bo-secret": Caller("bo", frozenset({"desk"}), None),
            "sam-secret": Caller("sam", frozenset({"desk"}), None),
            "cleo-secret": Caller("cleo", frozenset({"desk"}), None),
        }
        self.database = database
        self.move_to(START)
        settings = NegotiatorSettings(
            portal_session_hours=session_hours,
            authorities_dir=AUTHORITIES,
            proposals_a_minute=30,
            **given_settings,
        )
        self.api = api.create(self.context, settings)
        self._processor = Processor(
            self.context, stream.handlers(self.context, settings), frozenset()
        )
        self._owned: dict[str, Ownership] = {}
        self._number = 0
        for topic in (CUSTOMER_EVENTS, OUTREACH_LOG):
            with Session(self.context.engine) as session:
                self._owned[topic] = ledger.take_over(session, topic, 0, "cluster", topic)
                session.commit()

    @property
    def now(self) -> datetime:
        return self.context.clock.now()

    def move_to(self, instant: datetime) -> None:
        self.context.clock = Clock(instant, 1.0, FAR)

    def pass_time(self, span: timedelta) -> None:
        self.move_to(self.now + span)

    def close(self) -> None:
        self.context.engine.dispose()

    # What the other services and publishers tell.

    def tell(self, topic: str, data: Typed, subject: str, source: str = "/test") -> None:
        self._number += 1
        envelope = make(
            data.TYPE, data, id=f"e-{self._number}", source=source, tenant="default",
            subject=subject, time=self.now,
        )  # fmt: skip
        own = self._owned[topic]
        record = Record(topic, 0, own.next_offset, subject.encode(), encode(envelope))
        self._processor.apply(own, [record])

    def customer(self, customer: str = "c-1", **given: Any) -> None:
        self.tell(CUSTOMER_EVENTS, CustomerUpdated(**given), customer)

    def merged(self, customer: str, into: str) -> None:
        self.tell(CUSTOMER_EVENTS, CustomerMerged(into=into), customer)

    def applied(self, event_type: str, customer: str = "c-1", **data: Any) -> None:
        """The segmenter's word of a customer event."""
        fact = EventApplied.model_validate(
            {
                "event_type": event_type,
                "event_id": f"x-{self._number}",
                "event_source": "/bank",
                "event_version": 1,
                "event_time": self.now.isoformat(),
                "position": {"topic": CUSTOMER_EVENTS, "partition": 0, "offset": 0},
                "effect": data.pop("effect", "applied"),
                "obligation_id": data.get("bill_id"),
                "data": data,
            }
        )
        self.tell(OUTREACH_LOG, fact, customer)

    def missed(self, bill: str = "b-1", customer: str = "c-1", **given: Any) -> None:
        """A missed payment of 600 euro, or what is given."""
        data: dict[str, Any] = {
            "bill_id": bill, "creditor": "Northwind Bank", "amount_minor": 60_000,
            "currency": "EUR", "due_date": "2026-02-25", "product": "Credit card",
        }  # fmt: skip
        self.applied("payment.missed", customer, **(data | given))

    def due_soon(self, bill: str = "b-1", customer: str = "c-1", **given: Any) -> None:
        """A bill of 80 euro that falls due on 12 March, or what is given."""
        data: dict[str, Any] = {
            "bill_id": bill, "creditor": "Brightwater", "amount_minor": 8_000,
            "currency": "EUR", "due_date": "2026-03-12", "product": "Electricity",
        }  # fmt: skip
        self.applied("bill.due_soon", customer, **(data | given))

    def reminded(self, **customer: Any) -> str:
        """A customer who was reminded of a bill; the token of the mail's link."""
        self.customer(**({"verification": VERIFICATION, "timezone": "Europe/Berlin"} | customer))
        self.due_soon()
        return self.invited(offers=None, purpose="service")

    def paid(self, amount: int, remaining: int, bill: str = "b-1", **given: Any) -> None:
        """A payment came in, or what `event_type` says of it."""
        event_type = given.pop("event_type", "payment.received")
        data: dict[str, Any] = {
            "payment_id": f"p-{self._number}", "bill_id": bill, "amount_minor": amount,
            "currency": "EUR", "remaining_minor": remaining,
        }  # fmt: skip
        self.applied(event_type, **(data | given))

    def invited(
        self,
        message: str = "m-1",
        bill: str = "b-1",
        customer: str = "c-1",
        offers: dict[str, Any] | None = AUTHORITY,
        purpose: str = "collection",
        enrolment: str | None = None,
        **given: Any,
    ) -> str:
        """The scheduler enrols, the messenger sends; the token of the mail's link."""
        enrolment = enrolment or derive("enrolment", customer, bill)
        enrolled = {
            "enrolment_id": enrolment, "command_id": "cmd", "playbook": "recover",
            "playbook_version": 1, "segment": "s", "tone": "neutral", "purpose": purpose,
            "obligation": {"obligation_id": bill, "kind": "bill"}, "offers": offers,
            "trigger_event_id": "e",
        }  # fmt: skip
        self.tell(OUTREACH_LOG, OutreachEnrolled.model_validate(enrolled), customer)
        intended = {
            "message_id": message, "step_id": "s", "dispatch_id": "d", "enrolment_id": enrolment,
            "checked_at": self.now.isoformat(), "applied_through": {}, "log_age_seconds": 0.1,
            "purpose": purpose, "channel": "email", "obligation_ids": [bill],
            "playbook": "recover", "playbook_version": 1, "step": "first", "template": "first",
            "segment": "s", "tone": "neutral", "variant": "a", "locale": "en",
            "zones": ["Europe/Berlin"], "place": {"timezone": "Europe/Berlin"}, "packs": [],
            "counts": [], "disclosures": [], "one_click": True, "content_sha256": "0" * 64,
            "address_hash": "0" * 64, "portal": True,
        }  # fmt: skip
        self.tell(OUTREACH_LOG, MessageIntended.model_validate(intended | given), customer)
        return self.token(message)

    def token(self, message: str) -> str:
        return self.context.signer.sign("portal", {"m": message}, self.now + timedelta(days=30))

    def ready(self, **customer: Any) -> str:
        """A customer who missed a payment and got a mail; its token."""
        self.customer(**({"verification": VERIFICATION, "timezone": "Europe/Berlin"} | customer))
        self.missed()
        return self.invited()

    # What the negotiator says.

    def facts(self, *types: str) -> list[dict[str, Any]]:
        """The envelopes it wrote to the log, in order; of some types only, where given."""
        rows = self.database.rows("SELECT messages FROM negotiator.outbox ORDER BY id")
        found = [json.loads(value) for (page,) in rows for _, value in outbox_rows.unpack(page)]
        return [one for one in found if not types or one["type"] in types]

    def look_at_promises(self) -> None:
        """The timer's turn; what it writes to the log is read back."""
        before = len(self.facts("agreement.due"))
        Watching(self.context)()
        for fact in self.facts("agreement.due")[before:]:
            data = AgreementDue.model_validate(fact["data"])
            self.tell(OUTREACH_LOG, data, fact["subject"], source="/rapport/negotiator")

    def count(self, type: str) -> int:
        return len(self.facts(type))

    def browser(self, token: str) -> "Browser":
        return Browser(TestClient(self.api, follow_redirects=False), f"/p/{token}")


@dataclass
class Form:
    """One form of a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"]))
        elif tag == "input" and given.get("type") == "radio":
            self.forms[-1].choices.append(given["value"])
        elif tag == "input" and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")


def forms_of(page: Response) -> list[Form]:
    """The forms of a page, in order."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


class Browser:
    """A visitor without script: follows redirects, keeps cookies, posts the forms it was given."""

    def __init__(self, client: TestClient, base: str) -> None:
        self.client = client
        self.base = base
        self.page = self.get()

    def get(self, path: str = "") -> Response:
        return self._follow(self.client.get(self.base + path))

    def form(self, ending: str, reason: str | None = None) -> Form:
        return next(
            form
            for form in forms_of(self.page)
            if form.action.endswith(ending)
            and (reason is None or form.fields.get("reason") == reason)
        )

    def post(self, ending: str, reason: str | None = None, **fields: str) -> Response:
        """Send the page's form whose action ends so, with these fields filled in."""
        form = self.form(ending, reason)
        return self._follow(self.client.post(form.action, data=form.fields | fields))

    def verify(self, **answers: str) -> Response:
        return self.post("/verify", **(answers or ANSWERS))

    @property
    def offers(self) -> list[str]:
        return self.form("/accept").choices

    def ask(self, kind: str, value: str) -> Response:
        """Send the form by which something is asked of the publisher, with this value."""
        form = next(
            form
            for form in forms_of(self.page)
            if form.action.endswith("/ask") and form.fields["kind"] == kind
        )
        return self._follow(self.client.post(form.action, data=form.fields | {"value": value}))

    def open(self, text: str) -> Response:
        """Follow the page's first link whose words contain that."""
        links = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', self.page.text, re.S)
        address = next(address for address, words in links if text in words)
        return self._follow(self.client.get(address))

    def accept(self, offer: str) -> Response:
        return self.post("/accept", offer_id=offer)

    def _follow(self, answer: Response) -> Response:
        while answer.is_redirect:
            answer = self.client.get(answer.headers["location"])
        self.page = answer
        return answer


def world_of(database: Database, session_hours: float = 12, **settings: Any) -> Iterator[World]:
    """A world for one test."""
    world = World(database, session_hours, **settings)
    yield world
    world.close()


def due_dates(fact: dict[str, Any]) -> list[date]:
    """The dates of an offer's or agreement's instalments."""
    return [date.fromisoformat(part["due_date"]) for part in fact["data"]["instalments"]]
