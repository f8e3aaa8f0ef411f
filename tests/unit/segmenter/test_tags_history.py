"""A history is the same whatever order it was told in, never grows past its bounds, and takes
what the contracts' own examples hold."""

import json
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tags_world import NOW, Story

from schemas.generate import HERE
from schemas.registry import model_for
from schemas.topics import CUSTOMER_EVENTS
from services.segmenter.nonpersonal import nonpersonal
from services.segmenter.tags import evaluate
from services.segmenter.tags.history import LIMITS, Family, History, Mark, add
from services.segmenter.tags.marks import EVENTS, FACTS, learn_event, learn_fact, leaves
from services.segmenter.tags.tag import Evidence

THINGS = st.sampled_from(["b-1", "b-2", "b-3"])
FAMILIES: list[Family] = list(LIMITS)


@st.composite
def told(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Any event or fact that leaves a mark, about few things so that they meet."""
    thing, machine = draw(THINGS), draw(st.booleans())
    stories: list[tuple[str, dict[str, Any]]] = [
        ("payment.missed", {"bill_id": thing, "due_date": "2026-02-01"}),
        ("bill.due_soon", {"bill_id": thing, "due_date": "2026-03-20"}),
        ("payment.received", {"bill_id": thing, "remaining_minor": int(machine)}),
        ("payment.reversed", {"bill_id": thing}),
        ("agreement.kept", {"agreement_id": thing, "instalment": 1}),
        ("agreement.broken", {"agreement_id": thing, "instalment": 2}),
        ("customer.hold_placed", {"kind": "hardship"}),
        ("customer.hold_lifted", {"kind": "hardship"}),
        ("customer.updated", {"tier": thing, "locale": "ja"}),
        ("customer.dormant", {}),
        ("customer.active", {}),
        ("subscription.renewed", {"subscription_id": thing}),
        ("subscription.cancelled", {"subscription_id": thing}),
        ("application.abandoned", {"application_id": thing}),
        ("application.completed", {"application_id": thing}),
        ("message.intended", {"message_id": thing, "channel": "sms", "locale": "zh"}),
        ("message.failed", {"message_id": thing}),
        ("message.opened", {"message_id": thing, "machine": machine}),
        ("message.clicked", {"message_id": thing, "link": "pay", "machine": machine}),
        ("message.replied", {"message_id": thing, "intent": "other"}),
        ("feedback.given", {"message_id": thing, "helpful": machine}),
        ("contact.unsubscribed", {"channel": "sms", "purpose": "*"}),
        ("contact.preference_changed", {"changes": {"sms/*": "on"}}),
        ("offer.proposed", {"obligation_id": thing, "by": "customer"}),
        ("request.made", {"request_id": thing, "kind": "pause"}),
    ]
    return stories[draw(st.integers(0, len(stories) - 1))]


def tell_all(stories: list[tuple[str, str, int, dict[str, Any]]]) -> bytes:
    history: History = {}
    for type, id, minutes, data in stories:
        learn = learn_fact if type in FACTS else learn_event
        learn(history, type, id, NOW + timedelta(minutes=minutes), data)
    state = msgspec.json.decode(msgspec.json.encode(history), type=History)
    tags = evaluate(Evidence(state, NOW + timedelta(days=20)))
    return msgspec.json.encode([{name: state.get(name, []) for name in LIMITS}, tags])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_order_of_telling_changes_nothing(data: st.DataObject) -> None:
    stories = [
        (type, f"e-{index}", data.draw(st.integers(-90, 0)), values)
        for index, (type, values) in enumerate(data.draw(st.lists(told(), max_size=60)))
    ]
    again = data.draw(st.lists(st.sampled_from(stories), max_size=10)) if stories else []
    assert tell_all(data.draw(st.permutations(stories + again))) == tell_all(stories)


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(60)), st.sampled_from(FAMILIES))
def test_the_newest_marks_stay_and_no_more(order: list[int], family: Family) -> None:
    history: History = {}
    for at in order:
        add(history, family, Mark(at, 0, f"e-{at}", "opened", f"m-{at % 40}"))
    kept = history[family]
    assert [mark.at for mark in kept] == list(range(60 - LIMITS[family], 60))


def test_a_lower_version_changes_nothing() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -1, version=4)
    before = msgspec.json.encode(story.history)
    story.bill("bill.due_soon", "b-1", "2026-04-27", 0, version=3)
    story.tell("bill.closed", 0, bill_id="b-1", why="paid", version=3)
    assert msgspec.json.encode(story.history) == before
    story.bill("bill.due_soon", "b-2", "2026-04-27", 0, version=1)
    assert msgspec.json.encode(story.history) != before


def examples() -> list[tuple[str, dict[str, Any]]]:
    """The golden examples of every type that is read, by type."""
    found = []
    for path in sorted((HERE / "golden").rglob("*.json")):
        event = json.loads(path.read_bytes())
        if event.get("type") in {*EVENTS, *FACTS}:
            found.append((event["type"], event["data"]))
    return found


@pytest.mark.parametrize(("type", "data"), examples())
def test_the_contracts_own_examples_are_taken(type: str, data: dict[str, Any]) -> None:
    story = Story().tell(type, **data)
    if type in FACTS:
        assert leaves(type, data) == bool(story.history)
    assert all(len(mark.about) < 200 for marks in story.history.values() for mark in marks)


@pytest.mark.parametrize(("type", "data"), [e for e in examples() if e[0] in EVENTS])
def test_the_log_repeats_all_that_a_customers_event_leaves(type: str, data: dict[str, Any]) -> None:
    model = model_for(CUSTOMER_EVENTS, type).model_validate(data)
    itself = model.model_dump(mode="json", exclude_unset=True)
    repeated = json.loads(json.dumps(nonpersonal(model, itself, str.upper)))
    assert Story().tell(type, **itself).history == Story().tell(type, **repeated).history


def test_a_full_history_stays_small() -> None:
    story = Story()
    names = (f"7c9e6679-7425-40de-944b-e07fc1f9{number:04d}" for number in range(1000))
    for name in islice(names, 300):
        story.message(name).paid(name).tell("customer.dormant")
        story.tell("message.clicked", message_id=name, link="portal", machine=False)
    assert len(msgspec.json.encode(story.history)) < 8192
