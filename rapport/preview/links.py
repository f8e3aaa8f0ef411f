"""Links of a preview: they say what they are for, and open nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.messenger.links import LinkKind, Links, ShortLink
from services.runtime.security import Signer


class _Named(Signer):
    """Writes the name of a link where its signature would stand."""

    def sign(self, purpose: str, payload: dict[str, Any], expires: datetime) -> str:
        """The link's name, or what it is for."""
        del expires
        names = [str(value) for name, value in payload.items() if name != "m"]
        return "-".join(names) or purpose


class _Links(Links):
    """Short links by what they are for, as long as those that are found by it."""

    def shortened(self, kind: LinkKind, link: str | None, now: datetime) -> ShortLink:
        """Named, and not stored."""
        made = super().shortened(kind, link, now)
        return replace(made, name=(link or kind.value).ljust(len(made.name), "-"))


def preview_links(domain: str) -> Links:
    """Links at a tenant's domain."""
    base = f"https://{domain}"
    return _Links(_Named("preview"), here=base, negotiator=base, good_for=timedelta(days=180))
