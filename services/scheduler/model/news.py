"""What the scheduler is told: orders to enrol, and facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from services.scheduler.model.enrolment import Enrolment
from services.scheduler.model.state import Obligation, ObligationKey

_KINDS = {
    "bill": "bill",
    "payment": "bill",
    "agreement": "bill",
    "offer": "bill",
    "subscription": "subscription",
    "application": "application",
    "benefit": "benefit",
}


class Command(msgspec.Struct, frozen=True):
    """The order to enrol a customer. `terms`: the obligation as the command describes it."""

    tenant: str
    customer: str
    terms: Obligation
    enrolment: Enrolment


class Heard(msgspec.Struct, frozen=True):
    """One fact of the log, or the customer event that an `event.applied` tells of.

    stale: a higher publisher's version was known, so that it changes nothing. old: it came so late
    that it updates state and begins nothing. position: for customer events, topic/partition and
    offset on customer.events, and source, which names an event together with its id.
    """

    tenant: str
    customer: str
    type: str
    id: str
    time: datetime
    data: Mapping[str, Any]
    obligation_id: str | None = None
    stale: bool = False
    old: bool = False
    position: tuple[str, int] | None = None
    source: str = ""

    @property
    def kind(self) -> str | None:
        """The kind of obligation that such facts are about; None: it doesn't say (a hold)."""
        return _KINDS.get(self.type.partition(".")[0])

    @property
    def about(self) -> ObligationKey | None:
        """The obligation whose parties it concerns. Only bills have several: where the kind isn't
        said, what it means for another obligation concerns the customer alone."""
        if self.obligation_id is None:
            return None
        return self.tenant, self.kind or "bill", self.obligation_id

    @property
    def version(self) -> int | None:
        """The publisher's version of the obligation."""
        return self.data.get("version")
