"""By which channel a step goes, where its playbook names several; and what follows a bounce.

Who has opted out of a purpose by one channel is not written to about it by another. A cap or an
hour is no reason to change the channel either: only who can't be reached by the one, or prefers
another, is written to by the next.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.policy.consent import check_consent
from services.policy.model import Pack
from services.policy.places import applying
from services.scheduler.model import (
    Book,
    Customer,
    Enrolment,
    EnrolmentStatus,
    Heard,
    Obligation,
    Planned,
    Step,
    StepState,
)
from services.scheduler.rules import timing
from services.scheduler.rules.stops import RELATIONSHIP_KINDS, Stop, shut

_OF_THE_CHANNEL = frozenset(
    {"no_address", "address_not_usable", "channel_not_served", "no_text_for_channel"}
)
_OF_THE_CHANNEL_TOO = ("suppressed:hard_bounce", "disclosure_missing:")


def choose(
    step: Step,
    enrolment: Enrolment,
    obligation: Obligation,
    customer: Customer,
    packs: Sequence[Pack],
    now: datetime,
) -> Step:
    """The step by the first of its channels that is open; as it is where none is.

    packs: all that are loaded.
    """
    if not step.plan.channels:
        return step
    zones = timing.zones_of(customer, enrolment, obligation)
    applied = applying(packs, zones)
    for channel in step.plan.channels:
        plan = step.plan
        if channel != plan.channel:
            plan = msgspec.structs.replace(plan, channel=channel)
        allowed = check_consent(
            now,
            zones,
            applied,
            timing.approach_of(plan, enrolment, obligation),
            customer.consents,
            relationship=obligation.kind in RELATIONSHIP_KINDS,
        ).allowed
        if allowed and way_shut(customer, enrolment, plan.channels, channel, now) is None:
            return step if plan is step.plan else msgspec.structs.replace(step, plan=plan)
    return step


def way_shut(
    customer: Customer,
    enrolment: Enrolment,
    channels: tuple[str, ...],
    channel: str,
    now: datetime,
) -> Stop | None:
    """Why the customer is not reached by one of a plan's channels, if anything speaks against."""
    stop = shut(customer, enrolment.purpose, channels, channel, now)
    if stop is None and not customer.has_address(channel):
        return Stop("no_address", "address")
    return stop


def goes_on(customer: Customer, enrolment: Enrolment, bounced: Heard, now: datetime) -> bool:
    """Whether a channel is open for the enrolment, now that a message has come back.

    It may have been another enrolment's: a number that is dead ends nothing that goes by e-mail.
    A bounce that names no channel is taken for that of an enrolment with only one.
    """
    named = bounced.data.get("channel") is not None
    return any(
        way_shut(customer, enrolment, plan.ways, channel, now) is None
        for plan in enrolment.plans
        if plan.by == "machine"
        for channel in (plan.ways if named else plan.channels)
    )


def fall_back(book: Book, heard: Heard, now: datetime) -> list[Planned]:
    """Plan what came back anew, by the next channel: a new contact, that is judged as any other.

    What was planned so once is never planned so again.
    """
    named = (heard.data.get("step_id"), *heard.data.get("joined", ()))
    steps = [one for one in map(book.steps.get, map(str, named)) if one is not None]
    return [planned for step in steps for planned in instead(book, step, heard, now)]


def instead(book: Book, step: Step, heard: Heard, now: datetime) -> list[Planned]:
    """The one step that takes the place of this one, by the next channel, if any does."""
    planned = None
    if step.plan.channels and _by_channel(heard):
        planned = _instead(book, step, str(heard.data.get("channel")), now)
    return [planned] if planned is not None else []


def _by_channel(heard: Heard) -> bool:
    """Whether it is the channel that failed, for good, and nothing else forbids to write."""
    reason = str(heard.data.get("reason"))
    match heard.type:
        case "message.bounced":
            return heard.data.get("kind") == "hard"
        case "message.failed":
            of_channel = reason in _OF_THE_CHANNEL or bool(heard.data.get("dead_address"))
            return of_channel and reason != "opted_out_at_provider"
        case "message.refused":
            return reason in _OF_THE_CHANNEL or reason.startswith(_OF_THE_CHANNEL_TOO)
        case _:
            return False


def _instead(book: Book, step: Step, channel: str, now: datetime) -> Planned | None:
    enrolment = book.enrolments[step.enrolment_id]
    left = tuple(one for one in step.plan.channels if one != channel)
    identity = book.derive(step.id, "instead of", channel)
    if (
        channel not in step.plan.channels
        or not left
        or now >= step.not_after
        or identity in book.steps
        or not _goes_on_with(book, enrolment)
    ):
        return None
    again = msgspec.structs.replace(
        step,
        id=identity,
        plan=msgspec.structs.replace(step.plan, channel=left[0], channels=left),
        state=StepState.PLANNED,
        due_at=now,
        attempt=1,
        dispatch_id=None,
        reason=None,
    )
    book.put(again)
    if not enrolment.active:
        # It was complete but for this: what was its last message has not arrived.
        opened = msgspec.structs.replace(
            enrolment,
            status=EnrolmentStatus.ACTIVE,
            reason=None,
            ended_at=None,
            reopened=enrolment.reopened + 1,
        )
        book.put(opened)
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(step.tenant, step.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    return Planned(again, zones.names, instead_of=step.id)


def _goes_on_with(book: Book, enrolment: Enrolment) -> bool:
    """Whether it runs, or was completed and none has begun in its place."""
    if enrolment.status is EnrolmentStatus.CANCELLED:
        return False
    return not any(
        one.playbook == enrolment.playbook
        and one.obligation_key == enrolment.obligation_key
        and one.number > enrolment.number
        for one in book.of_customer((enrolment.tenant, enrolment.customer))
    )
