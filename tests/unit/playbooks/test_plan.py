"""What a playbook plans for one customer."""

from pathlib import Path
from typing import Any

import pytest
from playbook_files import write

from services.playbooks.conditions import SegmentChoice
from services.playbooks.load import load_playbook
from services.playbooks.model import Playbook
from services.playbooks.plan import exit_rules, offer_authority, planned_steps, triggers
from services.playbooks.variables import CUSTOMER_FIELDS, EVENT_FIELDS, event_values


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    return load_playbook(write(tmp_path))


def missed(**data: Any) -> dict[str, Any]:
    return event_values("payment.missed", {"amount_minor": 5000, "currency": "USD", **data})


@pytest.mark.parametrize(
    ("amount", "currency", "wanted"),
    [
        (300, "USD", False),
        (301, "USD", True),
        (450, "JPY", False),
        (451, "JPY", True),
        (1, "THB", True),
    ],
)
def test_the_floor_is_the_currencys_own(
    playbook: Playbook, amount: int, currency: str, wanted: bool
) -> None:
    assert triggers(playbook, missed(amount_minor=amount, currency=currency)) is wanted


def test_other_events_do_not_trigger(playbook: Playbook) -> None:
    event = event_values("bill.due_soon", {"amount_minor": 5000, "currency": "USD"})
    assert not triggers(playbook, event)


def test_steps_are_resolved_by_segment(playbook: Playbook) -> None:
    everyone = planned_steps(playbook, missed(), SegmentChoice("everyone", "neutral"))
    young = planned_steps(playbook, missed(), SegmentChoice("young", "light"))
    assert [step.name for step in everyone] == ["first", "last"]
    assert [step.name for step in young] == ["first"]
    assert (everyone[1].at, everyone[1].channel, everyone[0].at) == ("10:30", "email", None)


def test_offers_are_in_the_currency_or_not_at_all(playbook: Playbook) -> None:
    authority = offer_authority(playbook, "USD")
    assert authority is not None
    assert (authority.name, authority.version) == ("nudge", 1)
    assert (authority.min_instalment_minor, authority.max_discount_bp) == (1000, 500)
    assert offer_authority(playbook, "JPY") is None
    assert offer_authority(playbook, None) is None


@pytest.mark.parametrize(
    ("amount", "currency", "wanted"),
    [(1999, "USD", False), (2000, "USD", True), (9999, "JPY", False)],
)
def test_divisible_means_two_instalments_at_least(
    playbook: Playbook, amount: int, currency: str, wanted: bool
) -> None:
    derived = playbook.with_derived(missed(amount_minor=amount, currency=currency))
    assert derived["divisible"] is wanted


def test_exit_rules_are_carried_over(playbook: Playbook) -> None:
    (rule,) = exit_rules(playbook)
    assert (rule.on, rule.when, rule.reason) == ("payment.received", "remaining_minor == 0", "paid")


def test_no_field_of_an_event_hides_one_of_the_customer() -> None:
    playbook_events = set(EVENT_FIELDS) - {"customer.updated"}
    triggering = [
        name
        for name in playbook_events
        if name.split(".")[0] in {"bill", "payment", "subscription", "application", "benefit"}
    ]
    assert not [name for name in triggering if set(EVENT_FIELDS[name]) & set(CUSTOMER_FIELDS)]


def test_what_is_personal_is_no_variable() -> None:
    assert "reason" not in EVENT_FIELDS["customer.hold_placed"]
    assert "birth_year" not in EVENT_FIELDS["customer.updated"]
