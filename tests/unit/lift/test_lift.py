"""What outreach was worth, worked out by hand and found in the log."""

import json
from typing import Any

import pytest
from lift_world import DAY, PRICES, Trial, row

from rapport.lift.compare import Share, compare
from rapport.lift.costs import costs, small_debt
from rapport.lift.intervals import newcombe, wilson
from rapport.lift.run import NothingToMeasure, lift


@pytest.fixture
def trial() -> Trial:
    """400 customers, two messages each, of whom 60 % pay; 100 held out, of whom 40 % do."""
    made = Trial()
    made.customers("out", 400, 240, messages=2)
    made.customers("held", 100, 40, held_by="recover")
    made.ends()
    return made


def test_outreach_is_compared_with_the_holdout(trial: Trial) -> None:
    found = row(trial.report())
    assert found.against == "playbook_holdout"
    assert found.contacted == 400
    assert found.comparison.outreach == Share(240, 400)
    assert found.comparison.holdout == Share(40, 100)
    assert found.comparison.difference == pytest.approx(0.2)
    assert found.comparison.interval == newcombe(240, 400, 40, 100)
    assert found.comparison.outreach.interval == wilson(240, 400)


def test_costs_are_by_contact_and_by_outcome_gained(trial: Trial) -> None:
    spent = row(trial.report()).costs
    assert (spent.contacts, spent.handoffs) == (800, 0)
    assert spent.total == pytest.approx(8.0)
    assert spent.per_contact == pytest.approx(0.01)
    # 8 dollars for 0.2 times 400 payments more.
    assert spent.per_outcome == pytest.approx(0.1)
    gained = newcombe(240, 400, 40, 100)
    assert spent.per_outcome_interval is not None
    assert spent.per_outcome_interval.low == pytest.approx(8 / (400 * gained.high))
    assert spent.per_outcome_interval.high == pytest.approx(8 / (400 * gained.low))


def test_a_person_has_a_price(trial: Trial) -> None:
    trial.add("person", "handoff.requested", "out-7", "2026-03-04T09:00:00+00:00",
              handoff_id="h", case_id="c", obligation_id="b-out-7-1", reason="asked")  # fmt: skip
    spent = row(trial.report()).costs
    assert spent.handoffs == 1
    assert spent.total == pytest.approx(10.0)


def test_collection_tells_what_makes_a_small_debt_worth_it(trial: Trial) -> None:
    found = trial.report().small_debts["default", "recover"]
    assert found is not None
    assert found.contacts_per_debt == pytest.approx(2)
    # Of 3 dollars, 60 cents are earned; two contacts cost 2 cents.
    assert found.needed == pytest.approx(0.02 / 0.60)
    assert found.break_even == pytest.approx(0.60 * 0.2 / 2)
    assert found.is_worth_it


def test_without_a_proven_gain_no_break_even_is_shown() -> None:
    made = Trial()
    made.customers("out", 400, 240)
    made.customers("held", 100, 60, held_by="recover")
    made.ends()
    report = made.report()
    found = report.small_debts["default", "recover"]
    assert found is not None
    assert (found.break_even, found.is_worth_it) == (None, None)
    assert found.needed == pytest.approx(0.01 / 0.60)
    assert row(report).costs.per_outcome is None


@pytest.mark.parametrize(
    ("outreach", "holdout", "why_not"),
    [
        (Share(50, 100), Share(0, 0), "nobody was held out"),
        (Share(50, 100), Share(9, 29), "too little data: 29 of at least 30 customers in holdout"),
        (Share(9, 29), Share(50, 100), "too little data: 29 of at least 30 customers in outreach"),
        (Share(5, 70), Share(0, 30), "too little data: 1.5 of at least 5 customers expected with "
         "the outcome on the smaller side"),
        (Share(69, 70), Share(30, 30), "too little data: 0.3 of at least 5 customers expected "
         "without the outcome on the smaller side"),
    ],
)  # fmt: skip
def test_too_little_data_is_said_and_no_figure_shown(
    outreach: Share, holdout: Share, why_not: str
) -> None:
    found = compare(outreach, holdout)
    assert found.why_not == why_not
    assert (found.difference, found.interval, found.is_gain) == (None, None, False)
    spent = costs(outreach.of, [], 0, found, PRICES)
    assert (spent.per_outcome, spent.per_contact) == (None, None)
    assert small_debt(spent, found, PRICES) is None


def test_a_share_of_few_is_not_shown() -> None:
    assert (Share(9, 29).rate, Share(9, 29).interval) == (None, None)
    assert Share(9, 30).rate == 0.3


def test_each_customer_counts_once_for_a_playbook(trial: Trial) -> None:
    for number in range(50):
        trial.customer(f"out-{number}", bill="2", at="2026-03-20T09:00:00+00:00")
        trial.pays(f"out-{number}", days=19, bill="2")
    found = row(trial.report())
    assert found.comparison.outreach == Share(240, 400)
    # Their later messages lie within the window: they cost, and reach these customers.
    assert found.costs.contacts == 850


def test_who_was_contacted_does_not_matter_only_who_was_meant_to_be() -> None:
    made = Trial()
    made.customers("out", 100, 50)
    made.customers("early", 40, 40, messages=0)
    made.ends()
    found = row(made.report())
    assert (found.contacted, found.comparison.outreach) == (100, Share(90, 140))


def test_a_window_that_is_open_counts_nowhere(trial: Trial) -> None:
    trial.customer("young", at="2026-04-15T09:00:00+00:00")
    report = trial.report()
    assert row(report).comparison.outreach.of == 400
    assert report.open == {("default", "recover"): 1}


def test_segments_have_rows_of_their_own(trial: Trial) -> None:
    trial.customers("soft", 60, 30, segment="vulnerable", tone="gentle")
    trial.customers("quiet", 40, 10, segment="vulnerable", tone="gentle", held_by="recover")
    report = trial.report()
    found = row(report, segment="vulnerable")
    assert (found.tone, found.comparison.outreach) == ("gentle", Share(30, 60))
    assert found.comparison.interval == newcombe(30, 60, 10, 40)
    assert row(report).comparison.outreach == Share(270, 460)
    assert [(one.variant, one.share) for one in report.wordings] == [
        ("hello/gentle", Share(30, 60)),
        ("hello/neutral", Share(240, 400)),
    ]


def test_the_global_holdout_is_used_where_there_is_none_of_the_playbook() -> None:
    made = Trial()
    made.customers("out", 100, 60)
    made.customers("other", 50, 30, playbook="bill-reminder")
    made.customers("held", 40, 12, held_by="global")
    made.customers("quiet", 20, 6, held_by="global", playbook="bill-reminder")
    made.ends()
    report = made.report()
    assert row(report).against == "global_holdout"
    assert row(report).comparison.holdout == Share(12, 40)
    together = row(report, None, outcome="paid, renewed, completed or active")
    assert together.comparison.outreach == Share(90, 150)
    assert together.comparison.holdout == Share(18, 60)
    assert together.costs.contacts == 150


def test_the_two_holdouts_are_not_mixed(trial: Trial) -> None:
    trial.customers("all", 50, 50, held_by="global")
    report = trial.report()
    assert row(report).comparison.holdout == Share(40, 100)
    together = row(report, None, outcome="paid, renewed, completed or active")
    # Who is held out of one playbook only is on the side of outreach as a whole.
    assert together.comparison.holdout == Share(50, 50)
    assert together.comparison.outreach == Share(280, 500)


@pytest.mark.parametrize(
    ("after", "reached"),
    [
        ([("payment.received", 3, {})], True),
        ([("payment.received", 31, {})], False),
        ([("payment.received", -1, {})], False),
        ([("payment.received", 3, {"pending": True})], False),
        ([("payment.received", 3, {"remaining_minor": 1})], False),
        ([("payment.received", 3, {}), ("payment.reversed", 9, {})], False),
        ([("payment.received", 3, {}), ("payment.reversed", 40, {})], True),
        ([("payment.reversed", 2, {}), ("payment.received", 3, {})], True),
        ([("bill.closed", 3, {"why": "paid"})], True),
        ([("bill.closed", 3, {"why": "sold"})], False),
    ],
)
def test_when_a_bill_counts_as_paid(
    after: list[tuple[str, float, dict[str, Any]]], reached: bool
) -> None:
    made = Trial()
    made.customer("one")
    for kind, days, data in after:
        made.pays("one", days=days, type=kind, **data)
    made.ends()
    assert row(made.report()).comparison.outreach == Share(int(reached), 1)


def test_other_playbooks_hope_for_other_outcomes() -> None:
    made = Trial()
    stories = (
        ("subscription.expiring", "subscription.renewed", "renewed", "s-1"),
        ("application.abandoned", "application.completed", "completed", "a-1"),
        ("customer.dormant", "customer.active", "active", None),
        ("benefit.granted", "customer.active", "active", "g-1"),
    )
    for trigger, end, _, obligation in stories:
        made.event(trigger, trigger, f"c-{trigger}", DAY, obligation=obligation)
        made.add(f"{trigger}.segmented", "customer.segmented", f"c-{trigger}", DAY,
                 playbook=trigger, playbook_version=1, matched=True, segment="all",
                 tone="neutral", obligation_id=obligation, trigger_event_id=trigger)  # fmt: skip
        made.event(f"{trigger}.end", end, f"c-{trigger}", "2026-03-09T00:00:00+00:00",
                   obligation=None if end == "customer.active" else obligation)  # fmt: skip
    made.ends()
    report = made.report()
    for trigger, _, outcome, _ in stories:
        assert row(report, trigger, outcome=outcome).comparison.outreach == Share(1, 1)


def test_who_came_in_by_another_door_hopes_for_another_outcome() -> None:
    """A playbook may have triggers of several families: nobody counts for what is not theirs."""
    made = Trial()
    doors = (("customer.dormant", "c-1", None), ("subscription.expiring", "c-2", "s-1"))
    for trigger, customer, obligation in doors:
        made.event(trigger, trigger, customer, DAY, obligation=obligation)
        made.add(f"{trigger}.segmented", "customer.segmented", customer, DAY,
                 playbook="churn-watch", playbook_version=1, matched=True, segment="all",
                 tone="neutral", obligation_id=obligation, trigger_event_id=trigger)  # fmt: skip
    made.event("back", "customer.active", "c-1", "2026-03-09T00:00:00+00:00")
    made.ends()
    report = made.report()
    found = {outcome: row(report, "churn-watch", outcome=outcome).comparison.outreach
             for outcome in ("active", "renewed")}  # fmt: skip
    assert found == {"active": Share(1, 1), "renewed": Share(0, 1)}


def test_an_agreement_is_an_outcome_until_it_is_broken() -> None:
    made = Trial()
    for name in ("kept", "broken"):
        made.customer(name)
        terms = {"agreement_id": name, "case_id": "c", "obligation_id": f"b-{name}-1"}
        made.add(f"{name}.made", "agreement.made", name, "2026-03-05T00:00:00+00:00",
                 offer_id="o", currency="USD", total_minor=1, discount_minor=0, instalments=[],
                 authority={"name": "recover", "version": 1, "max_discount_bp": 0,
                            "max_instalments": 1, "min_instalment_minor": 1, "max_days": 1,
                            "offer_valid_hours": 1, "funded_by": "creditor"},
                 **terms)  # fmt: skip
    made.add("broke", "agreement.broken", "broken", "2026-03-15T00:00:00+00:00",
             agreement_id="broken", case_id="c", obligation_id="b-broken-1", instalment=1,
             short_minor=1)  # fmt: skip
    made.ends()
    assert row(made.report(), outcome="agreed").comparison.outreach == Share(1, 2)


def test_tenants_share_nothing(trial: Trial) -> None:
    trial.customers("out", 40, 40, tenant="other")
    report = trial.report()
    found = {one.tenant: one.comparison.outreach for one in report.rows if one.segment is None
             and one.outcome == "paid"}  # fmt: skip
    assert found == {"default": Share(240, 400), "other": Share(0, 40)}


def test_the_loop(trial: Trial) -> None:
    for number in range(20):
        trial.pays(f"out-{number}", days=20, bill="9")
    trial.pays("out-0", days=21, bill="9", type="payment.reversed")
    for number in range(40):
        for helpful in (number < 5, number < 30):
            trial.add(f"said-{number}-{helpful}-{len(trial.entries)}", "feedback.given",
                      f"out-{number}", "2026-03-12T00:00:00+00:00", message_id=f"m-{number}",
                      helpful=helpful)  # fmt: skip
    trial.add("person", "handoff.requested", "out-7", "2026-03-04T09:00:00+00:00",
              handoff_id="h", case_id="c", obligation_id="b-out-7-1", reason="asked")  # fmt: skip
    (loop,) = trial.report().loops
    assert loop.penetration == Share(280, 500)
    assert loop.repurchase == Share(19, 280)
    assert loop.value == {"USD": pytest.approx(12000 * (280 + 19) / 280)}
    assert loop.helpful == Share(30, 40)
    assert loop.alone == Share(239, 240)


def test_a_fact_that_came_twice_counts_once(trial: Trial) -> None:
    records = list(trial.records())
    twice = lift([*records, *records], 30, PRICES)
    assert twice.as_dict() == trial.report().as_dict()
    json.dumps(twice.as_dict(), allow_nan=False)


def test_an_empty_log_shows_nothing() -> None:
    with pytest.raises(NothingToMeasure):
        lift([])
