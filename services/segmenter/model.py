"""What the segmenter knows and decides, as plain values."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from services.playbooks.conditions import PassedOver
from services.segmenter.tags.history import History

Effect = Literal["applied", "stale_version", "old"]

PLACE = (
    "timezone",
    "country",
    "region",
    "city",
    "phone_country",
    "phone_zones",
    "postal_areas",
)
TRAITS = (*PLACE, "locale", "birth_year", "gender", "occupation", "tier", "interests")


class Hold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reason that stops or changes contact, as its newest event left it.

    `at`: when that was; `until`: None for open-ended (both RFC 3339). A lifted hold is remembered,
    so that an older event which arrives late does not bring it back.
    """

    kind: str
    at: str
    obligation_id: str | None = None
    until: str | None = None
    lifted: bool = False


class Profile(msgspec.Struct, omit_defaults=True):
    """One customer as of their last event: traits that may steer, and holds in force.

    Names, addresses and numbers are not here: the segmenter has no use for them. `merged_into`:
    the id that stands for this one. `history` is
    what the tags rest on; `described` are tags as a rehearsal supposes them, which go before
    those worked out. No service sets it. erased_at (RFC 3339): what was said of the person until
    then is forgotten.
    """

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    phone_country: str | None = None
    phone_zones: list[str] = []
    postal_areas: list[str] = []
    locale: str | None = None
    birth_year: int | None = None
    gender: str | None = None
    occupation: str | None = None
    tier: str | None = None
    interests: list[str] = []
    holds: list[Hold] = []
    events: int = 0
    merged_into: str | None = None
    history: History = {}
    described: dict[str, str | float] = {}
    erased_at: str | None = None


class Happening(msgspec.Struct, frozen=True):
    """One accepted customer event, as the rules see it. `data`: its fields, JSON values."""

    type: str
    id: str
    source: str
    time: Any
    replay: bool
    data: dict[str, Any]


class Enrolment(msgspec.Struct, frozen=True):
    """A customer is to be cared for by a playbook, in a segment and a tone."""

    playbook: Any
    segment: str
    tone: str
    plan: Any


class Segmentation(msgspec.Struct, frozen=True):
    """What one playbook made of one event; `reason` says why not, where it did not match.

    `also`: further playbooks of which the same is true, with their versions.
    """

    playbook: str
    version: int
    segment: str | None
    tone: str | None
    reason: str | None
    inputs: dict[str, Any]
    passed_over: Sequence[PassedOver] = ()
    also: dict[str, int] = {}


class Decision(msgspec.Struct, frozen=True):
    """All that follows from one event."""

    effect: Effect
    segmentations: list[Segmentation] = []
    enrolments: list[Enrolment] = []
    defaults_used: list[str] = []
