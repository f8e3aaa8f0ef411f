"""One message about several obligations: what it says, what it leaves out, how it ends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from messenger_world import START, World, mailing

from support.database import Database
from support.mail import Mailbox
from support.playbooks import shipped_version

BILLS = {"rent": ("Nordbank", 80_000), "power": ("Stromwerk", 4_500), "phone": ("Telco", 1_999)}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        made.known_customer()
        yield made


def several(messenger: World, **more: Any) -> str:
    """An order to tell of three bills; the dispatch's id."""
    obligations = [
        {
            "obligation_id": name,
            "kind": "bill",
            "creditor": creditor,
            "amount_minor": amount,
            "currency": "EUR",
            "due_date": f"2026-03-{9 - rank:02}",
            "parties": ["c-1"],
        }
        for rank, (name, (creditor, amount)) in enumerate(BILLS.items())
    ]
    parts = [
        {
            "step_id": f"s-{name}",
            "enrolment_id": f"en-{name}",
            "step": "week_before",
            "template": "week_before",
            "obligation_id": name,
            "context": {"autopay": name == "phone"},
            "not_after": (START + timedelta(days=2)).isoformat(),
        }
        for name in BILLS
    ]
    order = {
        "playbook": "bill-reminder",
        "playbook_version": shipped_version("bill-reminder"),
        "purpose": "service",
        "step_id": "s-rent",
        "enrolment_id": "en-rent",
        "step": "week_before",
        "template": "several",
        "obligations": obligations,
        "parts": parts,
    }
    return messenger.dispatch(**{**order, **more})


def pay(messenger: World, name: str, **more: Any) -> None:
    messenger.customer(
        "c-1",
        "payment.received",
        **{
            "payment_id": f"p-{name}",
            "bill_id": name,
            "amount_minor": 1,
            "currency": "EUR",
            "remaining_minor": 0,
            **more,
        },
    )


def left_out(messenger: World) -> dict[str, str]:
    facts = messenger.of("message.left_out")
    return {fact["data"]["step_id"]: fact["data"]["reason"] for fact in facts}


def test_all_are_in_one_mail_each_with_its_own_link(messenger: World, mailbox: Mailbox) -> None:
    several(messenger)
    [sent] = messenger.ended()
    [intended] = messenger.of("message.intended")
    [mail] = mailbox.messages()

    assert (sent["type"], sent["data"]["step_id"]) == ("message.sent", "s-rent")
    assert sent["data"]["joined"] == ["s-power", "s-phone"]
    data = intended["data"]
    assert data["obligation_ids"] == ["rent", "power", "phone"]
    assert (data["step_id"], data["joined"]) == ("s-rent", ["s-power", "s-phone"])
    assert data["template"] == "several"
    assert mail["headers"]["Subject"] == "3 bills fall due soon"
    text = mail["text"]
    order = [text.index(word) for word in ("Telco", "Stromwerk", "Nordbank", "€864.99")]
    assert order == sorted(order), "the first to fall due comes first, the sum last"
    assert text.count("Pay this one") == 2
    assert text.count("paid automatically") == 1
    rows = messenger.context.engine.connect().exec_driver_sql("SELECT links, joined FROM message")
    [(links, joined)] = rows.fetchall()
    assert {links["pay.1"].rsplit("/", 1)[1], links["pay.2"].rsplit("/", 1)[1]} == {"rent", "power"}
    assert joined == ["s-power", "s-phone"]


def test_what_is_settled_in_between_is_left_out_and_the_others_go(
    messenger: World, mailbox: Mailbox
) -> None:
    pay(messenger, "rent")
    several(messenger)
    [sent] = messenger.ended()
    [intended] = messenger.of("message.intended")
    assert left_out(messenger) == {"s-rent": "settled"}
    assert (sent["data"]["step_id"], sent["data"]["joined"]) == ("s-power", ["s-phone"])
    assert intended["data"]["enrolment_id"] == "en-power"
    assert intended["data"]["obligation_ids"] == ["power", "phone"]
    text = mailbox.messages()[0]["text"]
    assert "Nordbank" not in text
    assert mailbox.messages()[0]["headers"]["Subject"] == "2 bills fall due soon"


def test_the_last_that_is_left_has_its_own_words(messenger: World, mailbox: Mailbox) -> None:
    pay(messenger, "rent")
    pay(messenger, "phone", remaining_minor=1_999, pending=True)
    several(messenger)
    [sent] = messenger.ended()
    [intended] = messenger.of("message.intended")
    assert left_out(messenger) == {"s-rent": "settled", "s-phone": "payment_pending"}
    assert (sent["data"]["step_id"], sent["data"]["joined"]) == ("s-power", [])
    assert intended["data"]["template"] == "week_before"
    assert mailbox.messages()[0]["headers"]["Subject"] == "Your Stromwerk bill is due in 6 days"


def test_a_cancelled_step_is_left_out(messenger: World) -> None:
    messenger.fact(
        "c-1", "outreach.cancelled", enrolment_id="en-power", reason="hold", step_ids=["s-power"]
    )
    several(messenger)
    [sent] = messenger.ended()
    assert left_out(messenger) == {"s-power": "cancelled"}
    assert sent["data"]["joined"] == ["s-phone"]


def test_a_hold_on_one_obligation_leaves_the_others(messenger: World) -> None:
    messenger.customer("c-1", "customer.hold_placed", kind="dispute", obligation_id="phone")
    several(messenger)
    messenger.ended()
    assert left_out(messenger) == {"s-phone": "hold:dispute"}


def test_where_nothing_is_left_each_step_has_its_reason(messenger: World) -> None:
    for name in BILLS:
        pay(messenger, name)
    several(messenger)
    [refused] = messenger.ended()
    assert refused["type"] == "message.refused"
    assert (refused["data"]["step_id"], refused["data"]["joined"]) == ("s-rent", [])
    assert left_out(messenger) == {"s-power": "settled", "s-phone": "settled"}
    assert messenger.of("message.intended") == []


def test_what_stops_the_customer_stops_all_at_once(messenger: World) -> None:
    messenger.move_to(START + timedelta(hours=11))  # at night
    several(messenger)
    [refused] = messenger.ended()
    assert refused["type"] == "message.refused"
    assert refused["data"]["joined"] == ["s-power", "s-phone"]
    assert left_out(messenger) == {}


def test_it_counts_as_one_contact(messenger: World) -> None:
    several(messenger)
    messenger.ended()
    messenger.an_hour_later()
    several(messenger)
    messenger.ended(2)
    counts = messenger.of("message.intended")[1]["data"]["counts"]
    assert {one["rule"]: one["count"] for one in counts} == {
        "default/week": 1,
        "default/gap.any": 0,
    }
