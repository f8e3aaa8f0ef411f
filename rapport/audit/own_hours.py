"""Chosen hours: a step whose hour is said to be chosen is due at the hour that it says."""

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.facts import OutreachStepDeferred, OutreachStepPlanned


def check(history: History, outcome: Outcome) -> None:
    """Look at the clock where the step's day begins last; what hours moved counts where it came."""
    moved: dict[tuple[str, datetime], list[datetime]] = defaultdict(list)
    for deferred in history.log.of(OutreachStepDeferred):
        if deferred.data.reason == "hours":
            moved[deferred.data.step_id, deferred.data.due_at].append(deferred.data.to_at)
    planned = [one for one in history.log.of(OutreachStepPlanned) if one.data.hour is not None]
    outcome.checked["choices of an hour"] = len(planned)
    for fact in planned:
        data = fact.data
        if data.hour is None:
            continue
        told = data.hour.wanted if data.hour.arm == "learned" else data.hour.usual
        instants = [data.due_at, *moved[data.step_id, data.due_at]]
        if told not in {_hour(at, data.zones) for at in instants}:
            what = f"step {data.step} is not due at {told} o'clock, as its choice of an hour says"
            outcome.violate("hour-unexplained", what, fact)


def _hour(at: datetime, zones: tuple[str, ...]) -> int:
    return min(at.astimezone(ZoneInfo(name)).replace(tzinfo=None) for name in zones).hour
