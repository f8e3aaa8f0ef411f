"""The final check: one case a rule, at and beside each boundary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.messenger.model import (
    Customer,
    Decision,
    Handoff,
    Hold,
    Lag,
    Obligation,
    ObligationState,
    Order,
    Place,
    Refuse,
    Send,
    Suppression,
    Wait,
)
from services.messenger.rules.check import check, missing_disclosures, required_disclosures
from services.policy import packs
from services.policy.model import ConsentRecord, Contact

PACKS = packs.load(Path(__file__).parents[3] / "deploy" / "policies")
# Monday, 11:00 in Berlin.
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
FRESH = Lag(0.2, covered=True)
LONGEST_LAG = 1.5
ORDER = Order(
    purpose="collection",
    channel="email",
    obligation_ids=("b1",),
    not_after=NOW + timedelta(days=1),
)
CUSTOMER = Customer(email="ana@example.com", place=Place(timezone="Europe/Berlin", country="DE"))


EARLIER = NOW - timedelta(days=1)


def decide(
    order: Order = ORDER,
    customer: Customer = CUSTOMER,
    obligation: Obligation | None = None,
    lag: Lag = FRESH,
    now: datetime = NOW,
) -> Decision:
    known = {} if obligation is None else {"b1": obligation}
    return check(order, customer, known, PACKS, lag, LONGEST_LAG, now)


def refusal(decision: Decision) -> Refuse:
    assert isinstance(decision, Refuse), decision
    return decision


def test_sends_where_nothing_forbids_it() -> None:
    assert decide() == Send()


@pytest.mark.parametrize(
    ("lag", "outcome"),
    [
        (Lag(1.5, covered=True), Send()),
        (Lag(1.51, covered=True), Wait("behind_the_log")),
        (Lag(None, covered=True), Wait("behind_the_log")),
        (Lag(0.0, covered=False), Wait("behind_other_topics")),
    ],
)
def test_waits_while_it_is_behind(lag: Lag, outcome: Decision) -> None:
    assert decide(lag=lag) == outcome


def test_waits_rather_than_refusing_on_half_of_the_story() -> None:
    held = replace(CUSTOMER, holds=(Hold("dispute", at=EARLIER),))
    assert decide(customer=held, lag=Lag(None, covered=True)) == Wait("behind_the_log")


@pytest.mark.parametrize(
    ("obligation", "reason", "retryable"),
    [
        (Obligation(ObligationState.SETTLED), "settled", False),
        (Obligation(ObligationState.CLOSED), "closed", False),
        (Obligation(paying={"p1": EARLIER}), "payment_pending", True),
        (Obligation(agreed=True), "agreed", False),
    ],
)
def test_says_nothing_about_what_is_over(
    obligation: Obligation, reason: str, retryable: bool
) -> None:
    refused = refusal(decide(obligation=obligation))
    assert (refused.reason, refused.rule, refused.retryable) == (reason, "obligation", retryable)


def test_waits_for_the_notices_that_must_have_gone_about_each_obligation() -> None:
    pack = packs.from_content(
        {"name": "de", "version": 3, "title": "Somewhere", "applies": {"countries": ["DE"]},
         "notices": [{"rule": "notice.validation", "notice": "validation", "roles": ["collector"],
                      "purposes": ["collection"], "citation": "A law", "status": "binding",
                      "verified": False}]}
    )  # fmt: skip
    order = replace(ORDER, obligation_ids=("b1", "b2"), roles=frozenset({"collector"}))

    def told(order: Order, **sent: Obligation) -> Decision:
        return check(order, CUSTOMER, sent, [*PACKS, pack], FRESH, LONGEST_LAG, NOW)

    sent = Obligation(notices=frozenset({"validation"}))
    refused = refusal(told(order, b1=sent))
    assert (refused.reason, refused.rule, refused.rule_version, refused.retryable) == (
        "notice:validation",
        "de/notice.validation",
        3,
        True,
    )
    assert told(order, b1=sent, b2=sent) == Send()
    assert told(replace(order, roles=frozenset({"creditor"}))) == Send()


@pytest.mark.parametrize(
    "kind",
    [
        "dispute", "hardship", "moratorium", "attorney", "representative", "bankruptcy",
        "deceased", "fraud", "minor", "litigation", "time_barred", "cease_contact",
    ],
)  # fmt: skip
def test_a_hold_stops_contact(kind: str) -> None:
    held = replace(CUSTOMER, holds=(Hold(kind, at=EARLIER),))
    assert refusal(decide(customer=held)).reason == f"hold:{kind}"


def test_vulnerability_changes_words_and_not_whether() -> None:
    assert decide(customer=replace(CUSTOMER, holds=(Hold("vulnerability", at=EARLIER),))) == Send()


@pytest.mark.parametrize(
    ("hold", "stopped"),
    [
        (Hold("dispute", "b1", at=EARLIER), True),
        (Hold("dispute", "b2", at=EARLIER), False),
        (Hold("deceased", "b2", at=EARLIER), True),
        (Hold("moratorium", until=NOW + timedelta(microseconds=1), at=EARLIER), True),
        (Hold("moratorium", until=NOW, at=EARLIER), False),
    ],
)
def test_a_hold_reaches_as_far_as_it_says(hold: Hold, stopped: bool) -> None:
    decision = decide(customer=replace(CUSTOMER, holds=(hold,)))
    assert isinstance(decision, Refuse) is stopped


def test_a_hold_with_an_end_tells_when_to_try_again() -> None:
    until = NOW + timedelta(days=60)
    refused = refusal(
        decide(customer=replace(CUSTOMER, holds=(Hold("moratorium", until=until, at=EARLIER),)))
    )
    assert (refused.retryable, refused.not_before) == (True, until)


@pytest.mark.parametrize(
    ("handoff", "purpose", "quiet"),
    [
        (Handoff("dispute", "b1"), "service", True),
        (Handoff("wrong_person"), "service", True),
        (Handoff("reply", "b1"), "collection", True),
        (Handoff("reply"), "collection", True),
        (Handoff("reply", "b1"), "service", False),
        (Handoff("dispute", "b2"), "collection", False),
    ],
)
def test_while_a_person_has_taken_over_the_machine_keeps_quiet(
    handoff: Handoff, purpose: str, quiet: bool
) -> None:
    customer = replace(CUSTOMER, handoffs=(handoff,))
    decision = decide(replace(ORDER, purpose=purpose), customer)
    assert isinstance(decision, Refuse) is quiet
    if quiet:
        refused = refusal(decision)
        later = NOW + timedelta(hours=12)
        assert (refused.reason, refused.retryable, refused.not_before) == ("handoff", True, later)


@pytest.mark.parametrize(
    ("suppression", "stopped"),
    [
        (Suppression("email", "collection", "unsubscribed"), True),
        (Suppression("*", "*", "unsubscribed"), True),
        (Suppression("email", "*", "complaint"), True),
        (Suppression("email", "marketing", "unsubscribed"), False),
        (Suppression("sms", "*", "unsubscribed"), False),
        (Suppression("email", "*", "not_now", NOW + timedelta(seconds=1)), True),
        (Suppression("email", "*", "not_now", NOW), False),
    ],
)
def test_a_suppression_stops_what_it_names(suppression: Suppression, stopped: bool) -> None:
    decision = decide(customer=replace(CUSTOMER, suppressions=(suppression,)))
    assert isinstance(decision, Refuse) is stopped


def test_a_suppression_wins_over_consent() -> None:
    granted = ConsentRecord("email", "collection", "granted", NOW - timedelta(minutes=1))
    suppressed = Suppression("email", "collection", "unsubscribed")
    customer = replace(CUSTOMER, consents=(granted,), suppressions=(suppressed,))
    assert refusal(decide(customer=customer)).reason == "suppressed:unsubscribed"


@pytest.mark.parametrize("status", ["denied", "revoked"])
def test_refused_consent_stops_contact(status: str) -> None:
    said = ConsentRecord("*", "collection", status, NOW - timedelta(days=9))
    assert refusal(decide(customer=replace(CUSTOMER, consents=(said,)))).reason == "opted_out"


def test_an_application_is_no_relationship() -> None:
    rules = [
        {"rule": basis, "basis": basis, "citation": "A law", "status": "binding", "verified": True,
         "yields": basis == "opt_in"}
        for basis in ("opt_in", "relationship")
    ]  # fmt: skip
    pack = packs.from_content(
        {"name": "de", "version": 1, "title": "Somewhere", "applies": {"countries": ["DE"]},
         "consent": rules}
    )  # fmt: skip

    def decided(*kinds: str) -> Decision:
        order = replace(ORDER, kinds=frozenset(kinds))
        return check(order, CUSTOMER, {}, [*PACKS, pack], FRESH, LONGEST_LAG, NOW)

    assert decided("bill", "subscription", "benefit") == Send()
    assert refusal(decided("application")).reason == "no_consent"
    assert refusal(decided("bill", "application")).reason == "no_consent"
    assert refusal(decided()).reason == "no_consent"


def test_marketing_needs_a_grant() -> None:
    order = replace(ORDER, purpose="marketing")
    granted = ConsentRecord("email", "marketing", "granted", NOW - timedelta(days=9))
    assert refusal(decide(order)).reason == "no_consent"
    assert decide(order, replace(CUSTOMER, consents=(granted,))) == Send()


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        (datetime(2026, 3, 2, 6, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 7, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 19, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 20, 0, tzinfo=UTC), False),
    ],
)
def test_writes_in_the_customers_day_only(now: datetime, allowed: bool) -> None:
    decision = decide(now=now)
    assert (decision == Send()) is allowed
    if not allowed:
        refused = refusal(decision)
        assert refused.reason == "hours"
        assert refused.retryable
        assert refused.not_before is not None
        assert refused.not_before > now


def test_knows_the_place_better_than_the_order() -> None:
    tokyo = replace(CUSTOMER, place=Place(timezone="Asia/Tokyo", country="JP"))
    order = replace(ORDER, place=Place(timezone="Europe/Berlin", country="DE"))
    midnight_in_tokyo = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    assert refusal(decide(order, tokyo, now=midnight_in_tokyo)).reason == "hours"


def test_takes_the_orders_place_where_it_knows_none() -> None:
    order = replace(ORDER, place=Place(timezone="Europe/Berlin"))
    assert decide(order, replace(CUSTOMER, place=Place())) == Send()


def test_a_place_that_was_taken_back_is_unknown_whatever_was_ordered() -> None:
    order = replace(ORDER, place=Place(timezone="Europe/Berlin", country="DE"))
    withdrawn = replace(CUSTOMER, place=Place(), placed=True)
    assert refusal(decide(order, withdrawn)).reason == "place_unknown"


def test_writes_to_no_place_at_all_to_nobody() -> None:
    assert refusal(decide(customer=replace(CUSTOMER, place=Place()))).reason == "place_unknown"


@pytest.mark.parametrize(
    ("ages", "allowed"),
    [
        ([1, 2], True),
        ([1, 2, 3], False),
        ([1, 2, 168], True),
    ],
)
def test_counts_what_was_sent_or_may_have_been(ages: list[int], allowed: bool) -> None:
    contacts = tuple(Contact(NOW - timedelta(hours=hours), "service", "email") for hours in ages)
    decision = decide(customer=replace(CUSTOMER, contacts=contacts))
    assert (decision == Send()) is allowed
    if not allowed:
        assert refusal(decision).reason == "cap"


def test_tells_the_first_instant_after_a_cap_within_hours() -> None:
    contacts = tuple(Contact(NOW - timedelta(hours=h), "service", "email") for h in (160, 20, 2))
    refused = refusal(decide(customer=replace(CUSTOMER, contacts=contacts)))
    assert refused.not_before == NOW + timedelta(hours=8)


@pytest.mark.parametrize(
    ("minutes", "answers", "allowed"), [(59, None, False), (60, None, True), (1, "h-1", True)]
)
def test_any_two_messages_lie_an_hour_apart_but_for_an_answer(
    minutes: int, answers: str | None, allowed: bool
) -> None:
    earlier = Contact(NOW - timedelta(minutes=minutes), "collection", "sms")
    decision = decide(
        replace(ORDER, answers=answers), customer=replace(CUSTOMER, contacts=(earlier,))
    )
    assert (decision == Send()) is allowed
    if not allowed:
        refused = refusal(decision)
        assert (refused.reason, refused.rule, refused.retryable) == ("gap", "default/gap.any", True)
        assert refused.not_before == NOW + timedelta(minutes=1)


def test_too_late_is_final() -> None:
    refused = refusal(decide(replace(ORDER, not_after=NOW - timedelta(seconds=1))))
    assert (refused.reason, refused.retryable) == ("no_longer_valid", False)
    assert decide(replace(ORDER, not_after=NOW)) == Send()


@pytest.mark.parametrize(
    ("order", "customer", "reason"),
    [
        (replace(ORDER, cancelled=True), CUSTOMER, "cancelled"),
        (ORDER, replace(CUSTOMER, email=None), "no_address"),
    ],
)
def test_final_refusals(order: Order, customer: Customer, reason: str) -> None:
    refused = refusal(decide(order, customer))
    assert (refused.reason, refused.retryable) == (reason, False)


def test_what_was_ordered_for_an_id_that_gave_way_is_planned_anew() -> None:
    refused = refusal(decide(customer=replace(CUSTOMER, merged_into="c2")))
    assert (refused.reason, refused.retryable) == ("merged", True)


def test_a_message_carries_what_the_packs_ask() -> None:
    required = required_disclosures(ORDER, CUSTOMER, PACKS, NOW)
    asked = ["one_click_opt_out", "postal_address", "purpose_of_message", "sender_identity"]
    assert missing_disclosures(required, asked) is None
    lacking = missing_disclosures(required, asked[1:])
    assert lacking is not None
    assert lacking.reason == "disclosure_missing:one_click_opt_out"
