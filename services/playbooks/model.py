"""A playbook as the services hold it: loaded, checked and ready to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.playbook import PlaybookDocument


@dataclass(frozen=True)
class Wording:
    """One text in one language and tone: Jinja2, the body in Markdown as well."""

    subject: str
    preheader: str
    body: str


Templates = Mapping[str, Mapping[str, Mapping[str, Wording]]]
"""Locale, then template, then tone."""


@dataclass(frozen=True)
class Playbook:
    """One version of one playbook.

    `attributes`: for each segment, the steering attributes that its condition asks for.
    `content_hash`: SHA-256 (hex) over document and templates, the same on every machine.
    """

    document: PlaybookDocument
    templates: Templates
    attributes: tuple[frozenset[str], ...]
    content_hash: str

    @property
    def name(self) -> str:
        """Its name, unique among the playbooks of a tenant."""
        return self.document.name

    @property
    def version(self) -> int:
        """Its version."""
        return self.document.version

    def with_floor(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """`values` and this playbook's `floor_minor` for the currency among them."""
        if not self.document.floors:
            return values
        floor = self.document.floors.get(str(values.get("currency")), 0)
        return {**values, "floor_minor": floor}
