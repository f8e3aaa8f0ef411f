"""How far the machine keeps quiet while a person has taken over. Pure."""

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol

OUTRIGHT = frozenset({"dispute", "hardship", "wrong_person", "not_me", "bereavement"})
"""Reasons that silence every purpose. Any other (a question, a wish for a person) leaves all but
collection alone."""

HANDS_BACK = frozenset({"identity_confirmed", "unreachable", "done"})
"""Outcomes of a hand-off after which the machine goes on where it was. After any other the matter
is in somebody's hands."""

LOOKS_AGAIN = timedelta(hours=12)
"""Business time after which a contact that waits for a person is looked at again."""


class Handoff(Protocol):
    """A hand-off to a person that is not resolved yet."""

    @property
    def reason(self) -> str:
        """Why, as a code of `handoff.requested`."""

    @property
    def obligation_id(self) -> str | None:
        """The obligation it is about; None: the whole customer."""


def keeps_quiet(handoff: Handoff, obligation_ids: Collection[str], purpose: str) -> bool:
    """Whether nobody but that person may speak of these obligations for this purpose."""
    about = handoff.obligation_id is None or handoff.obligation_id in obligation_ids
    return about and (purpose == "collection" or handoff.reason in OUTRIGHT)
