"""A playbook as the services hold it: loaded, checked and ready to decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.playbook import PlaybookDocument

CHOICES = "choices"
"""Key of a file of templates under which its labels of choices stand."""

SMS = "sms"
"""Key of a wording under which its short text stands."""

IN_FULL = frozenset({"email", "in_app"})
"""Channels by which a whole letter goes; the others carry a short text."""

VARIANTS = "variants"
"""Key of a wording under which its variants stand."""

DISCREET = "discreet"
"""Key of a wording under which stands what tells of no debt, for a reader not known yet."""

BASE = "base"
"""The name of the wording that has variants."""

SEVERAL = "several"
"""The template of a message about several obligations, in a playbook that consolidates."""


@dataclass(frozen=True)
class Wording:
    """One text in one language and tone: Jinja2, the body in Markdown as well.

    variants: other wordings of the same, by name, of which the messenger learns which does best.
    sms: the same in a line, for channels of short texts; empty: there is none.
    discreet: what stands instead of a part while it is not sure who reads, by part.
    """

    subject: str
    preheader: str
    body: str
    variants: Mapping[str, "Wording"] = field(default_factory=dict)
    sms: str = ""
    discreet: Mapping[str, str] = field(default_factory=dict)

    def named(self) -> Mapping[str, "Wording"]:
        """All of them by name; this one is `base`."""
        return {BASE: self, **self.variants}


DERIVED = frozenset({"floor_minor", "divisible"})
"""What a playbook works out for itself of an event."""

Labels = Mapping[str, Mapping[str, str]]
"""Locale, then choice: what the customer reads on the page of a one-tap answer."""

Templates = Mapping[str, Mapping[str, Mapping[str, Wording]]]
"""Locale, then template, then tone."""


@dataclass(frozen=True)
class Playbook:
    """One version of one playbook.

    `conditions`: of the segments, in order; `attributes`: the steering attributes each asks for.
    `content_hash`: SHA-256 (hex) over document and templates, the same on every machine.
    """

    document: PlaybookDocument
    templates: Templates
    conditions: tuple[str, ...]
    attributes: tuple[frozenset[str], ...]
    content_hash: str
    labels: Labels = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, unique among the playbooks of a tenant."""
        return self.document.name

    @property
    def version(self) -> int:
        """Its version."""
        return self.document.version

    def with_derived(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """`values` of an event, and what this playbook says to its amount and currency."""
        own = self.derived(values)
        return {**values, **own} if own else values

    def derived(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What this playbook says to an event's amount and currency; nothing without these."""
        amount, currency = values.get("amount_minor"), values.get("currency")
        if amount is None or currency is None:
            return {}
        offers = self.document.offers
        least = offers.least_instalment.get(currency) if offers else None
        return {
            "floor_minor": self.document.floors.get(currency, 0),
            "divisible": least is not None and amount >= 2 * least,
        }
