"""What ends an enrolment: the obligation's end, some holds, refusals, and the playbook's exits."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.playbooks.conditions import ConditionError, condition_holds
from services.playbooks.variables import event_values
from services.policy.consent import check_consent
from services.policy.model import Approach, Pack, Zones
from services.scheduler.model import (
    Customer,
    Enrolment,
    ExitRule,
    Heard,
    Obligation,
    ObligationState,
    Step,
)
from services.scheduler.rules import timing
from services.scheduler.rules.holds import held

RELATIONSHIP_KINDS = frozenset({"bill", "subscription", "benefit"})
"""Obligations that are a running dealing between customer and tenant; an application is none."""

MAIL = ("email",)
"""The channel of an enrolment without steps."""

OF_ONE_MESSAGE = frozenset({"message.clicked", "message.replied"})
"""What a customer does with one message."""

_NOWHERE = Zones(())
COMPLETED = "agreement.completed"
PERSON = "handoff"
"""Ended since a person took over, who may hand back."""
KEPT_BY_PERSON = "handoff.kept"
"""Ended since a person took over, who did not hand back."""
MERGED = "customer.merged"
"""The rule that ends what ran under an id that another stands for."""


class Stop(NamedTuple):
    """Why a customer is not contacted about an obligation, and by which rule.

    version: of the rule's pack.
    """

    reason: str
    rule: str
    version: int = 1


def stopped(
    customer: Customer,
    obligation: Obligation,
    enrolment: Enrolment,
    channels: tuple[str, ...],
    packs: Sequence[Pack],
    now: datetime,
) -> Stop | None:
    """What ends every contact of the enrolment at `now`, if anything.

    channels: by which it may go, not empty; it goes on while one of them is open, and, where
    another is refused, leads to the customer. A hold ends it only where nothing resumes after it;
    others are waited for.
    """
    if customer.merged_into is not None:
        return Stop("merged", MERGED)
    if customer.erased_at is not None:
        return Stop("erased", "customer.erased")
    if (over := _over(obligation, enrolment)) is not None:
        return over
    if customer.holds or obligation.holds:
        role = frozenset((obligation.actor_role,))
        approach = Approach(enrolment.purpose, channels[0], role, (obligation.id,))
        zones = timing.zones_of(customer, enrolment, obligation)
        ruling = held(customer, obligation, approach, zones, packs, now)
        if ruling is not None and ruling.silent and not ruling.resumes:
            return Stop(ruling.reason, ruling.rule, ruling.rule_version)
    refused: Stop | None = None
    for channel in channels:
        stop = shut(customer, enrolment.purpose, channels, channel, now)
        if stop is None and customer.has_address(channel):
            return None
        refused = refused or stop
    return refused


def shut(
    customer: Customer, purpose: str, channels: tuple[str, ...], channel: str, now: datetime
) -> Stop | None:
    """What the customer has said against one of a plan's channels, or who reads there."""
    approach = Approach(purpose, channel)
    for words in (customer.preferences, customer.consents):
        if not words or all(word.status == "granted" for word in words):
            continue
        refused = check_consent(now, _NOWHERE, (), approach, words, False)
        if not refused.allowed:
            return Stop(refused.reason or "opted_out", refused.rule or "consent")
    if channel in customer.wrong_channels:
        return Stop("wrong_person", "contact.right_party")
    if len(channels) > 1 and not customer.left.isdisjoint((purpose, "*")):
        return Stop("opted_out", "contact.unsubscribed")
    return None


def _over(obligation: Obligation, enrolment: Enrolment) -> Stop | None:
    """Whether there is nothing to tell of the obligation: by its own end, or by an agreement.

    An agreement that is kept to its end has its thanks still to come, until money is taken back.
    """
    cares = enrolment.agreement
    if cares is not None and cares.completed_at is not None:
        settled = obligation.state is ObligationState.SETTLED
        return None if settled else Stop("not_completed", COMPLETED)
    if obligation.state is not ObligationState.OPEN:
        return Stop(obligation.reason or obligation.state, f"obligation.{obligation.state}")
    if cares is not None and obligation.agreement_id != cares.id:
        return Stop("agreement_over", "obligation.agreement_over")
    if cares is None and obligation.agreement_id is not None:
        return Stop("agreement", "obligation.agreement")
    return None


def exit_met(exits: Sequence[ExitRule], heard: Heard) -> ExitRule | None:
    """The first exit rule that `heard` meets. A condition that can't be read counts as met."""
    for rule in exits:
        if rule.on == heard.type and _holds(rule.when, heard):
            return rule
    return None


def concerns(enrolment: Enrolment, steps: Iterable[Step], heard: Heard) -> bool:
    """Whether `heard` can end the enrolment: it is about the same matter, or about no other.

    steps: the enrolment's, asked for where the fact is of OF_ONE_MESSAGE: what a customer does with
    one message concerns those whose steps it carried; where it is not sure which it was, all.
    """
    if heard.type in OF_ONE_MESSAGE and (first := heard.data.get("step_id")):
        carried = {first, *heard.data.get("joined", ())}
        return any(step.id in carried for step in steps)
    return heard.obligation_id is None or (
        heard.obligation_id == enrolment.obligation_id
        and heard.kind in (None, enrolment.obligation_kind)
    )


def _holds(condition: str | None, heard: Heard) -> bool:
    try:
        return condition_holds(condition, event_values(heard.type, heard.data))
    except ConditionError:
        return True
