"""From an order to its end, on real PostgreSQL and a real relay."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from messenger_world import START, World, mailing, world
from sqlalchemy.exc import OperationalError

from schemas.customer_events import CustomerUpdated
from services.messenger.handlers.claiming import Claimed, Claiming
from services.messenger.providers.smtp import Relay, SmtpPool
from services.runtime.clock import Clock
from services.runtime.partitioning import lane
from services.segmenter.nonpersonal import nonpersonal
from support.database import Database
from support.mail import Mailbox

ENDS = ("message.sent", "message.failed", "message.refused", "message.unknown")


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


def reason(fact: dict[str, Any]) -> str:
    return str(fact["data"]["reason"])


def test_an_order_becomes_a_mail_with_its_evidence(messenger: World, mailbox: Mailbox) -> None:
    messenger.known_customer()
    dispatch_id = messenger.dispatch()
    [sent] = messenger.ended()
    [intended] = messenger.of("message.intended")
    [mail] = mailbox.messages()

    assert sent["type"] == "message.sent"
    assert sent["data"]["dispatch_id"] == dispatch_id
    assert sent["data"]["provider_reference"] == mail["headers"]["Message-ID"]
    data = intended["data"]
    assert data["checked_at"] == START.isoformat().replace("+00:00", "Z")
    assert data["applied_through"]["customer.events/" + str(lane("c-1"))] == 0
    assert 0 <= data["log_age_seconds"] <= 2
    assert data["zones"] == ["Europe/Berlin"]
    assert data["one_click"] is True
    assert data["portal"] is True
    assert {"default"} <= {pack["name"] for pack in data["packs"]}
    assert mail["headers"]["Date"] == "Mon, 02 Mar 2026 10:00:00 +0000"
    assert "Ana Berg" in mail["headers"]["To"]
    assert "€120.00" in mail["text"]
    assert intended["correlationid"] == sent["correlationid"]


def test_the_exact_copy_is_kept(messenger: World, database: Database) -> None:
    messenger.known_customer()
    messenger.dispatch()
    messenger.ended()
    [intended] = messenger.of("message.intended")
    [(copy, state)] = database.rows("SELECT copy, state FROM messenger.message")
    assert hashlib.sha256(bytes(copy)).hexdigest() == intended["data"]["content_sha256"]
    assert state == "sent"


def test_nothing_personal_is_in_the_log(messenger: World) -> None:
    messenger.known_customer(name="Zebulon Quark", email="zebulon@quark.example")
    messenger.dispatch()
    messenger.ended()
    told = str(messenger.facts).lower()
    assert "zebulon" not in told
    assert "quark" not in told


def test_a_repeated_order_changes_nothing(messenger: World, mailbox: Mailbox) -> None:
    messenger.known_customer()
    messenger.dispatch(dispatch_id="d-same")
    messenger.ended()
    messenger.dispatch(dispatch_id="d-same")
    for _ in range(5):
        messenger.step()
    assert len(mailbox.messages()) == 1


@pytest.mark.parametrize(
    ("mode", "details", "expected", "retryable"),
    [
        ("tempfail", {}, "message.failed", True),
        ("permfail", {}, "message.failed", False),
        ("drop_before_data", {}, "message.failed", True),
        ("drop_after_data", {"keep": True}, "message.unknown", None),
    ],
)
def test_the_relays_answer_is_recorded(
    messenger: World,
    mailbox: Mailbox,
    mode: str,
    details: dict[str, Any],
    expected: str,
    retryable: bool | None,
) -> None:
    messenger.known_customer()
    mailbox.fault(mode, **details, times=1)
    messenger.dispatch()
    [end] = messenger.ended()
    assert end["type"] == expected
    assert end["data"].get("retryable") == retryable
    messenger.an_hour_later()
    messenger.dispatch()
    later = messenger.ended(2)[1]
    dead = mode == "permfail"
    assert later["type"] == ("message.refused" if dead else "message.sent")
    assert not dead or reason(later) == "suppressed:hard_bounce"


def test_a_dead_address_is_dead_for_all_and_a_new_one_is_not(
    messenger: World, mailbox: Mailbox
) -> None:
    messenger.known_customer("c-1", email="shared@example.com")
    messenger.known_customer("c-2", email="SHARED@example.com")
    mailbox.fault("permfail", times=1)
    messenger.dispatch("c-1")
    assert messenger.ended()[0]["type"] == "message.failed"
    messenger.dispatch("c-2")
    assert reason(messenger.ended(2)[1]) == "suppressed:hard_bounce"
    messenger.customer("c-2", "customer.updated", email="other@example.com")
    messenger.dispatch("c-2")
    assert messenger.ended(3)[2]["type"] == "message.sent"


@pytest.mark.parametrize("address", ["Ana.Berg@Example.COM", "ana@BÜCHER.example", "ß@straße.de"])
def test_the_address_is_known_to_the_log_by_one_hash(messenger: World, address: str) -> None:
    update = CustomerUpdated(email=address)
    told = nonpersonal(
        update,
        update.model_dump(mode="json", exclude_unset=True),
        messenger.context.signer.keyed_hash,
    )
    messenger.known_customer(email=address)
    messenger.dispatch()
    [intended] = messenger.until("message.intended")
    assert intended["data"]["address_hash"] == told["channels"]["email"]


def test_while_the_relay_is_down_nothing_is_claimed(messenger: World, mailbox: Mailbox) -> None:
    messenger.known_customer()
    mailbox.fault("refuse_connections")
    messenger.dispatch()
    for _ in range(5):
        messenger.step()
    assert messenger.of("message.intended") == []
    assert messenger.context.health.report()["smtp"].startswith("not reached")
    mailbox.fault("none")
    assert messenger.ended()[0]["type"] == "message.sent"
    assert messenger.context.health.report()["smtp"] == "up"


def test_a_bad_address_is_refused_and_nothing_is_injected(
    messenger: World, mailbox: Mailbox, database: Database
) -> None:
    messenger.known_customer()
    # The contract refuses such an address; the messenger must not rely on that.
    database.rows(
        "UPDATE messenger.customer SET email = %s", "ana@example.com\r\nBcc: eve@example.com"
    )
    messenger.dispatch()
    assert reason(messenger.ended()[0]) == "address_not_usable"
    assert mailbox.messages() == []


def test_a_dispatch_that_cannot_be_decided_is_put_aside_and_the_others_go_on(
    messenger: World, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for customer in ("c-1", "c-2", "c-3"):
        messenger.known_customer(customer)
    database.rows(
        "UPDATE messenger.customer SET consents = %s WHERE customer = 'c-2'",
        '{"email/collection": {"status": "granted", "at": "ana@example.com"}}',
    )
    for customer in ("c-1", "c-2", "c-3"):
        messenger.dispatch(customer)
    ends = messenger.ended(3)
    assert sorted((end["subject"], end["type"]) for end in ends) == [
        ("c-1", "message.sent"),
        ("c-2", "message.refused"),
        ("c-3", "message.sent"),
    ]
    [refused] = messenger.of("message.refused")
    assert (reason(refused), refused["data"]["retryable"]) == ("fault", False)
    logged = capsys.readouterr()
    assert "put aside" in logged.out + logged.err
    assert "ana@example.com" not in logged.out + logged.err


def test_an_unknown_playbook_is_refused_and_may_be_tried_again(messenger: World) -> None:
    messenger.known_customer()
    messenger.dispatch(playbook_version=99)
    [refused] = messenger.ended()
    assert reason(refused) == "playbook_version_not_loaded"
    assert refused["data"]["retryable"] is True
    assert refused["data"]["not_before"] is not None


def test_a_lost_owner_leaves_unknown_behind_and_writes_nothing(
    messenger: World, database: Database, mailbox: Mailbox
) -> None:
    messenger.known_customer()
    mailbox.fault("slow", stage="data", seconds=1.5, times=1)
    messenger.dispatch()
    messenger.until("message.intended")
    # Another worker takes over while the letter is on its way.
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    successor = world(database, pool)
    successor.offsets = messenger.offsets
    try:
        [end] = successor.ended()
    finally:
        successor.close()
    assert (end["type"], reason(end)) == ("message.unknown", "sender_lost")
    mailbox.wait_for(1)
    for _ in range(10):
        messenger.step()
    assert messenger.of(*ENDS) == []
    assert database.rows("SELECT state FROM messenger.message") == [("unknown",)]
    assert database.rows("SELECT state FROM messenger.dispatch") == [("unknown",)]


def test_one_that_takes_its_own_lane_over_anew_keeps_its_letters(
    messenger: World, database: Database, mailbox: Mailbox
) -> None:
    messenger.known_customer()
    mailbox.fault("slow", stage="data", seconds=1.5, times=1)
    messenger.dispatch()
    messenger.until("message.intended")
    messenger.own_all()
    [end] = messenger.ended()
    assert end["type"] == "message.sent"
    assert len(mailbox.messages()) == 1
    assert database.rows("SELECT state FROM messenger.message") == [("sent",)]


def test_an_intent_whose_commit_was_not_answered_becomes_unknown(
    messenger: World, database: Database, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    messenger.known_customer()
    messenger.dispatch()
    claim = Claiming.claim

    def committed_but_not_answered(claiming: Claiming, *arguments: Any) -> Claimed:
        done = claim(claiming, *arguments)
        if done.ready:
            monkeypatch.undo()
            raise OperationalError("COMMIT", None, OSError("the connection was lost"))
        return done

    monkeypatch.setattr(Claiming, "claim", committed_but_not_answered)
    with pytest.raises(OperationalError):
        messenger.ended()
    [end] = messenger.ended()
    assert (end["type"], reason(end)) == ("message.unknown", "sender_lost")
    assert database.rows("SELECT state FROM messenger.message") == [("unknown",)]
    assert mailbox.messages() == []


def test_a_domain_at_its_limit_holds_up_no_other(database: Database, mailbox: Mailbox) -> None:
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(database, pool, limits="slow.example=0.001")
    try:
        for number in range(6):
            domain = "example.com" if number in (3, 5) else "Slow.example"
            made.known_customer(f"k-{number}", email=f"k-{number}@{domain}")
            made.dispatch(f"k-{number}")
        made.ended(3)
        for _ in range(5):
            made.step()
    finally:
        made.close()
    arrived = sorted(mail["headers"]["To"].partition("<")[2] for mail in mailbox.messages())
    assert arrived == ["k-0@slow.example>", "k-3@example.com>", "k-5@example.com>"]


def test_many_orders_are_each_sent_once(messenger: World, mailbox: Mailbox) -> None:
    for number in range(40):
        messenger.known_customer(f"k-{number}")
        messenger.dispatch(f"k-{number}")
    messenger.ended(40)
    arrived = [mail["headers"]["Message-ID"] for mail in mailbox.messages()]
    assert len(arrived) == len(set(arrived)) == 40
    assert {fact["type"] for fact in messenger.of(*ENDS)} == {"message.sent"}
