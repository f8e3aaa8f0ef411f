"""What an event is about: its obligation, and the words' inputs that are not personal."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.segmenter.rules import matched_titles

_ID_FIELDS = ("bill_id", "subscription_id", "application_id", "benefit_id", "obligation_id")
_KINDS = {
    "bill": "bill",
    "payment": "bill",
    "agreement": "bill",
    "handoff": "bill",
    "subscription": "subscription",
    "application": "application",
    "benefit": "benefit",
}
_OWN_KIND = "benefit"
"""Of what is about no obligation: nothing is owed, so that nothing can settle it."""
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


class Terms(msgspec.Struct, omit_defaults=True):
    """`schemas.commands.ObligationTerms`; what is not known is left out."""

    obligation_id: str
    kind: str
    actor_role: str
    parties: list[str]
    creditor: str | None = None
    amount_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    due_date: str | None = None
    due_timezone: str | None = None
    product: str | None = None
    version: int | None = None


def obligation_terms(event_type: str, data: Mapping[str, Any], customer: str) -> Terms:
    """What a trigger event says of its obligation."""
    given, about = data.get, obligation_id_of(event_type, data)
    parties = [party["customer_id"] for party in given("parties") or ()]
    return Terms(
        obligation_id=about or _own(event_type, data, customer),
        kind=_KINDS.get(event_type.partition(".")[0], _OWN_KIND) if about else _OWN_KIND,
        actor_role=given("actor_role") or "creditor",
        parties=sorted({customer, *parties}),
        creditor=given("creditor"),
        amount_minor=given("amount_minor", given("price_minor")),
        balance_minor=given("balance_minor"),
        currency=given("currency"),
        due_date=next((data[field] for field in _DUE_FIELDS if given(field)), None),
        due_timezone=given("due_timezone"),
        product=given("product") or given("plan"),
        version=given("version"),
    )


def wording_inputs(data: Mapping[str, Any], interests: list[str]) -> dict[str, Any]:
    """What the templates may use besides the terms, titles the customer may like best first."""
    inputs = {name: data[name] for name in _WORDING if data.get(name) is not None}
    if inputs.get("recommended"):
        inputs["recommended"] = matched_titles(inputs["recommended"], interests)
    return inputs


def _own(event_type: str, data: Mapping[str, Any], customer: str) -> str:
    """Stands for an obligation where the matter is the customer's own: each quiet time is one, and
    each talk with a person."""
    if "handoff_id" in data:
        return f"handoff:{data['handoff_id']}"
    since = data.get("last_active_on")
    return ":".join(filter(None, (event_type, customer, since and str(since))))
