"""A preview of a real customer rests on what the topics say of them, and on nothing else."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from rapport.preview.command import Asked, Connect, previews
from rapport.preview.result import Preview
from rapport.reading import Raw
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.runtime.settings import ROOT, Settings

NOW = datetime.fromisoformat("2026-03-02T09:00:00+09:00")
GOLDEN = ROOT / "schemas" / "golden"
PERSON = {"name": "Aiko", "email": "a@example.com", "locale": "ja", "timezone": "Asia/Tokyo"}
BILL = {
    "bill_id": "b-1",
    "creditor": "Harbour Bank",
    "amount_minor": 50_000,
    "currency": "JPY",
    "due_date": "2026-03-01",
}


class Topics(Connect):
    """Records in place of a broker."""

    def __init__(self) -> None:
        super().__init__(dict)
        self._records: dict[str, list[Raw]] = {CUSTOMER_EVENTS: [], OUTREACH_LOG: []}

    def add(self, topic: str, type_: str, data: dict[str, Any], at: datetime, who: str) -> None:
        """One record of customer `who`."""
        offset = len(self._records[topic])
        event = {
            "specversion": "1.0",
            "id": f"{topic}-{offset}",
            "source": "/bank" if topic == CUSTOMER_EVENTS else "/rapport/messenger",
            "type": type_,
            "subject": who,
            "time": at.isoformat(),
            "data": data,
        }
        value = json.dumps(event).encode()
        self._records[topic].append(Raw(topic, 0, offset, 0, who.encode(), value, ()))

    def records(self, topic: str) -> Iterable[Raw]:
        """Every record of a topic."""
        return self._records[topic]


def previewed(topics: Topics, playbook: str = "recover") -> Preview:
    asked = Asked(playbook, "c-1", None, NOW, None, ())
    (found,) = previews(asked, Settings(), topics)
    return found


def known() -> Topics:
    topics = Topics()
    before = NOW - timedelta(days=2)
    topics.add(CUSTOMER_EVENTS, "customer.updated", PERSON, before, "c-1")
    topics.add(CUSTOMER_EVENTS, "customer.updated", {"locale": "zh"}, before, "c-2")
    topics.add(CUSTOMER_EVENTS, "payment.missed", BILL, before, "c-1")
    return topics


def test_their_newest_trigger_and_traits_are_taken() -> None:
    found = previewed(known())
    assert not found.sampled
    assert found.trigger_data["bill_id"] == "b-1"
    first = found.steps[0]
    assert first.sent_at == NOW
    assert first.mails[0].locale == "ja"
    assert "Aiko" in first.mails[0].text


def test_what_was_sent_to_them_counts_for_the_caps() -> None:
    topics = known()
    intended = json.loads((GOLDEN / "message.intended-1.json").read_text())["data"]
    for number, days in enumerate((5, 3, 2)):
        at = NOW - timedelta(days=days)
        data = {**intended, "dispatch_id": f"d-{number}", "checked_at": at.isoformat()}
        topics.add(OUTREACH_LOG, "message.intended", data, at, "c-1")
    moved = [one for one in previewed(topics).steps[0].history if one.reason == "cap"]
    assert moved[0].to_at == NOW + timedelta(days=2)


def test_what_they_said_here_stops_it() -> None:
    topics = known()
    said = {"channel": "email", "purpose": "*", "via": "one_click"}
    topics.add(OUTREACH_LOG, "contact.unsubscribed", said, NOW - timedelta(days=1), "c-1")
    found = previewed(topics)
    assert found.stopped is not None
    assert found.stopped.reason == "opted_out"
    assert not any(step.mails for step in found.steps)
