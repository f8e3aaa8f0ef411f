"""What a playbook plans for one customer: resolved, so that later edits can't change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import BaseModel

from schemas.commands import ChoiceTerms, ExitRule, OfferAuthority, PlannedStep
from schemas.common import Channel
from schemas.playbook import PlaybookDocument, Step
from services.playbooks.conditions import (
    SegmentChoice,
    compile_condition,
    condition_holds,
    hashable,
)
from services.playbooks.model import DERIVED, Playbook

# What the steps' conditions ask for has few values: a segment, a tone, a flag. So most customers
# share a plan, and CEL need not be asked again.
MOST_PLANS = 10_000

LATER = frozenset({"choice", "broken", "completed"})
"""Anchors of steps that nothing plans before somebody chose, or did or didn't keep a promise."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The steps that many customers share. `encoded`: as JSON, worked out once for all of them."""

    steps: tuple[PlannedStep, ...]
    encoded: msgspec.Raw


@dataclass
class _Worked:
    """What has been worked out of one playbook: its content never changes.

    `asked`: what the steps' conditions ask for besides the segment and its tone; `derives`:
    something of it the playbook works out for itself.
    """

    asked: tuple[str, ...]
    derives: bool
    exits: tuple[ExitRule, ...]
    choices: tuple[ChoiceTerms, ...]
    encoded: Mapping[str, msgspec.Raw]
    plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict)
    offers: dict[str | None, msgspec.Raw] = field(default_factory=dict)


_WORKED: dict[str, _Worked] = {}


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
    """The steps for this customer, in the playbook's order.

    None if no condition holds; nor if what is left waits for a choice or a broken promise, for
    then no mail ever leads there.
    """
    return plan_for(playbook, values, choice).steps


def plan_for(playbook: Playbook, values: Mapping[str, Any], choice: SegmentChoice) -> Plan:
    """`planned_steps`, and the same as JSON."""
    worked = _worked(playbook)
    if worked.derives:
        values = playbook.with_derived(values)
    key = (choice.name, choice.tone, *(hashable(values.get(name)) for name in worked.asked))
    found = worked.plans.get(key)
    if found is None:
        if len(worked.plans) >= MOST_PLANS:
            worked.plans.clear()
        known = {**values, "segment": choice.name, "tone": choice.tone}
        steps = _planned(playbook.document, known)
        found = worked.plans[key] = Plan(steps, _encoded(steps))
    return found


def _planned(document: PlaybookDocument, known: Mapping[str, Any]) -> tuple[PlannedStep, ...]:
    wanted = [step for step in document.steps if condition_holds(step.when, known)]
    if all(step.anchor in LATER for step in wanted):
        return ()
    return tuple(_resolved(step, step.channels or document.channels) for step in wanted)


def _resolved(step: Step, channels: tuple[Channel, ...]) -> PlannedStep:
    given = step.model_dump(exclude={"when", "template", "channels"})
    return PlannedStep(
        **given,
        template=step.template or "",
        channel=channels[0],
        channels=channels if len(channels) > 1 else (),
    )


def choice_terms(playbook: Playbook) -> tuple[ChoiceTerms, ...]:
    """The one-tap answers that its mails may offer."""
    return _worked(playbook).choices


def exit_rules(playbook: Playbook) -> tuple[ExitRule, ...]:
    """What ends the enrolment."""
    return _worked(playbook).exits


def encoded_rules(playbook: Playbook) -> Mapping[str, msgspec.Raw]:
    """`exit_rules` and `choice_terms` as JSON, by their names in an order."""
    return _worked(playbook).encoded


def encoded_authority(playbook: Playbook, currency: str | None) -> msgspec.Raw:
    """`offer_authority` as JSON."""
    offers = _worked(playbook).offers
    if currency not in offers:
        authority = offer_authority(playbook, currency)
        offers[currency] = msgspec.Raw(authority.model_dump_json() if authority else "null")
    return offers[currency]


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


def _worked(playbook: Playbook) -> _Worked:
    found = _WORKED.get(playbook.content_hash)
    if found is None:
        conditions = [step.when for step in playbook.document.steps if step.when is not None]
        asked = {name for when in conditions for name in compile_condition(when).variables}
        asked -= {"segment", "tone"}
        exits = tuple(ExitRule(**rule.model_dump()) for rule in playbook.document.exits)
        choices = tuple(ChoiceTerms(**one.model_dump()) for one in playbook.document.choices)
        encoded = {"exits": _encoded(exits), "choices": _encoded(choices)}
        found = _WORKED[playbook.content_hash] = _Worked(
            tuple(sorted(asked)), not asked.isdisjoint(DERIVED), exits, choices, encoded
        )
    return found


def _encoded(parts: Sequence[BaseModel]) -> msgspec.Raw:
    each = (part.model_dump_json(exclude_defaults=True) for part in parts)
    return msgspec.Raw(f"[{','.join(each)}]")
