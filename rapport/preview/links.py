"""Links of a preview: they say what they are for, and open nothing."""

from datetime import datetime, timedelta
from typing import Any

from services.messenger.links import Links
from services.runtime.security import Signer


class _Named(Signer):
    """Writes the name of a link where its signature would stand."""

    def sign(self, purpose: str, payload: dict[str, Any], expires: datetime) -> str:
        """The link's name, or what it is for."""
        del expires
        names = [str(value) for name, value in payload.items() if name != "m"]
        return "-".join(names) or purpose


def preview_links(domain: str) -> Links:
    """Links at a tenant's domain."""
    base = f"https://{domain}"
    return Links(_Named("preview"), here=base, negotiator=base, good_for=timedelta(days=180))
