"""What the scheduler is told: orders to enrol, and facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from services.scheduler.model.state import Enrolment, Obligation


class Command(msgspec.Struct, frozen=True):
    """The order to enrol a customer. `terms`: the obligation as the command describes it."""

    tenant: str
    customer: str
    terms: Obligation
    enrolment: Enrolment


class Heard(msgspec.Struct, frozen=True):
    """One fact of the log, or the customer event that an `event.applied` tells of.

    stale: a higher publisher's version was known, so that it changes nothing. position: for
    customer events, topic/partition and offset on customer.events.
    """

    tenant: str
    customer: str
    type: str
    id: str
    time: datetime
    data: Mapping[str, Any]
    obligation_id: str | None = None
    stale: bool = False
    position: tuple[str, int] | None = None

    @property
    def version(self) -> int | None:
        """The publisher's version of the obligation."""
        return self.data.get("version")
