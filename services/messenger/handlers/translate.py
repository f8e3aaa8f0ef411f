"""Between rows and contracts on one side and the rules' plain values on the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.commands import DispatchOrdered
from services.messenger.model import (
    Customer,
    Handoff,
    Hold,
    Obligation,
    ObligationState,
    Order,
    Place,
    Suppression,
)
from services.messenger.tables import CustomerRow, ObligationRow
from services.policy.model import ConsentRecord, Contact


def customer_of(
    row: CustomerRow, suppressions: Sequence[Suppression], contacts: tuple[Contact, ...]
) -> Customer:
    """The addressee as the final check sees them."""
    return Customer(
        email=row.email,
        place=Place(row.timezone, row.country, row.region, row.city),
        consents=tuple(_consent(key, said) for key, said in row.consents.items()),
        holds=tuple(_hold(key, hold) for key, hold in row.holds.items()),
        handoffs=tuple(
            Handoff(str(h["reason"]), h["obligation_id"]) for h in row.handoffs.values()
        ),
        suppressions=tuple(suppressions),
        contacts=contacts,
        merged_into=row.merged_into,
    )


def order_of(dispatch: DispatchOrdered, *, cancelled: bool) -> Order:
    """The dispatch as the final check sees it."""
    place = dispatch.place
    zones = [terms.due_timezone for terms in dispatch.obligations if terms.due_timezone]
    return Order(
        purpose=dispatch.purpose,
        channel=dispatch.channel,
        obligation_ids=tuple(terms.obligation_id for terms in dispatch.obligations),
        not_after=dispatch.not_after,
        place=Place(place.timezone, place.country, place.region, place.city),
        due_timezone=zones[0] if zones else None,
        cancelled=cancelled,
    )


def obligation_of(row: ObligationRow) -> Obligation:
    """The row as a value."""
    return Obligation(
        ObligationState(row.state), row.amount_minor, row.version, row.changed_at, row.agreed
    )


def update_obligation(row: ObligationRow, value: Obligation) -> None:
    """The value into the row."""
    row.state = value.state.value
    row.amount_minor = value.amount_minor
    row.version = value.version
    row.changed_at = value.changed_at
    row.agreed = value.agreed


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 instant out of a JSON column."""
    return None if text is None else datetime.fromisoformat(text)


def _consent(key: str, said: dict[str, Any]) -> ConsentRecord:
    channel, _, purpose = key.partition("/")
    return ConsentRecord(
        channel,
        purpose,
        said["status"],
        datetime.fromisoformat(said["at"]),
        instant(said["expires_at"]),
    )


def _hold(key: str, hold: dict[str, Any]) -> Hold:
    kind, _, obligation_id = key.partition("/")
    return Hold(kind, obligation_id or None, instant(hold["until"]))


def _handoff(handoff: dict[str, str | None]) -> Handoff:
    return Handoff(str(handoff["reason"]), handoff["obligation_id"])
