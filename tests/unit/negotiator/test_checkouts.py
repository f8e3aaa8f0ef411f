"""What may be paid on the page, and what a provider's call must be like."""

import base64
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from services.negotiator.model import Instalment
from services.negotiator.providers import Checkout, Forged, PaymentState
from services.negotiator.providers.hosted import HostedCheckout
from services.negotiator.rules.agreements import progress
from services.negotiator.rules.checkouts import What, left, of_agreement
from services.runtime.clock import Clock
from services.runtime.security import Signer

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
PARTS = tuple(Instalment(date(2026, month, 10), 2_000) for month in (3, 4, 5))
PAID = {"checkout_id": "c-1", "amount_minor": 2_000, "currency": "EUR"}


def payable(paid: int) -> dict[What, int]:
    return dict(of_agreement(PARTS, progress(PARTS, paid, 95), paid))


def test_the_next_payment_or_all_that_is_left_may_be_paid() -> None:
    assert payable(0) == {What.INSTALMENT: 2_000, What.REST: 6_000}
    # Kept within tolerance: what was short is asked with the next one.
    assert payable(1_900) == {What.INSTALMENT: 2_100, What.REST: 4_100}
    assert payable(4_000) == {What.REST: 2_000}
    assert payable(6_000) == {}


def test_what_is_under_way_is_counted_and_nothing_falls_below_zero() -> None:
    assert left(6_000, [2_000], 2_000) == 2_000
    assert left(6_000, [2_000], 6_000) == 0


def call(
    body: bytes | None = None,
    *,
    secret: str = SECRET,
    age: timedelta = timedelta(0),
    given: dict[str, str] | None = None,
) -> tuple[dict[str, str], bytes]:
    body = body or json.dumps({"type": "payment.succeeded", "data": PAID}).encode()
    at = Clock().real() - age
    signature = Webhook(secret).sign("msg_1", at.astimezone(UTC), body.decode("latin-1"))
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return {**headers, **(given or {})}, body


def test_what_the_provider_signed_is_read() -> None:
    report = HostedCheckout("https://pay.example", SECRET).read(*call())
    assert (report.checkout_id, report.state) == ("c-1", PaymentState.SUCCEEDED)
    assert (report.amount_minor, report.currency) == (2_000, "EUR")


OTHER = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
FORGED = [
    call(secret=OTHER),
    call(age=timedelta(hours=1)),
    call(age=-timedelta(hours=1)),
    call(given={"webhook-signature": "v1"}),
    call(given={"webhook-signature": "v1,"}),
    call(given={"webhook-timestamp": "9" * 30}),
    call(given={"webhook-id": "msg_2"}),
    ({}, b"{}"),
    (call()[0], call()[1] + b" "),
    (call()[0], b"\xff\xfe"),
    call(b"{}"),
    call(json.dumps({"type": "payment.odd", "data": PAID}).encode()),
    call(json.dumps({"type": "payment.succeeded", "data": PAID | {"currency": "euro"}}).encode()),
    call(json.dumps({"type": "payment.succeeded", "data": PAID | {"amount_minor": -1}}).encode()),
    call(json.dumps({"type": "payment.succeeded", "data": PAID | {"amount_minor": "1"}}).encode()),
]


@pytest.mark.parametrize(("headers", "body"), FORGED)
def test_forged_old_and_unreadable_calls_are_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Forged):
        HostedCheckout("https://pay.example", SECRET).read(headers, body)


def test_the_order_travels_signed_and_tells_nothing_of_the_customer() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    provider = HostedCheckout("https://pay.example/x/", SECRET)
    order = Checkout("c-1", 2_000, "EUR", "Northwind", "ja", "https://b/", "https://z/")
    address = provider.page(order, now)
    assert provider.origin == "https://pay.example"
    assert address.startswith("https://pay.example/x/pay/")
    told = Signer(SECRET).verify("checkout", address.rpartition("/")[2], now)
    assert told == {
        "c": "c-1", "a": 2_000, "u": "EUR", "p": "Northwind", "l": "ja",
        "b": "https://b/", "z": "https://z/",
    }  # fmt: skip


@pytest.mark.parametrize(("url", "secret"), [("pay.example", SECRET), ("https://pay", "whsec_")])
def test_settings_that_cannot_work_are_named(url: str, secret: str) -> None:
    with pytest.raises(ValueError, match="PAYMENT_"):
        HostedCheckout(url, secret)
