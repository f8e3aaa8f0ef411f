"""What an event is about: its obligation, and the words' inputs that are not personal."""

from collections.abc import Mapping
from typing import Any

from services.segmenter.rules import matched_titles

_ID_FIELDS = ("bill_id", "subscription_id", "application_id", "benefit_id", "obligation_id")
_KINDS = {
    "bill": "bill",
    "payment": "bill",
    "subscription": "subscription",
    "application": "application",
    "benefit": "benefit",
}
_DUE_FIELDS = ("due_date", "expires_on", "valid_until")
# What templates may say besides the terms; every one is the publisher's wording, none personal.
_WORDING = (
    "plan",
    "perks",
    "recommended",
    "product",
    "step",
    "title",
    "value",
    "kind",
    "auto_renew",
    "autopay",
    "products",
)


def obligation_id_of(event_type: str, data: Mapping[str, Any]) -> str | None:
    """The obligation an event speaks of, if it speaks of one."""
    del event_type
    for field in _ID_FIELDS:
        if data.get(field) is not None:
            return str(data[field])
    return None


def obligation_terms(event_type: str, data: Mapping[str, Any], customer: str) -> dict[str, Any]:
    """The fields of `schemas.commands.ObligationTerms` that a trigger event gives."""
    due = next((data[field] for field in _DUE_FIELDS if data.get(field)), None)
    parties = [party["customer_id"] for party in data.get("parties") or ()]
    return {
        "obligation_id": obligation_id_of(event_type, data) or _own(event_type, data, customer),
        "kind": _KINDS.get(event_type.partition(".")[0], "benefit"),
        "creditor": data.get("creditor"),
        "amount_minor": data.get("amount_minor", data.get("price_minor")),
        "balance_minor": data.get("balance_minor"),
        "currency": data.get("currency"),
        "due_date": due,
        "due_timezone": data.get("due_timezone"),
        "product": data.get("product") or data.get("plan"),
        "version": data.get("version"),
        "actor_role": data.get("actor_role") or "creditor",
        "parties": sorted({customer, *parties}),
    }


def wording_inputs(data: Mapping[str, Any], interests: list[str]) -> dict[str, Any]:
    """What the templates may use besides the terms, titles the customer may like best first."""
    inputs = {name: data[name] for name in _WORDING if data.get(name) is not None}
    if inputs.get("recommended"):
        inputs["recommended"] = matched_titles(inputs["recommended"], interests)
    return inputs


def _own(event_type: str, data: Mapping[str, Any], customer: str) -> str:
    """Stands for an obligation where the matter is the customer's own: each quiet time is one."""
    since = data.get("last_active_on")
    return ":".join(filter(None, (event_type, customer, since and str(since))))
