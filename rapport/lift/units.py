"""Who was meant to be contacted and who was held out: one customer once for each playbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rapport.audit.log import Fact, Log
from schemas.facts import CustomerHeldOut, CustomerSegmented, EventApplied

Arm = Literal["outreach", "playbook_holdout", "global_holdout"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One customer and one playbook, from the first trigger that matched.

    Whoever matched and was not held out is of the arm `outreach`, contacted or not: a customer who
    pays before the first letter would otherwise count for the letters, or for nobody.
    family: what the trigger was about: bill, subscription, application, benefit or customer.
    """

    tenant: str
    customer: str
    playbook: str
    segment: str
    tone: str
    arm: Arm
    family: str
    obligation_id: str
    began: datetime


def units(log: Log) -> list[Unit]:
    """Each customer's first matched trigger of each playbook, in the order of the log."""
    held = {_trigger_of(fact): fact for fact in reversed(log.of(CustomerHeldOut))}
    families = {
        (*fact.who, fact.data.event_id): _family(fact.data.event_type)
        for fact in log.of(EventApplied)
    }
    found: dict[tuple[str, str, str], Unit] = {}
    for fact in log.of(CustomerSegmented):
        key = (*fact.who, fact.data.playbook)
        if fact.data.matched and key not in found:
            upon = (*fact.who, fact.data.playbook, fact.data.trigger_event_id)
            found[key] = Unit(
                *key,
                segment=fact.data.segment or "",
                tone=fact.data.tone or "",
                arm=_arm(held.get(upon)),
                family=families.get((*fact.who, fact.data.trigger_event_id), "customer"),
                obligation_id=fact.data.obligation_id or "",
                began=fact.time,
            )
    return list(found.values())


def first_of_each_customer(units: Iterable[Unit]) -> list[Unit]:
    """The units of the all-playbooks comparison: each customer's first, where the global holdout
    counts. A playbook none of whose customers was globally held out is not part of it.
    """
    given = list(units)
    joined = {(unit.tenant, unit.playbook) for unit in given if unit.arm == "global_holdout"}
    firsts: dict[tuple[str, str], Unit] = {}
    for unit in sorted(given, key=lambda one: one.began):
        if (unit.tenant, unit.playbook) in joined:
            firsts.setdefault((unit.tenant, unit.customer), unit)
    return list(firsts.values())


def against(units: Sequence[Unit]) -> Arm | None:
    """Which holdout a playbook is measured against: its own, else the global one."""
    arms = {unit.arm for unit in units}
    for arm in ("playbook_holdout", "global_holdout"):
        if arm in arms:
            return arm
    return None


def _trigger_of(fact: Fact[CustomerHeldOut]) -> tuple[str, str, str, str]:
    data = fact.data
    return (*fact.who, data.instead_of or data.playbook or "", data.trigger_event_id or "")


def _arm(held: Fact[CustomerHeldOut] | None) -> Arm:
    if held is None:
        return "outreach"
    return "global_holdout" if held.data.playbook is None else "playbook_holdout"


def _family(event_type: str) -> str:
    family = event_type.partition(".")[0]
    return "bill" if family == "payment" else family
