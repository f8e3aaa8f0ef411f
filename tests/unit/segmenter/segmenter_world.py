"""What the segmenter's rules are asked with: the shipped playbooks, a profile, one event."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from services.playbooks.load import load_playbooks
from services.runtime.settings import ROOT
from services.segmenter import rules
from services.segmenter.model import Decision, Happening, Profile

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERYTHING = frozenset({"age", "gender", "occupation", "tier", "interests", "country", "locale"})
CAREFUL = EVERYTHING - {"age", "gender"}
MISSED = {
    "bill_id": "b-1",
    "creditor": "Harbour Bank",
    "amount_minor": 24_000,
    "currency": "EUR",
    "due_date": "2026-02-27",
}


@lru_cache
def playbooks() -> rules.PlaybooksByTrigger:
    """The playbooks that are shipped."""
    return rules.by_trigger(list(load_playbooks(ROOT / "deploy" / "playbooks").values()))


def happening(
    type: str,
    data: dict[str, Any] | None = None,
    *,
    age: timedelta = timedelta(),
    replay: bool = False,
) -> Happening:
    """An event that happened `age` ago."""
    return Happening(type, "e-1", "/bank", NOW - age, replay, data or {})


def decide(
    profile: Profile,
    event: Happening,
    *,
    permitted: frozenset[str] = CAREFUL,
    newest_version: int | None = None,
    now: datetime = NOW,
) -> Decision:
    """What the shipped playbooks make of it."""
    return rules.decide(profile, event, now, playbooks(), permitted, newest_version)


def missed(**changes: Any) -> Happening:
    """A payment missed just now."""
    return happening("payment.missed", {**MISSED, **changes})
