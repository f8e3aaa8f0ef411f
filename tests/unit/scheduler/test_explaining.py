"""Why, or why not, told from the facts up to an instant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from scheduler_world import PACKS

from services.scheduler import explaining
from services.scheduler.rules.explaining import Decision, Story, Told

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(**delta: float) -> datetime:
    return START + timedelta(**delta)


def told(type: str, at: datetime, **data: Any) -> Told:
    return Told(f"{type} {at.isoformat()}", at, type, data)


ENROLLED = told(
    "outreach.enrolled", START, enrolment_id="e1", playbook="recover", playbook_version=3,
    obligation={"obligation_id": "b1"},
)  # fmt: skip
STEP = {"step_id": "s1", "enrolment_id": "e1", "step": "first"}
PLANNED = told("outreach.step_planned", START, **STEP, due_at=after(hours=2).isoformat())
DEFERRED = told(
    "outreach.step_deferred", after(hours=2), **STEP, due_at=after(hours=2).isoformat(),
    to_at=after(hours=23).isoformat(), reason="hours", rule="default/hours",
    rule_version=1,
)  # fmt: skip
DISPATCHED = told("outreach.dispatched", after(hours=23), **STEP, dispatch_id="d1", joined=[])
INTENDED = told(
    "message.intended", after(hours=23), **STEP, dispatch_id="d1", playbook="recover",
    obligation_ids=["b1"], channel="email", zones=["Asia/Tokyo"],
    packs=[{"name": "default", "version": 1}],
    counts=[{"rule": "default/week", "limit": 3, "window_hours": 168, "count": 0}],
)  # fmt: skip
SENT = told("message.sent", after(hours=23), step_id="s1", dispatch_id="d1", message_id="m1")
PAID = told("outreach.cancelled", after(days=2), enrolment_id="e1", reason="paid", step_ids=[])
ALL = (ENROLLED, PLANNED, DEFERRED, DISPATCHED, INTENDED, SENT, PAID)


def at(instant: datetime, *facts: Told) -> Story:
    return Story(one for one in facts or ALL if one.at <= instant)


@pytest.mark.parametrize(
    ("instant", "outcome", "reason"),
    [
        (after(hours=1), "planned", None),
        (after(hours=3), "deferred", "hours"),
        (after(days=3), "cancelled", "paid"),
    ],
)
def test_what_held_at_an_instant(instant: datetime, outcome: str, reason: str | None) -> None:
    story = at(instant)
    [decision] = story.decisions(instant)
    assert (decision.outcome, decision.reason, decision.obligation_id) == (outcome, reason, "b1")
    assert story.contacts(instant) == []


def test_what_was_complete_and_opened_again_is_under_way() -> None:
    done = told("outreach.completed", after(days=1), enrolment_id="e1", reason="all_steps_done")
    anew = told("outreach.step_planned", after(days=2), **{**STEP, "step_id": "s2"},
                due_at=after(days=3).isoformat())  # fmt: skip
    story = at(after(days=2), ENROLLED, PLANNED, DISPATCHED, INTENDED, SENT, done, anew)
    [decision] = story.decisions(after(days=2))
    assert (decision.outcome, decision.step_id) == ("planned", "s2")
    again = told("outreach.completed", after(days=4), enrolment_id="e1", reason="all_steps_done")
    story = at(after(days=4), ENROLLED, PLANNED, SENT, done, anew, again)
    [decision] = story.decisions(after(days=4))
    assert decision.outcome == "completed"


def test_a_contact_explains_the_hour_after_it() -> None:
    for hours, seen in ((23, True), (23.9, True), (24, False)):
        instant = after(hours=hours)
        contacts = at(instant).contacts(instant)
        assert bool(contacts) is seen
        if seen:
            text = explaining.contact_sentence(contacts[0])
            assert "default v1 in Asia/Tokyo; 0 of 3 in 168 h (default/week)" in text
            assert "(sent)" in text


def test_a_refused_message_is_no_contact() -> None:
    refused = told("message.refused", after(hours=23), step_id="s1", dispatch_id="d1", reason="x")
    story = Story((ENROLLED, PLANNED, DISPATCHED, INTENDED, refused))
    assert story.contacts(after(hours=23)) == []


def test_where_nothing_was_sent_the_last_step_tells_why() -> None:
    refused = told(
        "message.refused", after(hours=23), step_id="s1", dispatch_id="d1", rule="content",
        reason="playbook_version_not_loaded", rule_version=1,
    )  # fmt: skip
    over = told("outreach.completed", after(hours=24), enrolment_id="e1", reason="nothing_sent")
    [decision] = Story((ENROLLED, PLANNED, DISPATCHED, refused, over)).decisions(after(days=2))
    assert (decision.outcome, decision.reason) == ("completed", "playbook_version_not_loaded")
    assert decision.evidence == (ENROLLED, refused, over)
    assert explaining.sentence(decision, explaining.cite(decision, PACKS)).endswith(
        "completed: playbook_version_not_loaded (content v1)."
    )
    assert "it is over" in explaining.would_change(decision)


def test_the_rule_is_cited_with_its_source_and_what_would_change() -> None:
    [decision] = at(after(hours=3)).decisions(after(hours=3))
    pack = next(one for one in PACKS if one.name == "default")
    known = Decision(**{**_fields(decision), "rule_version": pack.version})
    cited = explaining.cite(known, PACKS)
    assert cited is not None
    assert cited.status == "house"
    assert "12 CFR 1006.6" in (cited.citation or "")
    assert "to 2026-03-03T08:00:00Z: hours (default/hours" in explaining.sentence(known, cited)
    assert explaining.would_change(known).endswith("at 2026-03-03T08:00:00Z.")
    former = Decision(**{**_fields(decision), "rule_version": 999})
    other = explaining.cite(former, PACKS)
    assert other is not None
    assert other.citation is None


@pytest.mark.parametrize(
    ("fact", "outcome", "words"),
    [
        (
            told("outreach.step_suppressed", START, step_id=None, playbook="recover",
                 obligation_id="b1", reason="place_unknown", rule="place", rule_version=1),
            "suppressed", "timezone or country",
        ),
        (
            told("customer.held_out", START, playbook=None, instead_of="recover",
                 obligation_id="b1", holdout="all", share_bp=500),
            "held_out", "holdout",
        ),
        (
            told("customer.segmented", START, matched=False, playbook="recover",
                 playbook_version=3, obligation_id="b1", reason="no_segment"),
            "no_match", "segments",
        ),
    ],
)  # fmt: skip
def test_a_trigger_that_led_to_nothing_is_explained(fact: Told, outcome: str, words: str) -> None:
    [decision] = Story((fact,)).decisions(after(days=1))
    assert (decision.outcome, decision.playbook) == (outcome, "recover")
    assert words in explaining.would_change(decision)
    assert explaining.sentence(decision, explaining.cite(decision, ())).startswith("Not contacted")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("hold:deceased", "The hold deceased is lifted"),
        ("notice:validation", "sends the notice validation"),
        ("sending_stopped", "An operator resumes sending"),
        ("paused", "The pause ends"),
        ("settled", "Nothing: it is over"),
    ],
)
def test_what_would_change_is_said_of_each_reason(reason: str, words: str) -> None:
    decision = Decision("suppressed", START, "recover", (), reason=reason)
    assert words in explaining.would_change(decision)


def _fields(decision: Decision) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
