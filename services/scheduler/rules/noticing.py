"""Statutory notices that the publisher must send before a contact may be made."""

from collections.abc import Sequence
from datetime import datetime

from services.policy import notices
from services.policy.model import Approach, Pack, Zones
from services.policy.notices import Missing
from services.policy.places import applying
from services.scheduler.model import Enrolment, NoticeWanted, Obligation
from services.scheduler.rules import timing

SENT = "notice.sent"
WAITING = "notice:"
"""How the reason of a step begins that waits for a notice; its kind follows."""


def missing(
    obligation: Obligation, approach: Approach, zones: Zones, packs: Sequence[Pack], now: datetime
) -> list[Missing]:
    """What has not been sent yet of what the contact waits for. packs: all that are loaded."""
    return notices.missing(obligation.notices, approach, zones, applying(packs, zones), now)


def wanted(enrolment: Enrolment, obligation: Obligation, notice: str) -> NoticeWanted:
    """Ask the publisher for a notice; asking again says the same thing once more."""
    return NoticeWanted(enrolment.tenant, enrolment.customer, obligation.id, notice)


def wanted_ahead(
    enrolment: Enrolment,
    obligation: Obligation,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
) -> list[NoticeWanted]:
    """What an enrolment's steps will wait for, asked for as it begins."""
    if not any(pack.notices for pack in packs):
        return []
    by_channel = {plan.channel: plan for plan in enrolment.plans}
    ahead = {
        one.notice
        for plan in by_channel.values()
        for one in missing(
            obligation, timing.approach_of(plan, enrolment, obligation), zones, packs, now
        )
    }
    return [wanted(enrolment, obligation, notice) for notice in sorted(ahead)]
