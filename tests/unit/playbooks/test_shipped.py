"""What the shipped playbooks promise."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playbook_files import write

from services.playbooks.conditions import STEERING_ATTRIBUTES, choose_segment
from services.playbooks.load import load_playbook, load_playbooks
from services.playbooks.model import Playbook
from services.playbooks.plan import planned_steps, triggers
from services.playbooks.variables import Traits, customer_values, event_values
from services.playbooks.wording import needs

FOLDER = Path(__file__).parents[3] / "deploy" / "playbooks"
WEEK = timedelta(hours=168)


@pytest.fixture(scope="module")
def playbooks() -> dict[str, Playbook]:
    return load_playbooks(FOLDER)


def steps(playbook: Playbook, event: str, data: dict[str, Any], **traits: Any) -> list[str]:
    values = event_values(event, {"currency": "USD", **data})
    assert triggers(playbook, values)
    choice = choose_segment(
        playbook, {**values, **customer_values(Traits(**traits))}, STEERING_ATTRIBUTES
    )
    planned = planned_steps(playbook, values, choice)
    return [step.name for step in planned if step.anchor != "broken"]


def test_recover_never_writes_more_than_three_times_in_seven_days(
    playbooks: dict[str, Playbook],
) -> None:
    # The first letter may leave at the very end of its day, the others at their hour or late.
    planned = [s for s in playbooks["recover"].document.steps if s.anchor == "trigger"]
    latest = [timedelta(days=step.days, hours=21) for step in planned]
    earliest = [timedelta(days=step.days, hours=int((step.at or "08:00")[:2])) for step in planned]
    assert all(
        earliest[index + 3] - latest[index] > WEEK - timedelta(hours=13)
        for index in range(len(planned) - 3)
    )
    at_their_hour = zip(earliest, earliest[3:], strict=False)
    assert all(fourth - first >= WEEK for first, fourth in at_their_hour)


def test_recover_has_a_gentle_letter_for_a_plan_that_did_not_hold(
    playbooks: dict[str, Playbook],
) -> None:
    recover = playbooks["recover"]
    (step,) = (one for one in recover.document.steps if one.anchor == "broken")
    assert all("gentle" in texts[step.template or ""] for texts in recover.templates.values())


def test_recover_chooses_its_tone(playbooks: dict[str, Playbook]) -> None:
    recover = playbooks["recover"]
    values = event_values("payment.missed", {"amount_minor": 5000, "currency": "USD"})

    def tone(**traits: Any) -> str | None:
        known = {**values, **customer_values(Traits(**traits))}
        return choose_segment(recover, known, STEERING_ATTRIBUTES).tone

    assert tone() == "neutral"
    assert tone(age=40) == "neutral"
    assert tone(age=40, occupation="teacher") == "formal"
    assert tone(age=20) == "light"
    assert tone(age=17) == "neutral"
    assert tone(age=40, occupation="teacher", holds=["hardship"]) == "gentle"


def test_recover_writes_less_to_the_vulnerable_and_of_no_parts_where_there_are_none(
    playbooks: dict[str, Playbook],
) -> None:
    recover = playbooks["recover"]
    assert len(steps(recover, "payment.missed", {"amount_minor": 50000})) == 9
    gentle = steps(recover, "payment.missed", {"amount_minor": 50000}, holds=["vulnerability"])
    assert gentle == ["hello", "listen", "person", "open_door"]
    small = steps(recover, "payment.missed", {"amount_minor": 400})
    assert not {"choices", "small_step", "own_terms"} & set(small)


def test_recover_keeps_face_on_a_locked_screen(playbooks: dict[str, Playbook]) -> None:
    for by_name in playbooks["recover"].templates.values():
        for tones in by_name.values():
            for wording in tones.values():
                shown = needs(wording.subject).variables | needs(wording.preheader).variables
                assert not shown & {"amount", "balance", "creditor", "product", "name"}


def test_reminders_stop_where_the_bill_is_collected_by_itself(
    playbooks: dict[str, Playbook],
) -> None:
    bill = playbooks["bill-reminder"]
    by_hand = steps(bill, "bill.due_soon", {"amount_minor": 100})
    assert by_hand == ["week_before", "three_days_before", "day_before", "due_day"]
    assert steps(bill, "bill.due_soon", {"amount_minor": 100, "autopay": True}) == [
        "collected_for_you"
    ]


def test_no_talk_of_loss_to_whoever_renews_automatically(playbooks: dict[str, Playbook]) -> None:
    retain = playbooks["subscription-retain"]
    assert steps(retain, "subscription.expiring", {}) == [
        "what_would_go",
        "for_you",
        "last_day",
        "family",
        "as_you_asked",
    ]
    by_itself = steps(retain, "subscription.expiring", {"auto_renew": True})
    assert by_itself == ["renews_itself", "as_you_asked"]
    assert not offered(retain, "renews_itself")
    ended = steps(retain, "subscription.expired", {"auto_renew": True})
    assert ended == ["family", "as_you_asked"]


def offered(playbook: Playbook, template: str) -> frozenset[str]:
    """The one-tap answers that a letter offers, the same in each language and tone."""
    (same,) = {
        needs(wording.body).choices
        for by_name in playbook.templates.values()
        for wording in by_name[template].values()
    }
    return same


def test_reasons_and_softer_choices_are_offered(playbooks: dict[str, Playbook]) -> None:
    does = {
        name: {one.name: one.does for one in playbooks[name].document.choices}
        for name in ("application-rescue", "subscription-retain")
    }
    assert does["application-rescue"] == {
        "documents": "person",
        "price": "steps",
        "later": "steps",
        "changed_mind": "stop",
    }
    assert offered(playbooks["application-rescue"], "where_it_stuck") == set(
        does["application-rescue"]
    )
    assert does["subscription-retain"] == {
        "pause": "request",
        "cheaper_plan": "request",
        "later": "steps",
    }
    assert offered(playbooks["subscription-retain"], "what_would_go") == set(
        does["subscription-retain"]
    )


@pytest.mark.parametrize(
    ("traits", "wanted"),
    [
        ({}, ["daily_life", "free_hours"]),
        ({"tier": "high_potential"}, ["coupon", "tiered_rates"]),
        ({"tier": "convertible"}, ["present_offer", "tiered_rates"]),
        ({"tier": "convertible", "holds": ["hardship"]}, ["daily_life"]),
        ({"tier": "vip"}, []),
    ],
)
def test_reactivate_plans_two_letters_by_tier_and_none_of_borrowing_to_the_vulnerable(
    playbooks: dict[str, Playbook], traits: dict[str, Any], wanted: list[str]
) -> None:
    planned = steps(playbooks["reactivate"], "customer.dormant", {}, **traits)
    assert [step for step in planned if step != "as_you_wished"] == wanted


def test_the_machine_leaves_what_vip_care_sees_to(playbooks: dict[str, Playbook]) -> None:
    care = playbooks["vip-care"]
    assert {step.by for step in care.document.steps} == {"person"}
    for trigger in care.document.triggers:
        assert len(steps(care, trigger.event, {}, tier="vip")) == 1
        for other in playbooks.values():
            if other is not care and any(
                one.event == trigger.event for one in other.document.triggers
            ):
                data = {"products": ["x"]} if other.name == "churn-watch" else {}
                assert all(
                    step.anchor == "choice"
                    for step in other.document.steps
                    if step.name in steps(other, trigger.event, data, tier="vip")
                ), other.name


def test_churn_watch_asks_only_subscribers_whose_use_falls(
    playbooks: dict[str, Playbook],
) -> None:
    watch, wake = playbooks["churn-watch"], playbooks["reactivate"]
    subscriber = {"churn_risk": 0.73, "subscription": "running"}
    assert steps(watch, "customer.dormant", {}, tags=subscriber) == ["how_is_it", "more_out_of_it"]
    assert steps(wake, "customer.dormant", {}, tags=subscriber) == []
    ending = steps(watch, "subscription.expiring", {}, tags=subscriber)
    assert ending == ["how_is_it_before_the_end"]
    for event, tags in (
        ("customer.dormant", {"churn_risk": 0.62}),
        ("customer.dormant", None),
        ("subscription.expiring", {"churn_risk": 0.33, "subscription": "running"}),
        ("subscription.expiring", None),
    ):
        known = {**event_values(event, {}), **customer_values(Traits(tags=tags))}
        assert choose_segment(watch, known, STEERING_ATTRIBUTES).name is None


BENEFITS = {
    "rate_cut", "coupon", "limit_increase", "new_product", "entitlement", "market_note", "advice",
    "report", "claim_help",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(BENEFITS))
def test_each_kind_of_benefit_is_told_of_once_in_words_of_its_own(
    playbooks: dict[str, Playbook], kind: str
) -> None:
    notice = playbooks["benefit-notice"]
    data = {"kind": kind, "title": "t", "benefit_id": "b"}
    assert steps(notice, "benefit.granted", data) == [kind]
    assert notice.document.consolidate


def test_nobody_in_difficulty_is_tempted(playbooks: dict[str, Playbook]) -> None:
    notice = playbooks["benefit-notice"]

    def told_of(kind: str) -> bool:
        values = event_values("benefit.granted", {"kind": kind, "title": "t"})
        known = {**values, **customer_values(Traits(holds=["vulnerability"]))}
        return choose_segment(notice, known, STEERING_ATTRIBUTES).name is not None

    kept = {kind for kind in BENEFITS if told_of(kind)}
    assert kept == BENEFITS - {"limit_increase", "new_product", "market_note"}
    for by_name in notice.templates.values():
        assert {name for name, tones in by_name.items() if "gentle" in tones} == kept | {"several"}


def test_after_a_cancellation_nothing_is_sent(playbooks: dict[str, Playbook]) -> None:
    rules = playbooks["subscription-retain"].document.exits
    (cancelled,) = [rule for rule in rules if rule.on == "subscription.cancelled"]
    assert cancelled.keep == ()


def test_the_guides_example_is_a_good_playbook(tmp_path: Path) -> None:
    guide = (FOLDER.parents[1] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", guide, flags=re.S)
    (playbook,) = [one for one in examples if one.startswith("name: gentle-nudge")]
    (templates,) = [one for one in examples if one.startswith("day_before:")]
    write(tmp_path, playbook, templates, name="gentle-nudge")
    assert load_playbooks(tmp_path)


def test_the_guides_choices_and_person_fit_into_a_playbook(tmp_path: Path) -> None:
    guide = (FOLDER.parents[1] / "docs" / "playbooks.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", guide, flags=re.S)
    (playbook,) = [one for one in examples if one.startswith("name: gentle-nudge")]
    asking, templates = [one for one in examples if one.startswith("choices:")]
    (person,) = [one for one in examples if "by: person" in one]
    choices, _, steps = asking.partition("\nsteps:\n")
    whole = playbook.replace("\nexits:", f"{steps}{person}\n{choices}\nexits:")
    whole = whole.replace("template: day_before", "template: ask").replace("links: [pay]", "#")
    loaded = load_playbook(write(tmp_path, whole, templates, name="gentle-nudge"))
    assert [one.name for one in loaded.document.choices] == list(loaded.labels["en"])
    assert [step.by for step in loaded.document.steps] == ["machine", "machine", "person"]


def test_each_letter_has_words_of_its_own(playbooks: dict[str, Playbook]) -> None:
    for playbook in playbooks.values():
        for by_name in playbook.templates.values():
            bodies = [w.body for tones in by_name.values() for w in tones.values()]
            assert len(set(bodies)) == len(bodies)


def test_every_language_has_the_same_letters_in_the_same_tones(
    playbooks: dict[str, Playbook],
) -> None:
    for playbook in playbooks.values():
        shapes = {
            tuple((name, tuple(tones)) for name, tones in sorted(by_name.items()))
            for by_name in playbook.templates.values()
        }
        assert len(shapes) == 1
