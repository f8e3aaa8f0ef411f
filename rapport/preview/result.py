"""What a preview found, ready to be shown or written as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class RuleCited:
    """A rule that decided something. `pack` None: a rule of the services themselves.

    in_force: since when it is, in words.
    """

    rule: str
    version: int
    pack: str | None = None
    citation: str | None = None
    in_force: str | None = None


@dataclass(frozen=True, slots=True)
class SegmentTried:
    """One segment, in order.

    outcome: `holds`, `does not hold`, `undecided` (something is unknown), `passed over` (a policy
    forbids what it asks for: `forbidden`, by `rules`) or `not reached`. inputs: what its condition
    asked for; None: unknown.
    """

    name: str
    tone: str
    when: str
    outcome: str
    inputs: Mapping[str, Any]
    forbidden: Sequence[str] = ()
    rules: Sequence[RuleCited] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished letter."""

    locale: str
    subject: str
    preheader: str
    text: str
    html: str
    variant: str
    disclosures: Sequence[str]


@dataclass(slots=True)
class ShortText:
    """A finished text by SMS or chat. parts: in which an SMS of it is sent."""

    locale: str
    channel: str
    text: str
    parts: int
    disclosures: Sequence[str]


@dataclass(slots=True)
class Happened:
    """One thing that happens to a step: planned, deferred, suppressed, sent and so on."""

    what: str
    at: datetime
    reason: str | None = None
    rule: RuleCited | None = None
    to_at: datetime | None = None


@dataclass(slots=True)
class StepShown:
    """One step of the playbook, whether or not it goes out.

    when: its condition, where that kept it from being planned, with inputs. choice: the
    customer's choice that would plan it. counts: what the caps had counted, as (rule, count,
    limit). fault: why its letter can't be written. own_hour: it may move within its day.
    """

    name: str
    template: str | None
    choice: str | None = None
    when: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    history: list[Happened] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    texts: list[ShortText] = field(default_factory=list)
    counts: Sequence[tuple[str, int, int]] = ()
    fault: str | None = None
    own_hour: bool = False

    @property
    def sent_at(self) -> datetime | None:
        """When it goes out, if it does."""
        return next((one.at for one in self.history if one.what == "sent"), None)


@dataclass(slots=True)
class Preview:
    """What one playbook would do for one customer."""

    playbook: str
    version: int
    title: str
    purpose: str
    tenant: str
    customer: str
    at: datetime
    until: datetime
    trigger: str
    trigger_data: Mapping[str, Any]
    sampled: bool
    matched: bool = False
    reason: str | None = None
    segment: str | None = None
    tone: str | None = None
    zones: Sequence[str] = ()
    defaults_used: Sequence[str] = ()
    segments: list[SegmentTried] = field(default_factory=list)
    steps: list[StepShown] = field(default_factory=list)
    ended: str | None = None
    held_out: str | None = None
    """The holdout because of which this customer gets nothing of it, after all."""
    stopped: Happened | None = None
    exits: Sequence[Mapping[str, Any]] = ()

    @property
    def planned(self) -> bool:
        """Whether any step is: matched, and not stopped before the first."""
        return any(step.history for step in self.steps)

    def local(self, at: datetime) -> str:
        """The instant on the wall clocks where the customer may be."""
        if not self.zones:
            return f"{at:%Y-%m-%d %H:%M} UTC"
        shown = [f"{at.astimezone(ZoneInfo(name)):%a %Y-%m-%d %H:%M}" for name in self.zones]
        if len(set(shown)) == 1:
            return shown[0]
        return f"{min(shown, key=lambda text: text[4:])} to {max(shown, key=lambda t: t[4:])[15:]}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        found: dict[str, Any] = _plain(asdict(self))
        for step, shown in zip(found["steps"], self.steps, strict=True):
            step["sent_at"] = shown.sent_at and shown.sent_at.isoformat()
            step["sent_local"] = shown.sent_at and self.local(shown.sent_at)
        return found


def _plain(value: Any) -> Any:
    """Instants as text, whatever they are in."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value
