"""Between rows, contracts and the values that the rules know."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from schemas.commands import OfferAuthority
from services.negotiator.model import Authority, Instalment, Plan, PlanKind, Terms
from services.negotiator.tables import OfferRow


def authority(stored: Mapping[str, Any]) -> Authority:
    """The authority as the rules know it, from the contract's fields."""
    return Authority(**OfferAuthority.model_validate(stored).model_dump())


def instalments(stored: Sequence[Mapping[str, Any]]) -> tuple[Instalment, ...]:
    """A schedule from its stored form."""
    return tuple(
        Instalment(date.fromisoformat(part["due_date"]), part["amount_minor"]) for part in stored
    )


def stored_instalments(parts: Sequence[Instalment]) -> list[dict[str, Any]]:
    """A schedule as it is stored."""
    return [
        {"due_date": part.due_date.isoformat(), "amount_minor": part.amount_minor} for part in parts
    ]


def plan(row: OfferRow) -> Plan:
    """The plan that an offer promises."""
    return Plan(
        name=row.name,
        kind=PlanKind(row.kind),
        total_minor=row.total_minor,
        discount_minor=row.discount_minor,
        instalments=instalments(row.instalments),
    )


def terms(row: OfferRow) -> Terms:
    """Everything that the offer's signature covers, as stored now."""
    return Terms(
        tenant=row.tenant,
        case_id=row.case_id,
        offer_id=row.offer_id,
        obligation_id=row.obligation_id,
        currency=row.currency,
        balance_minor=row.balance_minor,
        plan=plan(row),
        expires_at=row.expires_at,
        authority=authority(row.authority),
    )


def zone(*names: str | None) -> ZoneInfo:
    """The first time zone that is known; UTC where none is."""
    return ZoneInfo(next((name for name in names if name), "UTC"))
