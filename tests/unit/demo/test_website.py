"""The demo's own bank and shop, over HTTP, and how a customer uses it; the stage around them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest
import yaml

from rapport.demo.books import Bill, Books, Subscription
from rapport.demo.events import Record
from rapport.demo.people import invent
from rapport.demo.publishers import Publishers
from rapport.demo.scenario import SPAN, START, plan
from rapport.demo.stage import clock_for, set_up, with_links_to
from rapport.demo.visits import Visitor
from rapport.demo.website import application, serving
from services.messenger.tenants import load
from services.runtime.clock import Clock
from services.runtime.settings import Settings

PERSON = invent(1, date(2026, 3, 2))[0]
STANDING = Clock(datetime(2026, 3, 5, tzinfo=UTC), 1.0, 4e9)


class Shop:
    """The website over books of one bill and one subscription."""

    def __init__(self, address: str, sent: list[Record]) -> None:
        self.address = address
        self._sent = sent

    @property
    def told(self) -> list[tuple[str, dict[str, object]]]:
        """Type and data of what was published."""
        whole = [json.loads(record.value or b"") for record in self._sent]
        return [(one["type"], one["data"]) for one in whole]


@pytest.fixture
def shop() -> Iterator[Shop]:
    bill = Bill("b-1", "/bank", "A <bank>", (PERSON.id,), "JPY", date(2026, 3, 1), 9_000)
    subscription = Subscription("s-1", "/video", PERSON.id, "Family", date(2026, 3, 9))
    sent: list[Record] = []
    publishers = Publishers(Books([bill], [subscription]), STANDING, sent.append)
    with serving(application(publishers)) as address:
        yield Shop(address, sent)


def test_looking_changes_nothing(shop: Shop) -> None:
    for path in ("", "bills/b-1", "bills/b-1/automatic", "renew/s-1", "plans/s-1", "browse"):
        page = httpx.get(f"{shop.address}/{path}")
        assert page.status_code == 200
        assert "simulated" in page.text.lower()
        assert "<bank>" not in page.text
    assert shop.told == []


def test_a_customer_pays_what_is_asked_next(shop: Shop) -> None:
    with httpx.HTTPTransport() as transport:
        visitor = Visitor(PERSON, shop.address, transport, Random(1))
        visitor.pay_next()
        visitor.pay_next()
    ((kind, data),) = shop.told
    assert kind == "payment.received"
    assert (data["amount_minor"], data["remaining_minor"]) == (9_000, 0)


def test_a_paid_bill_takes_no_more(shop: Shop) -> None:
    pay = f"{shop.address}/bills/b-1/pay"
    assert httpx.post(pay, data={"amount_minor": "9000"}).status_code == 303
    assert httpx.post(pay, data={"amount_minor": "1"}).status_code == 409
    assert len(shop.told) == 1


def test_renewing_and_leaving_are_told(shop: Shop) -> None:
    httpx.post(f"{shop.address}/bills/b-1/automatic")
    httpx.post(f"{shop.address}/plans/s-1")
    httpx.post(f"{shop.address}/renew/s-1")
    assert [kind for kind, _ in shop.told] == ["bill.updated", "subscription.cancelled"]


def test_what_is_unknown_is_said_plainly(shop: Shop) -> None:
    assert httpx.get(f"{shop.address}/bills/b-9").status_code == 404
    assert httpx.post(f"{shop.address}/renew/s-9").status_code == 404


def test_links_of_every_tenant_lead_to_the_website(tmp_path: Path) -> None:
    variables = set_up(clock_for(plan(), 110, 4e9), "http://127.0.0.1:4711", tmp_path)
    tenants = load(Path(variables["TENANTS_DIR"]))
    assert set(tenants) == set(load(Settings().tenants_dir))
    for link in tenants["default"].links.values():
        assert link.startswith("http://127.0.0.1:4711/")


def test_only_the_hosts_of_links_change() -> None:
    text = "name: A\nlinks: {pay: 'https://pay.example/bills/{obligation_id}'}\n"
    changed = yaml.safe_load(with_links_to(text, "http://127.0.0.1:1"))
    assert changed == {"name": "A", "links": {"pay": "http://127.0.0.1:1/bills/{obligation_id}"}}


def test_the_clock_stands_and_then_lives_the_span_in_time() -> None:
    clock = clock_for(plan(), 110, 4e9)
    assert clock.now() == START
    lived = timedelta(seconds=110 * clock.speed)
    assert abs(lived - SPAN) < timedelta(hours=1)
