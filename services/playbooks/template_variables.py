"""What templates may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.playbook import PlaybookDocument
from services.playbooks.variables import EVENT_FIELDS


@dataclass(frozen=True)
class TemplateVariable:
    """A variable of templates.

    `fields`: any of these fields of a trigger event gives it; none: it comes from elsewhere.
    `unsure`: it may be unknown (None) though no event says so. `sample`: for a trial.
    """

    meaning: str
    fields: tuple[str, ...] = ()
    unsure: bool = False
    sample: Any = "x"


_AGREED = ("offer_id",)
"""What an agreement has, and no other event that starts a playbook."""
_DAY = ("due_date", "expires_on", "valid_until", *_AGREED)

TEMPLATE_VARIABLES: Mapping[str, TemplateVariable] = {
    "name": TemplateVariable("the customer's name", unsure=True),
    "creditor": TemplateVariable("to whom the money is owed", ("creditor",)),
    "amount": TemplateVariable("what is asked for now", ("amount_minor", "total_minor")),
    "balance": TemplateVariable("the whole debt", ("balance_minor",)),
    "due_date": TemplateVariable("the day it falls due or ends", _DAY),
    "days_left": TemplateVariable("whole days to that day; 0 on it and after", _DAY, sample=3),
    "product": TemplateVariable("what it is for", ("product",)),
    "products": TemplateVariable(
        "products that went quiet (a list)", ("products",), sample=["x", "y"]
    ),
    "plan": TemplateVariable("the subscription's plan", ("plan",)),
    "price": TemplateVariable("what renewing costs", ("price_minor",)),
    "perks": TemplateVariable("what the plan gives (a list)", ("perks",), sample=["x", "y"]),
    "recommended": TemplateVariable(
        "titles to the customer's taste (a list)", ("recommended",), sample=["x", "y"]
    ),
    "step": TemplateVariable("where the application stopped", ("step",)),
    "title": TemplateVariable("the benefit", ("title",)),
    "value": TemplateVariable("what the benefit is worth", ("value",)),
    "instalment": TemplateVariable(
        "which payment of an agreement it is, from 1", _AGREED, sample=2
    ),
    "instalments": TemplateVariable("how many payments were agreed", _AGREED, sample=3),
    "count": TemplateVariable("how many things it is about; more than 1 in `several`", sample=2),
    "items": TemplateVariable("the things it is about (a list, never empty)"),
    "total": TemplateVariable(
        "all amounts together, where they are in one currency", ("amount_minor",), unsure=True
    ),
    "brand": TemplateVariable("`brand.name`: the name that stands on the mail", sample={"name": 1}),
    "links": TemplateVariable("`links.portal` and so on: addresses", sample={}),
    "choices": TemplateVariable("`choices.NAME`: addresses of one-tap answers", sample={}),
}
"""What templates may ask for. Lists may be empty; guard what may be unknown with `if`."""

ITEM = (
    "creditor",
    "amount",
    "balance",
    "due_date",
    "days_left",
    "product",
    "plan",
    "price",
    "perks",
    "recommended",
    "step",
    "title",
    "value",
    "products",
)
"""What there is of each of `items`, besides `links` and the flag `autopay`."""

SHARED = frozenset({"name", "count", "items", "total", "due_date", "days_left", "brand", "links"})
"""What the template `several` may ask for; `due_date` and `days_left` are those of the first."""

SHARED_LINKS = frozenset({"portal", "browse", "offers"})
"""Links that are about no single thing."""

LINKS: Mapping[str, str] = {
    "portal": "the customer's own page: see, choose a plan, ask, object",
    "pay": "pays the bill",
    "autopay": "switches on automatic payment",
    "renew": "renews the subscription",
    "plans": "shows other plans, cheaper ones too, and a pause",
    "browse": "shows what there is to enjoy",
    "resume": "goes on with the application where it stopped",
    "options": "works out other terms for the application: amounts, times, the whole cost",
    "offers": "shows what there is for this customer at present",
    "benefit": "shows the benefit: what it is worth, and how to use it",
}
"""Links that a message can carry. Rapport makes `portal`; a tenant's file says where the rest
lead."""


def not_given_by(name: str, document: PlaybookDocument) -> str | None:
    """The types of the trigger events where none of them ever gives the variable, or None."""
    events = [trigger.event for trigger in document.triggers]
    if any(gives(event, name) or event not in EVENT_FIELDS for event in events):
        return None  # an unknown event is a fault of its own
    return ", ".join(events)


def gives(event: str, name: str) -> bool:
    """Whether an event of this type can give the variable; what comes from elsewhere it does."""
    fields = TEMPLATE_VARIABLES[name].fields
    return not fields or any(field in EVENT_FIELDS.get(event, {}) for field in fields)


def may_be_unknown(name: str, document: PlaybookDocument) -> bool:
    """Whether a template must guard the variable with `if`."""
    variable = TEMPLATE_VARIABLES[name]
    if variable.unsure:
        return True
    events = [EVENT_FIELDS.get(trigger.event, {}) for trigger in document.triggers]
    return bool(variable.fields) and not all(
        any(field in fields and fields[field].always for field in variable.fields)
        for fields in events
    )
