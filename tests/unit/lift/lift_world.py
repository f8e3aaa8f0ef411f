"""Logs with many customers, of whom some were held out and some reached the outcome."""

from decimal import Decimal
from typing import Any

from rapport.lift.assumptions import Assumptions
from rapport.lift.report import Report, Row
from rapport.lift.run import lift
from support.audit.log_builder import plus
from support.audit.world import World

DAY = "2026-03-02T09:00:00+00:00"
LATER = "2026-05-01T00:00:00+00:00"
PRICES = Assumptions(
    assumed_cost_currency="USD",
    assumed_cost_email=Decimal("0.01"),
    assumed_cost_handoff=Decimal(2),
    assumed_earned_bp=2_000,
    assumed_small_debt=Decimal(3),
)


class Trial(World):
    """A world of customers who miss a payment."""

    def customers(
        self,
        prefix: str,
        count: int,
        paying: int,
        *,
        held_by: str | None = None,
        messages: int = 1,
        **more: Any,
    ) -> None:
        """So many customers, of whom the first `paying` pay within a week."""
        for number in range(count):
            customer = f"{prefix}-{number}"
            self.customer(customer, held_by=held_by, messages=messages, **more)
            if number < paying:
                self.pays(customer, days=6)

    def customer(
        self,
        customer: str,
        *,
        held_by: str | None = None,
        messages: int = 1,
        playbook: str = "recover",
        segment: str = "everyone",
        tone: str = "neutral",
        bill: str = "1",
        at: str = DAY,
        tenant: str = "default",
    ) -> None:
        """Misses a payment and is written to so often, or is held out (`global` or playbook)."""
        name, obligation = f"{customer}.{playbook}.{bill}", f"b-{customer}-{bill}"
        trigger = f"{name}.missed"
        self.bill(trigger, customer, at, obligation, type="payment.missed", tenant=tenant)
        both: dict[str, Any] = {
            "playbook_version": 1,
            "segment": segment,
            "tone": tone,
            "obligation_id": obligation,
            "trigger_event_id": trigger,
        }
        self.add(f"{name}.segmented", "customer.segmented", customer, at, tenant=tenant,
                 playbook=playbook, matched=True, **both)  # fmt: skip
        if held_by is not None:
            self.add(f"{name}.held", "customer.held_out", customer, at, tenant=tenant,
                     playbook=None if held_by == "global" else held_by, holdout=held_by,
                     share_bp=1000, instead_of=playbook, **both)  # fmt: skip
            return
        self.add(f"{name}.enrolled", "outreach.enrolled", customer, at, tenant=tenant,
                 enrolment_id=name, command_id=f"{name}.c", playbook=playbook,
                 playbook_version=1, segment=segment, tone=tone, purpose="collection",
                 obligation={"obligation_id": obligation, "kind": "bill"},
                 trigger_event_id=trigger)  # fmt: skip
        for number in range(messages):
            self.message(f"{name}.d{number}", customer, plus(at, days=number, hours=1),
                         f"{name}.s{number}", name, obligation, playbook=playbook,
                         segment=segment, tone=tone, variant=f"hello/{tone}",
                         tenant=tenant, purpose="collection")  # fmt: skip

    def pays(self, customer: str, *, days: float, bill: str = "1", tenant: str = "default",
             type: str = "payment.received", **data: Any) -> None:  # fmt: skip
        """Pays a bill of 120 dollars in full, so many days after the start."""
        payment: dict[str, Any] = {
            "payment_id": f"p-{customer}-{bill}",
            "bill_id": f"b-{customer}-{bill}",
            "amount_minor": 12000,
            "currency": "USD",
            "remaining_minor": 0,
        }
        name = f"{customer}.{type}.{bill}.{days}.{tenant}"
        self.event(name, type, customer, plus(DAY, days=days), tenant=tenant,
                   obligation=f"b-{customer}-{bill}", **payment | data)  # fmt: skip

    def ends(self, at: str = LATER) -> None:
        """Something happens so late that all windows have closed."""
        self.add("end", "log.heartbeat", "lane:0", at, service="messenger", lane=0, sent_at=at)

    def report(self, window_days: int = 30) -> Report:
        """What is reported of it."""
        return lift(self.records(), window_days, PRICES)


def row(report: Report, playbook: str | None = "recover", segment: str | None = None,
        outcome: str = "paid") -> Row:  # fmt: skip
    """The one row about this."""
    (found,) = (
        one
        for one in report.rows
        if (one.playbook, one.segment, one.outcome) == (playbook, segment, outcome)
    )
    return found
