"""Which holds stop a contact. Pure."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

GENTLER = frozenset({"vulnerability"})
"""Holds that change the wording and do not stop contact. Every other kind stops it."""

ABOUT_THE_PERSON = frozenset({"deceased", "cease_contact", "minor", "fraud", "bankruptcy"})
"""Holds that are about the person even where one obligation is named."""


class Hold(Protocol):
    """A typed reason that stops or changes contact."""

    @property
    def kind(self) -> str:
        """Kind by the contract of `customer.hold_placed`."""

    @property
    def obligation_id(self) -> str | None:
        """The obligation it is about; None: the whole customer."""

    @property
    def until(self) -> datetime | None:
        """When it ends by itself; None: open-ended."""


def stops(hold: Hold, obligation_ids: Collection[str], now: datetime) -> bool:
    """Whether a hold forbids a contact about these obligations at `now`."""
    return (
        hold.kind not in GENTLER
        and (hold.until is None or now < hold.until)
        and (
            hold.obligation_id is None
            or hold.obligation_id in obligation_ids
            or hold.kind in ABOUT_THE_PERSON
        )
    )
