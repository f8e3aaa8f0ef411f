"""What a playbook plans for one customer: resolved, so that later edits can't change it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from schemas.commands import ExitRule, OfferAuthority, PlannedStep
from schemas.playbook import Exit, Step
from services.playbooks.conditions import SegmentChoice, condition_holds
from services.playbooks.model import Playbook


def triggers(playbook: Playbook, values: Mapping[str, Any]) -> bool:
    """Does this event bring a customer into the playbook? `values`: `event_values` of it."""
    values = playbook.with_derived(values)
    return any(
        trigger.event == values["trigger"] and condition_holds(trigger.when, values)
        for trigger in playbook.document.triggers
    )


def planned_steps(
    playbook: Playbook, values: Mapping[str, Any], choice: SegmentChoice
) -> tuple[PlannedStep, ...]:
    """The steps for this customer, in the playbook's order; none if no condition holds."""
    known = {**playbook.with_derived(values), "segment": choice.name, "tone": choice.tone}
    return tuple(
        _planned(step) for step in playbook.document.steps if condition_holds(step.when, known)
    )


def exit_rules(playbook: Playbook) -> tuple[ExitRule, ...]:
    """What ends the enrolment."""
    return tuple(map(_exit_rule, playbook.document.exits))


def offer_authority(playbook: Playbook, currency: str | None) -> OfferAuthority | None:
    """What may be offered in this currency; None: nothing, a person answers."""
    offers = playbook.document.offers
    if offers is None or currency not in offers.least_instalment:
        return None
    return OfferAuthority(
        name=playbook.name,
        version=playbook.version,
        min_instalment_minor=offers.least_instalment[currency],
        **offers.model_dump(exclude={"least_instalment"}),
    )


# A playbook's own parts never change: each is turned into the contract's form once.
@lru_cache(maxsize=4096)
def _planned(step: Step) -> PlannedStep:
    return PlannedStep(**step.model_dump(exclude={"when"}), channel="email")


@lru_cache(maxsize=4096)
def _exit_rule(rule: Exit) -> ExitRule:
    return ExitRule(**rule.model_dump())
