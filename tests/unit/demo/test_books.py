"""The publishers' books, and what the publishers tell of them."""

import json
from datetime import UTC, date, datetime

import pytest

from rapport.demo.books import Bill, Books, Part, Subscription, UnknownBill
from rapport.demo.events import Record, event
from rapport.demo.publishers import Publishers
from rapport.demo.script import Planned
from rapport.demo.tally import Fact
from services.runtime.clock import Clock

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
DUE = date(2026, 3, 1)


def books() -> Books:
    bill = Bill("b-1", "/bank", "A bank", ("c-1", "c-2"), "USD", DUE, 9_000)
    return Books([bill], [Subscription("s-1", "/video", "c-1", "Family", date(2026, 3, 9))])


class Desk:
    """Publishers whose records are kept in place of being sent."""

    def __init__(self) -> None:
        self.sent: list[Record] = []
        self.books = books()
        standing = Clock(NOW, 1.0, 4e9)  # it would begin to run in the year 2096
        self.publishers = Publishers(self.books, standing, self.sent.append)

    @property
    def events(self) -> list[tuple[str, str, dict[str, object]]]:
        """Type, subject and data of what was published."""
        whole = [json.loads(record.value or b"") for record in self.sent]
        return [(one["type"], one["subject"], one["data"]) for one in whole]


def test_a_payment_never_takes_more_than_remains() -> None:
    held = books()
    assert held.pay("b-1", 4_000).remaining_minor == 5_000
    last = held.pay("b-1", 8_000)
    assert (last.amount_minor, last.remaining_minor) == (5_000, 0)
    assert held.is_settled("b-1")
    with pytest.raises(ValueError, match="nothing"):
        held.pay("b-1", 1)


def test_versions_rise_with_each_event() -> None:
    held = books()
    versions = [held.pay("b-1", 100).version, held.next_version("b-1"), held.pay("b-1", 1).version]
    assert versions == sorted(set(versions))
    assert versions[0] > 2, "above those of the planned events"


def test_an_agreement_sets_what_is_asked_next() -> None:
    held = books()
    held.agree("b-1", [Part(date(2026, 3, 12), 3_000), Part(date(2026, 4, 12), 5_500)])
    assert held.bill("b-1").asked_minor == 3_000
    assert held.pay("b-1", 3_000).remaining_minor == 5_500
    assert held.bill("b-1").asked_minor == 5_500
    assert [bill.id for bill in held.of("c-2")] == ["b-1"]


def test_what_is_unknown_is_named() -> None:
    with pytest.raises(UnknownBill):
        books().pay("b-9", 1)


def test_a_subscription_is_decided_once() -> None:
    held = books()
    assert held.decide("s-1", "renewed") is not None
    assert held.decide("s-1", "cancelled") is None
    assert held.is_settled("s-1")


def test_a_payment_is_published_for_the_first_who_answers() -> None:
    desk = Desk()
    desk.publishers.pay("b-1", 9_000)
    ((kind, subject, data),) = desk.events
    assert (kind, subject) == ("payment.received", "c-1")
    assert data["remaining_minor"] == 0


def test_what_no_longer_applies_is_not_published() -> None:
    desk = Desk()
    record = event("payment.missed", {}, id="1", source="/bank", subject="c-1", time=NOW)
    planned = Planned(NOW, record, "payment.missed", unless="b-1")
    assert desk.publishers.publish(planned)
    desk.publishers.pay("b-1", 9_000)
    assert not desk.publishers.publish(planned)


def test_a_request_is_answered_and_an_agreement_booked() -> None:
    desk = Desk()
    parts = [{"due_date": "2026-03-12", "amount_minor": 8_550}]
    agreed = {"obligation_id": "b-1", "instalments": parts}
    asked = {"request_id": "r-1", "obligation_id": "b-1", "kind": "book_plan"}
    desk.publishers.hear(Fact("1", "/rapport", "agreement.made", "c-2", NOW, agreed))
    desk.publishers.hear(Fact("2", "/rapport", "request.made", "c-2", NOW, asked))
    assert desk.publishers.asked("b-1") == ("A bank", 8_550, "USD")
    assert desk.events == [("request.answered", "c-2", {"request_id": "r-1", "answer": "accepted"})]


def test_renewing_twice_is_told_once() -> None:
    desk = Desk()
    desk.publishers.renew("s-1")
    desk.publishers.renew("s-1")
    ((kind, _, data),) = desk.events
    assert (kind, data["expires_on"]) == ("subscription.renewed", "2026-04-08")
