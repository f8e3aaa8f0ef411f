"""What the final check stops: what was applied before the send, hours, caps, the log's age."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from messenger_world import START, World, mailing, order

from schemas.topics import OUTREACH_DISPATCHES
from services.messenger.handlers.heartbeats import beat
from services.runtime.heartbeats import Heartbeats
from services.runtime.partitioning import lane
from support.database import Database
from support.mail import Mailbox

ENDS = ("message.sent", "message.failed", "message.refused", "message.unknown")


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


def reason(fact: dict[str, Any]) -> str:
    return str(fact["data"]["reason"])


def test_nothing_is_sent_before_the_log_has_come_back(messenger: World) -> None:
    messenger.known_customer()
    messenger.dispatch()
    for _ in range(3):
        messenger.sender.round()
    assert database_states(messenger) == []
    messenger.flow()
    assert [fact["type"] for fact in messenger.of("log.heartbeat")] == ["log.heartbeat"]
    assert messenger.ended()[0]["type"] == "message.sent"


def database_states(messenger: World) -> list[str]:
    with messenger.context.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT state FROM message ORDER BY message_id")
        return [row[0] for row in rows]


def test_no_heartbeat_is_written_while_there_is_nothing_to_send(messenger: World) -> None:
    for _ in range(3):
        messenger.step()
    assert messenger.facts == []


def test_heartbeats_do_not_pile_up_while_the_broker_is_away(messenger: World) -> None:
    beats, lanes = Heartbeats(), messenger.context.owned_lanes(OUTREACH_DISPATCHES)
    for _ in range(3):
        beat(messenger.context, beats, lanes)
    messenger.flow()
    assert len(messenger.of("log.heartbeat")) == len(lanes)
    beat(messenger.context, beats, lanes[:1])
    messenger.flow()
    assert len(messenger.of("log.heartbeat")) == len(lanes) + 1


def test_waits_for_what_the_order_has_seen(messenger: World) -> None:
    messenger.known_customer()
    messenger.dispatch(after={f"customer.events/{lane('c-1')}": 1, "outreach.commands/0": 99})
    for _ in range(5):
        messenger.step()
    assert messenger.of(*ENDS) == []
    messenger.customer("c-1", "payment.received", **payment(0))
    [refused] = messenger.ended()
    assert (refused["type"], reason(refused)) == ("message.refused", "settled")


def test_waits_for_what_the_log_has_announced(messenger: World) -> None:
    messenger.known_customer()
    messenger.fact(
        "c-1",
        "event.applied",
        event_type="customer.hold_placed",
        event_id="e-9",
        event_source="/bank",
        event_version=1,
        event_time=START.isoformat(),
        position={"topic": "customer.events", "partition": lane("c-1"), "offset": 1},
        effect="applied",
        data={"kind": "dispute"},
    )
    messenger.dispatch()
    for _ in range(5):
        messenger.step()
    assert messenger.of(*ENDS) == []
    messenger.customer("c-1", "customer.hold_placed", kind="dispute")
    [refused] = messenger.ended()
    assert reason(refused) == "hold:dispute"


def payment(remaining: int) -> dict[str, Any]:
    return {
        "payment_id": "p-1",
        "bill_id": "b-1",
        "amount_minor": 12000 - remaining or 1,
        "currency": "EUR",
        "remaining_minor": remaining,
    }


STOPS: list[tuple[str, dict[str, Any], str]] = [
    ("payment.received", payment(0), "settled"),
    ("bill.closed", {"bill_id": "b-1", "why": "cancelled"}, "closed"),
    ("customer.hold_placed", {"kind": "moratorium"}, "hold:moratorium"),
    ("customer.hold_placed", {"kind": "dispute", "obligation_id": "b-1"}, "hold:dispute"),
    (
        "customer.consent_changed",
        {"channel": "email", "purpose": "*", "status": "revoked"},
        "opted_out",
    ),
    ("customer.updated", {"email": None}, "no_address"),
    ("customer.merged", {"into": "c-2"}, "merged"),
]


@pytest.mark.parametrize(("event_type", "data", "expected"), STOPS)
@pytest.mark.parametrize("late", [False, True])
def test_each_stop_stops(
    messenger: World, event_type: str, data: dict[str, Any], expected: str, late: bool
) -> None:
    messenger.known_customer()
    if not late:
        messenger.customer("c-1", event_type, **data)
    dispatch_id = messenger.dispatch()
    if late:
        messenger.customer("c-1", event_type, **data)
    [refused] = messenger.ended()
    assert refused["type"] == "message.refused"
    assert refused["data"]["dispatch_id"] == dispatch_id
    assert reason(refused) == expected


def test_holds_told_out_of_order_end_as_their_times_say(messenger: World) -> None:
    messenger.known_customer()
    for minutes, event_type in ((10, "placed"), (5, "lifted"), (1, "placed")):
        messenger.deliver(
            "customer.events",
            {
                "type": f"customer.hold_{event_type}",
                "subject": "c-1",
                "time": (START + timedelta(minutes=minutes)).isoformat(),
                "data": {"kind": "dispute"},
            },
        )
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "hold:dispute"


def test_sending_that_is_stopped_is_refused_until_it_is_resumed(messenger: World) -> None:
    messenger.known_customer()
    about = {"scope": "playbook", "of_tenant": "default", "name": "recover", "by": "ops",
             "reason": "incident 31"}  # fmt: skip
    messenger.fact(f"lane:{lane('c-1')}", "sending.stopped", **about, revision=1)
    messenger.dispatch()
    [refused] = messenger.ended()
    assert (reason(refused), refused["data"]["rule"]) == ("sending_stopped", "sending/playbook")
    assert refused["data"]["retryable"]
    messenger.fact("lane:0", "sending.resumed", **about, revision=4)
    # Another lane tells of an earlier word only now.
    messenger.fact("lane:1", "sending.stopped", **about, revision=3)
    messenger.dispatch()
    assert messenger.ended(2)[1]["type"] == "message.sent"


def test_a_paused_enrolment_waits_until_it_is_resumed(messenger: World) -> None:
    messenger.known_customer()
    messenger.fact("c-1", "outreach.paused", enrolment_id="e-1", by="ops")
    messenger.fact("c-1", "outreach.paused", enrolment_id="e-2", by="ops")
    messenger.fact("c-1", "outreach.resumed", enrolment_id="e-2", by="ops")
    messenger.dispatch(enrolment_id="e-1")
    [refused] = messenger.ended()
    assert (reason(refused), refused["data"]["retryable"]) == ("paused", True)
    messenger.dispatch(enrolment_id="e-2")
    assert messenger.ended(2)[1]["type"] == "message.sent"


def test_an_operators_pause_is_heard_and_ends(messenger: World) -> None:
    messenger.known_customer()
    until = (START + timedelta(hours=2)).isoformat()
    messenger.fact("c-1", "contact.preference_changed", changes={"paused_until": until})
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "suppressed:paused"
    messenger.fact("c-1", "contact.preference_changed", changes={"paused_until": None})
    messenger.dispatch()
    assert messenger.ended(2)[1]["type"] == "message.sent"


def test_an_agreement_silences_and_a_broken_one_does_not(messenger: World) -> None:
    messenger.known_customer()
    about = {"agreement_id": "a-1", "case_id": "k-1", "obligation_id": "b-1"}
    messenger.fact(
        "c-1",
        "agreement.made",
        **about,
        offer_id="o-1",
        currency="EUR",
        total_minor=12000,
        discount_minor=0,
        instalments=[{"due_date": "2026-04-01", "amount_minor": 12000}],
        authority={
            "name": "recover",
            "version": 1,
            "max_discount_bp": 500,
            "max_instalments": 6,
            "min_instalment_minor": 1000,
            "max_days": 190,
            "offer_valid_hours": 168,
            "funded_by": "commission",
        },
    )
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "agreed"
    messenger.fact("c-1", "agreement.completed", **about)
    messenger.fact("c-1", "agreement.reopened", **about)
    messenger.dispatch()
    assert reason(messenger.ended(2)[1]) == "agreed"
    messenger.fact("c-1", "agreement.broken", **about, instalment=1, short_minor=12000)
    messenger.dispatch()
    assert messenger.until("message.sent")


def test_a_hand_off_keeps_quiet_until_it_is_resolved(messenger: World) -> None:
    messenger.known_customer()
    about = {"handoff_id": "h-1", "case_id": "k-1", "obligation_id": "b-1"}
    messenger.fact("c-1", "handoff.requested", **about, reason="asked_for_person")
    messenger.fact("c-1", "handoff.assigned", handoff_id="h-1", to="ann")
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "handoff"
    messenger.fact("c-1", "handoff.resolved", handoff_id="h-1", outcome="done")
    messenger.dispatch()
    assert messenger.ended(2)[1]["type"] == "message.sent"


def test_an_address_of_somebody_else_is_left_alone_until_there_is_another(
    messenger: World,
) -> None:
    messenger.known_customer()
    said = {"channel": "email", "via": "portal"}
    messenger.fact("c-1", "contact.right_party", **said, confirmed=False)
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "suppressed:wrong_person"
    messenger.customer("c-1", "customer.updated", email="new@example.com")
    messenger.dispatch()
    assert messenger.ended(2)[1]["type"] == "message.sent"
    messenger.fact("c-1", "contact.right_party", **said, confirmed=False)
    messenger.fact("c-1", "contact.right_party", **said, confirmed=True)
    messenger.an_hour_later()
    messenger.dispatch()
    assert messenger.ended(3)[2]["type"] == "message.sent"


def test_a_cancelled_step_is_not_sent_even_if_its_order_comes_later(messenger: World) -> None:
    messenger.known_customer()
    messenger.fact("c-1", "outreach.cancelled", enrolment_id="en-1", reason="x", step_ids=["s-x"])
    messenger.dispatch(step_id="s-x")
    assert reason(messenger.ended()[0]) == "cancelled"


def test_a_part_payment_after_the_order_changes_the_amount(
    messenger: World, mailbox: Mailbox
) -> None:
    messenger.known_customer()
    messenger.dispatch()
    messenger.customer("c-1", "payment.received", **payment(4550))
    messenger.ended()
    [mail] = mailbox.messages()
    assert "€45.50" in mail["text"]
    assert "120.00" not in mail["text"]


def test_outside_hours_it_says_when(messenger: World, mailbox: Mailbox) -> None:
    messenger.known_customer(timezone="Asia/Tokyo", country="JP")
    messenger.move_to(START.replace(hour=14))
    messenger.dispatch()
    [refused] = messenger.ended()
    assert refused["data"]["retryable"] is True
    assert refused["data"]["not_before"] == "2026-03-02T23:00:00Z"
    assert mailbox.messages() == []


def test_the_fourth_contact_in_a_week_waits(messenger: World, mailbox: Mailbox) -> None:
    messenger.known_customer()
    for number in range(4):
        messenger.move_to(START + timedelta(hours=number))
        messenger.dispatch()
        messenger.ended(number + 1)
    [refused] = messenger.of("message.refused")
    assert reason(refused) == "cap"
    assert len(mailbox.messages()) == 3
    assert messenger.of("message.intended")[-1]["data"]["counts"][0]["count"] == 2


def test_calls_and_what_the_other_party_was_sent_count(messenger: World) -> None:
    messenger.known_customer()
    for outcome, direction in (("reached", "outbound"), ("reached", "inbound")):
        at = START.isoformat()
        messenger.customer(
            "c-1", "contact.made", channel="phone", direction=direction, outcome=outcome, at=at
        )
    bill = order("d", "s", START)["obligations"][0] | {"parties": ["c-1", "c-2"]}
    messenger.known_customer("c-2")
    messenger.dispatch("c-2", obligations=[bill])
    messenger.ended()
    messenger.an_hour_later()
    messenger.dispatch(obligations=[bill])
    messenger.ended(2)
    counts = {fact["subject"]: fact["data"]["counts"] for fact in messenger.of("message.intended")}
    assert [one["count"] for one in counts["c-1"] if one["rule"] == "default/week"] == [1]


def test_nothing_outside_tells_of_the_debt_until_it_is_sure_who_reads(
    messenger: World, mailbox: Mailbox
) -> None:
    discreet, plain = "Whatever it is, do tell us.", "Paid already, not yours, or a hard month?"

    def next_one(number: int) -> tuple[dict[str, Any], str]:
        messenger.move_to(START + timedelta(days=8 * number))
        messenger.dispatch(step="listen", template="listen")
        told = messenger.until("message.intended", count=number + 1)[-1]["data"]
        messenger.ended(number + 1)
        return told, str(mailbox.wait_for(number + 1)[-1]["html"])

    messenger.known_customer()
    told, page = next_one(0)
    assert (told["withheld"], told["confirmed"]) == (["subject"], None)
    assert discreet in page
    assert plain not in page
    # By a link of that message they came to the portal, and proved who they are there.
    messenger.fact("c-1", "contact.right_party", confirmed=True, channel="email", via="portal",
                   message_id=told["message_id"])  # fmt: skip
    told, page = next_one(1)
    assert (told["withheld"], told["confirmed"]) == ([], "right_party")
    assert plain in page
    # Another address is another reader, until the publisher vouches for it.
    messenger.known_customer(email="new@example.com")
    assert next_one(2)[0]["withheld"] == ["subject"]
    point = {"channel": "email", "value": "New@example.com", "source": "customer",
             "verified_at": START.isoformat()}  # fmt: skip
    messenger.customer("c-1", "customer.updated", contact_points=[point])
    assert next_one(3)[0]["confirmed"] == "source"
