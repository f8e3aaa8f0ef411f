"""What contacts cost by the assumed prices, for each contact and for each outcome they brought."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rapport.audit.log import Log
from rapport.lift.assumptions import Assumptions
from rapport.lift.compare import LEAST_CUSTOMERS, Comparison
from rapport.lift.intervals import Interval
from rapport.lift.units import Unit
from schemas.facts import MessageFailed, MessageIntended, OutreachEnrolled


@dataclass(frozen=True, slots=True)
class Contact:
    """One message that went out, or may have."""

    at: datetime
    playbook: str
    channel: str
    variant: str


class Contacts:
    """All contacts of a log, by customer and playbook."""

    def __init__(self, log: Log) -> None:
        failed = {fact.data.message_id for fact in log.of(MessageFailed)}
        self._made: dict[tuple[str, str], list[Contact]] = defaultdict(list)
        for fact in log.of(MessageIntended):
            data = fact.data
            if data.message_id not in failed:
                contact = Contact(data.checked_at, data.playbook, data.channel, data.variant)
                self._made[fact.who].append(contact)
        self.purposes = {
            (fact.tenant, fact.data.playbook): fact.data.purpose
            for fact in log.of(OutreachEnrolled)
        }

    def of(self, unit: Unit, until: datetime) -> list[Contact]:
        """The contacts of a playbook with a customer between trigger and `until`, in order."""
        made = self.of_any_playbook(unit, until)
        return [contact for contact in made if contact.playbook == unit.playbook]

    def of_any_playbook(self, unit: Unit, until: datetime) -> list[Contact]:
        """The same over all playbooks."""
        made = self._made.get((unit.tenant, unit.customer), [])
        return [contact for contact in made if unit.began <= contact.at < until]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a group's contacts cost, in units of the assumed currency, at assumed prices.

    contacts: of the playbook, within the window. total: of contacts and hand-offs. per_outcome: for
    each outcome that would not have come without; None where no gain is proven, since a gain that
    may be nothing has no price.
    """

    customers: int
    contacts: int
    handoffs: int
    total: float
    per_contact: float | None
    per_outcome: float | None
    per_outcome_interval: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return asdict(self)


def costs(
    customers: int,
    contacts: Sequence[Contact],
    handoffs: int,
    comparison: Comparison,
    assumed: Assumptions,
) -> Costs:
    """What outreach to `customers` (the whole side, contacted or not) cost."""
    total = float(
        sum(assumed.of_contact(contact.channel) for contact in contacts)
        + handoffs * assumed.assumed_cost_handoff
    )
    interval = comparison.interval
    per_outcome = per_outcome_interval = None
    if comparison.is_gain and interval is not None and comparison.difference is not None:
        each = total / customers
        per_outcome = each / comparison.difference
        per_outcome_interval = Interval(each / interval.high, each / interval.low)
    return Costs(
        customers=customers,
        contacts=len(contacts),
        handoffs=handoffs,
        total=total,
        per_contact=total / len(contacts) if contacts else None,
        per_outcome=per_outcome,
        per_outcome_interval=per_outcome_interval,
    )


@dataclass(frozen=True, slots=True)
class SmallDebt:
    """What makes a small debt worth the effort.

    needed: so many more of a hundred debts (as a share) must be paid because of outreach, for it to
    earn what it costs. break_even: what a contact may cost at the most, by the gain that was
    measured over debts of every size; its lower end is the safe one. None: no gain is proven.
    """

    debt: float
    contacts_per_debt: float
    cost_per_contact: float
    needed: float
    break_even: float | None
    break_even_interval: Interval | None

    @property
    def is_worth_it(self) -> bool | None:
        """Whether even the lower end of the gain pays for it; None: not known."""
        if self.break_even_interval is None:
            return None
        return self.cost_per_contact <= self.break_even_interval.low

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {**asdict(self), "is_worth_it": self.is_worth_it}


def small_debt(spent: Costs, comparison: Comparison, assumed: Assumptions) -> SmallDebt | None:
    """The price of a contact at which a small debt is worth it; None without enough contacts."""
    if spent.customers < LEAST_CUSTOMERS or spent.per_contact is None:
        return None
    earned = float(assumed.assumed_small_debt) * assumed.assumed_earned_bp / 10_000
    contacts = spent.contacts / spent.customers
    break_even = interval = None
    if comparison.is_gain and comparison.interval and comparison.difference is not None:
        break_even = earned * comparison.difference / contacts
        interval = Interval(
            earned * comparison.interval.low / contacts,
            earned * comparison.interval.high / contacts,
        )
    return SmallDebt(
        debt=float(assumed.assumed_small_debt),
        contacts_per_debt=contacts,
        cost_per_contact=spent.per_contact,
        needed=spent.per_contact * contacts / earned,
        break_even=break_even,
        break_even_interval=interval,
    )
