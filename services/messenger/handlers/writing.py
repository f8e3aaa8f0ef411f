"""What the final check asks of whoever finds the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from schemas.commands import DispatchOrdered
from services.messenger.links import ShortLink
from services.messenger.model import Choice, Letter, Obligation
from services.messenger.rules.wording import Chosen
from services.messenger.tables import CustomerRow

Where = Literal["subject", "body"]
"""Where a debt is not told of; `subject` is all that shows of a letter that is not opened."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a writer shall write: about which order, to whom, as things stand at `now`.

    required: the disclosures that the packs in force ask for, by code. withheld: where nothing
    may tell of a debt.
    """

    message_id: str
    tenant: str
    dispatch: DispatchOrdered
    addressee: CustomerRow
    obligations: Mapping[str, Obligation]
    now: datetime
    required: Sequence[str] = ()
    withheld: tuple[Where, ...] = ()

    @property
    def locale(self) -> str | None:
        """The reader's language (BCP 47), as far as it is known."""
        return self.addressee.locale or self.dispatch.locale


@dataclass(frozen=True, slots=True)
class Drawn:
    """A wording that was chosen among several.

    name: its own, within the template. wording: what tells its words from any other, hex.
    variants: all that could have been chosen, as the log names them, with their probabilities.
    """

    name: str
    wording: str
    propensity: float
    variants: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered message. links: target by name of the tracked links that it carries.

    choices: what each of the one-tap answers that it offers says and does. drawn: how the
    wording was chosen; None: there was only one. segments: the parts that a short text is sent in.
    withheld: where it tells of no debt. short_links: those it carries, which work once they are
    stored.
    """

    letter: Letter
    locale: str
    variant: str
    disclosures: tuple[str, ...]
    links: Mapping[str, str]
    choices: Mapping[str, Choice]
    preheader: str = ""
    drawn: Drawn | None = None
    segments: int | None = None
    withheld: tuple[Where, ...] = ()
    short_links: tuple[ShortLink, ...] = ()


class Unwritable(Exception):
    """The message cannot be rendered or addressed; the text is a short code, not personal.

    not_before: when it may be possible; None: never.
    """

    def __init__(self, reason: str, not_before: datetime | None = None) -> None:
        super().__init__(reason)
        self.not_before = not_before


@dataclass(frozen=True, slots=True)
class Family:
    """The wordings among which is chosen: those of one template in one tone."""

    tenant: str
    playbook: str
    template: str
    tone: str


class Chooser(Protocol):
    """Chooses among several wordings."""

    def choose(self, family: Family, segment: str, wordings: Sequence[str], key: str) -> Chosen:
        """One of the wordings; the same `key` (a dispatch's id) gives the same chance."""


class Writer(Protocol):
    """Turns an order into a finished letter."""

    def write(self, task: Assignment) -> Written:
        """The letter as it stands at the assignment's instant. Raises Unwritable."""


def choice_told(drawn: Drawn | None) -> dict[str, Any]:
    """What `message.intended` tells of a choice of words: nothing where there was none."""
    if drawn is None:
        return {}
    return {
        "wording": drawn.wording,
        "propensity": drawn.propensity,
        "variants": dict(drawn.variants),
    }
