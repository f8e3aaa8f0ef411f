"""How debts were resolved, by the log alone: without a person or with one, and at what cost."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rapport.audit.log import Log, Record, build
from rapport.audit.verdict import Report
from rapport.lift.assumptions import Assumptions
from rapport.lift.outcomes import Outcomes
from rapport.lift.units import Unit
from schemas.facts import (
    AgreementKept,
    HandoffRequested,
    MessageFailed,
    MessageIntended,
    OutreachEnrolled,
)

Key = tuple[str, str]
"""Tenant and obligation."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """Debts that were written about for collection, and what became of them by the log's end.

    resolved: paid, or under a plan that is not broken. alone: of those, without that anybody was
    asked to take over. kept: instalments that were paid. cost: of all contacts and hand-offs about
    debts, at assumed prices, in units of the currency. paid_but_contacted: messages that went out
    though it was known that nothing was owed (a promise of the audit, so it must be 0).
    """

    debts: int
    resolved: int
    alone: int
    kept: int
    contacts: int
    handoffs: int
    cost: float
    currency: str
    paid_but_contacted: int

    @property
    def share_resolved(self) -> float | None:
        """Of all debts."""
        return self.resolved / self.debts if self.debts else None

    @property
    def share_alone(self) -> float | None:
        """Of the resolved ones, those without a person."""
        return self.alone / self.resolved if self.resolved else None

    @property
    def cost_per_contact(self) -> float | None:
        """Hand-offs included: a contact that leads to a person costs their time."""
        return self.cost / self.contacts if self.contacts else None

    @property
    def contacts_per_resolution(self) -> float | None:
        """Messages about debts, for each that was resolved."""
        return self.contacts / self.resolved if self.resolved else None

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        names = ("share_resolved", "share_alone", "cost_per_contact", "contacts_per_resolution")
        return {"simulated": True, **asdict(self), **{name: getattr(self, name) for name in names}}


def of_records(
    records: Iterable[Record], verdict: Report, assumed: Assumptions | None = None
) -> Figures:
    """The figures of a log that was audited. assumed: prices; absent: from the environment."""
    settled = sum((one.promise, one.rule) == (3, "settled") for one in verdict.violations)
    return of_log(build(records), settled, assumed or Assumptions())


def of_log(log: Log, paid_but_contacted: int, assumed: Assumptions) -> Figures:
    """The same of a log that is read already."""
    debts: dict[Key, Unit] = {}
    for fact in log.of(OutreachEnrolled):
        if fact.data.purpose == "collection" and fact.data.obligation.kind == "bill":
            about = fact.data.obligation.obligation_id
            unit = Unit(
                tenant=fact.tenant,
                customer=fact.customer,
                playbook=fact.data.playbook,
                segment=fact.data.segment,
                tone=fact.data.tone,
                arm="outreach",
                family="bill",
                obligation_id=about,
                began=fact.time,
            )
            debts.setdefault((fact.tenant, about), unit)
    outcomes = Outcomes(log)
    over = (log.last_time or _NEVER) + timedelta(seconds=1)
    resolved = {
        key
        for key, unit in debts.items()
        if any(outcomes.reached(unit, one, over) for one in ("paid", "agreed"))
    }
    asked = [
        fact
        for fact in log.of(HandoffRequested)
        if (fact.tenant, fact.data.obligation_id or "") in debts
    ]
    failed = {fact.data.message_id for fact in log.of(MessageFailed)}
    contacts = [
        fact
        for fact in log.of(MessageIntended)
        if fact.data.message_id not in failed
        and any((fact.tenant, one) in debts for one in fact.data.obligation_ids)
    ]
    cost = sum(assumed.of_contact(fact.data.channel) for fact in contacts)
    with_person = {(fact.tenant, fact.data.obligation_id or "") for fact in asked}
    return Figures(
        debts=len(debts),
        resolved=len(resolved),
        alone=len(resolved - with_person),
        kept=len(log.of(AgreementKept)),
        contacts=len(contacts),
        handoffs=len(asked),
        cost=float(cost + len(asked) * assumed.assumed_cost_handoff),
        currency=assumed.assumed_cost_currency,
        paid_but_contacted=paid_but_contacted,
    )
