"""Which part of sending an operator has stopped. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

PROMISED_LAG = timedelta(seconds=2)
"""Real time that the messenger may be behind the log when it sends (design, promise 3).

So long after a word stands in the log nothing leaves any more that was checked without it."""


@dataclass(frozen=True, slots=True)
class SendingStop:
    """Nothing of this scope is sent: `everything`, a `tenant`, a `creditor` or a `playbook`.

    tenant: None where it is about everything. name: of the creditor or playbook, else None.
    """

    scope: str
    tenant: str | None = None
    name: str | None = None

    @property
    def rule(self) -> str:
        """What it is cited by."""
        return f"sending/{self.scope}"

    def halts(self, tenant: str, playbook: str, creditor: str | None) -> bool:
        """Whether it stops a contact of this playbook about an obligation to this creditor."""
        if self.scope == "everything":
            return True
        if tenant != self.tenant:
            return False
        asked = {"tenant": None, "playbook": playbook, "creditor": creditor}
        # A scope this version does not know stops what it may mean: all of the tenant.
        return self.scope not in asked or self.name == asked[self.scope]


def halting(
    stops: Iterable[SendingStop], tenant: str, playbook: str, creditor: str | None
) -> SendingStop | None:
    """The first of the stops that forbids this contact, if any."""
    return next((stop for stop in stops if stop.halts(tenant, playbook, creditor)), None)
