"""What `rapport lift` reports, and its form for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rapport.lift.assumptions import Assumptions
from rapport.lift.compare import LEAST_CUSTOMERS, LEAST_EXPECTED, Comparison, Share
from rapport.lift.costs import Costs, SmallDebt
from rapport.lift.hour_gain import HourGain
from rapport.lift.intervals import CONFIDENCE
from rapport.lift.loop import Loop
from rapport.lift.wording_gain import WordingGain

METHOD: Final = (
    "Shares: Wilson score intervals. Differences: Newcombe's hybrid score intervals (1998, "
    f"method 10). {CONFIDENCE:.0%}, each by itself: of twenty rows in which nothing happened, one "
    "will look as if something had."
)
RULE: Final = (
    f"A share is shown from {LEAST_CUSTOMERS} customers on, a difference where both sides have "
    f"{LEAST_CUSTOMERS} and at least {LEAST_EXPECTED} of the smaller are expected with and without "
    "the outcome, a cost per outcome where the whole interval lies above 0."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One playbook, or one segment and tone of it, and one outcome.

    playbook None: all playbooks together, against the global holdout. contacted: customers of the
    side `outreach` to whom a message went. against: which holdout; None: there is none.
    """

    tenant: str
    playbook: str | None
    segment: str | None
    tone: str | None
    outcome: str
    against: str | None
    contacted: int
    comparison: Comparison
    costs: Costs

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {
            "tenant": self.tenant,
            "playbook": self.playbook,
            "segment": self.segment,
            "tone": self.tone,
            "outcome": self.outcome,
            "against": self.against,
            "contacted": self.contacted,
            **self.comparison.as_dict(),
            "costs": self.costs.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Wording:
    """What became of those whose first message had a wording. No difference to the holdout: who is
    reached at all is a result already, and nobody in the holdout has a wording.
    """

    tenant: str
    playbook: str
    variant: str
    outcome: str
    share: Share

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {
            "tenant": self.tenant,
            "playbook": self.playbook,
            "variant": self.variant,
            "outcome": self.outcome,
            **self.share.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. open: customers, by tenant and playbook, whose window has not closed yet; they
    count nowhere. simulated: the customers are those of `rapport demo`.
    """

    window_days: int
    until: datetime
    assumptions: Assumptions
    rows: Sequence[Row]
    wordings: Sequence[Wording]
    gains: Sequence[WordingGain]
    hours: Sequence[HourGain]
    simulated: bool
    small_debts: Mapping[tuple[str, str], SmallDebt | None]
    loops: Sequence[Loop]
    open: Mapping[tuple[str, str], int]

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {
            "window_days": self.window_days,
            "until": self.until.isoformat(),
            "method": METHOD,
            "rule": RULE,
            "assumptions": self.assumptions.as_dict(),
            "rows": [row.as_dict() for row in self.rows],
            "wordings": [wording.as_dict() for wording in self.wordings],
            "wording_gains": [gain.as_dict() for gain in self.gains],
            "hour_gains": [gain.as_dict() for gain in self.hours],
            "simulated": self.simulated,
            "small_debts": [
                {"tenant": tenant, "playbook": playbook, **(found.as_dict() if found else {})}
                for (tenant, playbook), found in sorted(self.small_debts.items())
            ],
            "loop": [loop.as_dict() for loop in self.loops],
            "open": [
                {"tenant": tenant, "playbook": playbook, "customers": count}
                for (tenant, playbook), count in sorted(self.open.items())
            ],
        }
