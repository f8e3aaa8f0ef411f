"""What the final check asks of whoever finds the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.commands import DispatchOrdered
from services.messenger.model import Choice, Letter, Obligation
from services.messenger.tables import CustomerRow


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered message. links: target by name of the tracked links that it carries.

    choices: what each of the one-tap answers that it offers says and does.
    """

    letter: Letter
    locale: str
    variant: str
    disclosures: tuple[str, ...]
    links: Mapping[str, str]
    choices: Mapping[str, Choice]
    preheader: str = ""


class Unwritable(Exception):
    """The message cannot be rendered or addressed; the text is a short code, not personal.

    not_before: when it may be possible; None: never.
    """

    def __init__(self, reason: str, not_before: datetime | None = None) -> None:
        super().__init__(reason)
        self.not_before = not_before


class Writer(Protocol):
    """Turns an order into a finished letter."""

    def write(
        self,
        message_id: str,
        tenant: str,
        dispatch: DispatchOrdered,
        addressee: CustomerRow,
        obligations: Mapping[str, Obligation],
        now: datetime,
    ) -> Written:
        """The letter as it stands at `now`. Raises Unwritable."""
