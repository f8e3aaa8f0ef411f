"""What a playbook means for one customer: its steps, exits and authority, worked out.

A command carries these, so that an edited playbook never changes an enrolment in flight. The
results are JSON values in the form of `schemas.commands`.
"""

from collections.abc import Mapping
from typing import Any

from services.playbooks.conditions import condition_holds
from services.playbooks.model import Playbook


def resolved_steps(playbook: Playbook, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps planned for `values`: the event's, the customer's, `segment` and `tone`."""
    with_floor = playbook.with_floor(values)
    return [
        {**step.model_dump(exclude={"when"}), "channel": "email"}
        for step in playbook.document.steps
        if condition_holds(step.when, with_floor)
    ]


def resolved_exits(playbook: Playbook) -> list[dict[str, Any]]:
    """What ends an enrolment."""
    return [rule.model_dump() for rule in playbook.document.exits]


def resolved_offers(playbook: Playbook, currency: str | None) -> dict[str, Any] | None:
    """The authority for terms in `currency`; None where a person must answer."""
    offers = playbook.document.offers
    if offers is None or currency not in offers.least_instalment:
        return None
    return {
        **offers.model_dump(exclude={"least_instalment"}),
        "name": playbook.name,
        "version": playbook.version,
        "min_instalment_minor": offers.least_instalment[currency],
    }
