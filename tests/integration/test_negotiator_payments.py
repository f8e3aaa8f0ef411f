"""Paying on the page: once, only what was begun, and known only when the log tells of it."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from negotiator_world import Browser, World, forms_of, world_of
from standardwebhooks import Webhook

from services.runtime.clock import Clock
from services.runtime.security import Signer
from support.database import Database

SECRET = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
SETTINGS: dict[str, Any] = {
    "payment_checkout_url": "https://pay.example", "payment_secret": SECRET,
}  # fmt: skip


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database, **SETTINGS)


def agreed(world: World) -> Browser:
    """Six monthly payments of 100 euro."""
    visitor = world.browser(world.ready())
    visitor.verify()
    visitor.accept(visitor.offers[3])
    return visitor


def press(visitor: Browser, what: str, /, **fields: str) -> Response:
    """Press one of the page's buttons to pay; what follows is not followed."""
    form = next(one for one in forms_of(visitor.page) if one.fields.get("what") == what)
    answer: Response = visitor.client.post(form.action, data=form.fields | fields)
    return answer


def order(world: World, answer: Response) -> dict[str, Any]:
    """What the provider was asked for."""
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert address.startswith("https://pay.example/pay/")
    return Signer(SECRET).verify("checkout", address.rpartition("/")[2], world.now)


def report(
    world: World,
    asked: dict[str, Any],
    state: str = "succeeded",
    secret: str = SECRET,
    **changes: Any,
) -> Response:
    """The provider's call."""
    data = {"checkout_id": asked["c"], "amount_minor": asked["a"], "currency": asked["u"]}
    body = json.dumps({"type": f"payment.{state}", "data": data | changes})
    at = Clock().real()
    headers = {
        "webhook-id": f"msg_{asked['c']}_{state}",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(
            f"msg_{asked['c']}_{state}", at.astimezone(UTC), body
        ),
    }
    answer: Response = TestClient(world.api).post(
        "/payments/webhook", content=body, headers=headers
    )
    return answer


def told(world: World) -> None:
    """The events that were published come back as the log tells them."""
    for event in world.facts("payment.received", "payment.failed"):
        world.applied(event["type"], **event["data"])


def test_an_instalment_is_paid_once_and_counts_when_the_log_tells_of_it(world: World) -> None:
    visitor = agreed(world)
    policy = visitor.page.headers["content-security-policy"]
    assert "form-action 'self' https://pay.example;" in policy
    first = order(world, press(visitor, "instalment"))
    assert (first["a"], first["u"], first["p"]) == (10_000, "EUR", "Northwind Bank")
    # A second click is the same payment.
    assert order(world, press(visitor, "instalment")) == first
    assert report(world, first).json() == {"status": "taken"}
    assert report(world, first).json() == {"status": "known"}
    (event,) = world.facts("payment.received")
    assert event["source"] == "/rapport/payments"
    assert event["data"]["remaining_minor"] == 50_000
    page = visitor.get("/plans")
    assert "is on its way" in page.text
    assert [one for one in forms_of(page) if one.action.endswith("/pay")] == []
    assert world.facts("agreement.kept") == []

    told(world)
    (kept,) = world.facts("agreement.kept")
    assert (kept["data"]["instalment"], kept["data"]["amount_minor"]) == (1, 10_000)
    page = visitor.get("/plans")
    assert "Received" in page.text
    assert "is on its way" not in page.text
    # The next one is another payment.
    assert order(world, press(visitor, "instalment"))["c"] != first["c"]


def test_all_that_is_left_may_be_paid_early_and_completes_the_plan(world: World) -> None:
    visitor = agreed(world)
    report(world, order(world, press(visitor, "rest")))
    told(world)
    assert world.count("agreement.completed") == 1
    assert "All paid" in visitor.get("/plans").text


def test_what_is_forged_unknown_or_another_amount_changes_nothing(world: World) -> None:
    visitor = agreed(world)
    asked = order(world, press(visitor, "instalment"))
    other = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    assert report(world, asked, secret=other).status_code == 401
    assert report(world, asked, amount_minor=1).status_code == 409
    assert report(world, asked, currency="USD").status_code == 409
    assert report(world, asked | {"c": "none"}).status_code == 404
    huge = TestClient(world.api).post("/payments/webhook", content=b"x" * 70_000)
    assert huge.status_code == 413
    assert world.facts("payment.received") == []
    changed = press(visitor, "instalment", amount="1")
    assert changed.status_code == 409
    assert "nothing was paid" in changed.text
    assert press(visitor, "instalment", what="everything").status_code == 409
    assert press(visitor, "instalment", form="x").status_code == 403


def test_two_pages_paid_at_once_are_both_counted_and_a_person_gives_back_what_is_too_much(
    world: World,
) -> None:
    visitor = agreed(world)
    one, all_ = (order(world, press(visitor, what)) for what in ("instalment", "rest"))
    report(world, one)
    report(world, all_)
    assert [event["data"]["remaining_minor"] for event in world.facts("payment.received")] == [
        50_000, 0,
    ]  # fmt: skip
    (asked,) = world.facts("handoff.requested")
    assert asked["data"]["reason"] == "overpaid"
    told(world)
    assert world.count("agreement.completed") == 1


def test_a_payment_that_takes_days_may_fail_and_be_tried_again(world: World) -> None:
    visitor = agreed(world)
    asked = order(world, press(visitor, "instalment"))
    report(world, asked, "pending")
    assert world.facts("payment.received")[0]["data"]["pending"] is True
    assert "is on its way" in visitor.get("/plans").text
    assert report(world, asked, "failed").json() == {"status": "taken"}
    assert world.count("payment.failed") == 1
    visitor.get("/plans")
    assert order(world, press(visitor, "instalment"))["c"] == asked["c"]
    assert report(world, asked).json() == {"status": "taken"}
    # Too late to take it back by this way.
    assert report(world, asked, "failed").json() == {"status": "known"}


def test_a_bill_without_a_plan_is_paid_in_full(world: World) -> None:
    visitor = world.browser(world.reminded())
    visitor.verify()
    visitor.open("Brightwater")
    asked = order(world, press(visitor, "bill"))
    assert asked["a"] == 8_000
    assert "/bills/" in asked["b"]
    report(world, asked)
    told(world)
    assert "Nothing is open here" in visitor._follow(visitor.client.get(asked["z"])).text


def test_nothing_is_paid_here_unless_a_provider_is_set(database: Database) -> None:
    for world in world_of(database):
        visitor = agreed(world)
        assert [one for one in forms_of(visitor.page) if "what" in one.fields] == []
        assert TestClient(world.api).post("/payments/webhook").status_code == 404
