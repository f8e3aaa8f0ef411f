"""What a talk with a person starts: the word that an answer is there, or will come."""

from datetime import timedelta
from typing import Any

import pytest
from segmenter_world import NOW

from rapport.preview.person import incoming
from rapport.preview.rehearsal import Collected
from schemas.commands import OutreachRequested
from schemas.envelope import encode, make
from schemas.facts import HandoffAnswered, HandoffRequested
from schemas.topics import OUTREACH_LOG
from services.policy.packs import load
from services.runtime.messages import Incoming
from services.runtime.security import Signer
from services.runtime.settings import ROOT
from services.segmenter.handlers import CustomerEvents, starts
from services.segmenter.model import Profile
from support.playbooks import in_force

PACKS = load(ROOT / "deploy" / "policies")


def told(data: HandoffAnswered | HandoffRequested, source: str = "messenger") -> Incoming:
    envelope = make(data.TYPE, data, id="f-1", source=f"/rapport/{source}", tenant="default",
                    subject="c-1", time=NOW - timedelta(minutes=1))  # fmt: skip
    return incoming(OUTREACH_LOG, encode(envelope), 7)


def asked(reason: str, about: str | None = "b-1") -> HandoffRequested:
    return HandoffRequested(handoff_id="h-1", case_id="k-1", obligation_id=about, reason=reason)


ANSWERED = HandoffAnswered(handoff_id="h-1", by="ana", obligation_id="b-1")


@pytest.mark.parametrize(
    ("data", "step", "about"),
    [
        (ANSWERED, "answered", ("bill", "b-1")),
        (asked("hardship"), "heard", ("bill", "b-1")),
        # About no bill: the talk itself is what it is about.
        (HandoffAnswered(handoff_id="h-1", by="ana"), "answered", ("benefit", "handoff:h-1")),
        (asked("hardship", None), "heard", ("benefit", "handoff:h-1")),
    ],
)
def test_the_customer_is_told_in_one_message_that_the_talk_lets_through(
    data: HandoffAnswered | HandoffRequested, step: str, about: tuple[str, str]
) -> None:
    events = CustomerEvents(
        in_force(ROOT / "deploy" / "playbooks"), PACKS, Signer("secret"), inbox_days=45
    )
    work = Collected("segmenter", NOW)
    assert starts(told(data))
    events.start(work, told(data), Profile(timezone="Asia/Tokyo", country="JP", locale="ja"))
    [command] = [one.data for one in work.said if isinstance(one.data, OutreachRequested)]
    assert (command.playbook, command.purpose, command.answers) == ("answers", "service", "h-1")
    assert [one.name for one in command.steps] == [step]
    assert (command.obligation.kind, command.obligation.obligation_id) == about


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (told(asked("hardship"), "negotiator"), False),
        (told(asked("hardship")), True),
        (told(ANSWERED, "negotiator"), True),
    ],
)
def test_whoever_asks_on_the_page_reads_it_there(message: Any, expected: bool) -> None:
    assert starts(message) is expected
