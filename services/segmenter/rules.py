"""What follows from a customer event: pure, and the same for the same input."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from services.playbooks.conditions import SegmentChoice, choose_segment
from services.playbooks.model import Playbook
from services.playbooks.plan import plan_for
from services.playbooks.tags import asked_by
from services.playbooks.triggering import started_by
from services.playbooks.variables import Traits, customer_values, event_values
from services.policy.places import candidate_zones
from services.segmenter.model import (
    TRAITS,
    Decision,
    Effect,
    Enrolment,
    Happening,
    Hold,
    Profile,
    Segmentation,
)
from services.segmenter.tags import evaluate, in_force
from services.segmenter.tags.marks import learn_event
from services.segmenter.tags.tag import Evidence

# Design section 3: an event older than this at arrival updates state and triggers nothing.
OLD = timedelta(days=7)

PlaybooksByTrigger = Mapping[str, Sequence[Playbook]]


def by_trigger(playbooks: Sequence[Playbook]) -> PlaybooksByTrigger:
    """Which playbooks an event type can start, in order of their names."""
    found: dict[str, list[Playbook]] = {}
    for playbook in sorted(playbooks, key=lambda one: one.name):
        for trigger in playbook.document.triggers:
            entries = found.setdefault(trigger.event, [])
            if playbook not in entries:
                entries.append(playbook)
    return found


def decide(
    profile: Profile,
    event: Happening,
    now: datetime,
    playbooks: PlaybooksByTrigger,
    permitted: frozenset[str],
    newest_version: int | None,
) -> Decision:
    """What one event means for a customer; changes `profile` to what is known after it.

    `permitted`: the attributes that may steer treatment where this customer is.
    `newest_version`: the highest publisher's version seen of the event's obligation.
    """
    effect = effect_of(event, now, newest_version)
    profile.events += 1
    if not is_forgotten(profile, event.type, event.time):
        learn_event(profile.history, event.type, event.id, event.time, event.data)
        if effect != "stale_version":
            remember(profile, event)
    return begun(profile, event, now, playbooks, permitted, effect)


def begun(
    profile: Profile,
    event: Happening,
    now: datetime,
    playbooks: PlaybooksByTrigger,
    permitted: frozenset[str],
    effect: Effect,
) -> Decision:
    """Which playbooks an event or fact of this effect begins for a customer."""
    candidates = playbooks.get(event.type, ())
    if not candidates or effect == "stale_version":
        return Decision(effect)
    if effect == "old":
        return Decision(effect, [_not_matched(candidates, "old_event")])
    asked = event_values(event.type, event.data)
    started = started_by(candidates, asked)
    idle = [playbook for playbook, starts in zip(candidates, started, strict=True) if not starts]
    segmentations = [_not_matched(idle, "not_triggered")] if idle else []
    enrolments: list[Enrolment] = []
    if len(idle) == len(candidates):
        return Decision(effect, segmentations, enrolments, defaults_used(profile))
    active = [playbook for playbook, starts in zip(candidates, started, strict=True) if starts]
    tags = frozenset().union(*(asked_by(playbook.conditions) for playbook in active))
    values = asked | customer_values(traits(profile, now, tags))
    for playbook in active:
        choice = choose_segment(playbook, values, permitted)
        segmentations.append(_segmentation(playbook, choice, values))
        if choice.name is not None and choice.tone is not None:
            plan = plan_for(playbook, values, choice)
            enrolments.append(Enrolment(playbook, choice.name, choice.tone, plan))
    return Decision(effect, segmentations, enrolments, defaults_used(profile))


def effect_of(event: Happening, now: datetime, newest_version: int | None) -> Effect:
    """Whether an event counts in full, only updates state, or changes nothing."""
    version = event.data.get("version")
    if version is not None and newest_version is not None and version < newest_version:
        return "stale_version"
    if now - event.time > OLD and not event.replay:
        return "old"
    return "applied"


def forget(profile: Profile, at: datetime) -> Profile:
    """What is left of a customer who is erased: holds, for they keep us silent, and since when."""
    return Profile(holds=profile.holds, merged_into=profile.merged_into, erased_at=at.isoformat())


def is_forgotten(profile: Profile, event_type: str, at: datetime) -> bool:
    """Whether this word about the person was said before they were erased."""
    return (
        event_type == "customer.updated"
        and profile.erased_at is not None
        and at <= datetime.fromisoformat(profile.erased_at)
    )


def remember(profile: Profile, event: Happening) -> None:
    """Bring the profile up to date with one event."""
    if event.type == "customer.updated":
        for name in TRAITS:
            if name in event.data:
                value = event.data[name]
                setattr(profile, name, [] if name == "interests" and value is None else value)
    else:
        hear_of_hold(profile, event)
        if event.type == "customer.merged":
            profile.merged_into = event.data["into"]


def hear_of_hold(profile: Profile, event: Happening) -> None:
    """Take in that a hold was placed, or lifted by its publisher or by an operator."""
    if event.type in ("customer.hold_placed", "customer.hold_lifted", "hold.lifted"):
        profile.holds = with_hold(profile.holds, _hold(event))


def recall(profile: Profile, event: Happening) -> None:
    """Bring the profile up to date with an event that only the shared log still has.

    It may be known already, and newer ones, too: each trait and hold goes by its event's time.
    Traits that are personal are not on the log.
    """
    if is_forgotten(profile, event.type, event.time):
        return
    before = {mark.kind: mark for mark in profile.history.get("traits", ())}
    learn_event(profile.history, event.type, event.id, event.time, event.data)
    for mark in profile.history.get("traits", ()):
        if before.get(mark.kind) != mark:
            value = event.data[mark.kind]
            setattr(profile, mark.kind, [] if mark.kind == "interests" and value is None else value)
    hear_of_hold(profile, event)
    if event.type == "customer.merged":
        profile.merged_into = event.data["into"]


def traits(profile: Profile, now: datetime, tags: frozenset[str] = frozenset()) -> Traits:
    """What segments may know of the customer at `now`; of the tags, those in `tags`.

    The age is the one the customer has reached for certain: a birth year alone leaves a year
    open, and the lower age is taken.
    """
    age = None if profile.birth_year is None else max(0, now.year - profile.birth_year - 1)
    return Traits(
        age=age,
        gender=profile.gender,
        occupation=profile.occupation,
        tier=profile.tier,
        interests=profile.interests,
        country=profile.country,
        locale=profile.locale,
        holds=[hold.kind for hold in holds_in_force(profile, now)],
        tags=tag_values(profile, now, tags) if tags else None,
    )


def tag_values(profile: Profile, now: datetime, names: frozenset[str]) -> dict[str, Any]:
    """The tags of these names, as conditions see them at `now`."""
    evidence = evidence_of(profile, now)
    held = in_force(evaluate(evidence, sorted(names)), evidence)
    supposed = {name: value for name, value in profile.described.items() if name in names}
    return {name: tag.value for name, tag in held.items()} | supposed


def evidence_of(profile: Profile, now: datetime) -> Evidence:
    """What the customer's tags rest on, their history alone; the zone only where it is certain."""
    told = {mark.kind: mark.value or None for mark in profile.history.get("traits", ())}
    place = Profile(
        timezone=told.get("timezone"),
        country=told.get("country"),
        region=told.get("region"),
        city=told.get("city"),
    )
    zones = candidate_zones(place).names
    return Evidence(profile.history, now, ZoneInfo(zones[0]) if len(zones) == 1 else None)


def holds_in_force(profile: Profile, now: datetime) -> list[Hold]:
    """The holds that are neither lifted nor over at `now`."""
    return [hold for hold in profile.holds if _in_force(hold, now)]


def defaults_used(profile: Profile) -> list[str]:
    """What is not known of the customer, so that the careful default stands for it."""
    return [name for name in ("locale", "timezone", "country") if getattr(profile, name) is None]


def matched_titles(recommended: Sequence[str], interests: Sequence[str]) -> list[str]:
    """The recommended titles, those that name an interest of the customer's first."""
    wanted = [interest.casefold() for interest in interests]

    def misses(title: str) -> bool:
        return not any(interest in title.casefold() for interest in wanted)

    return sorted(recommended, key=misses)


def _segmentation(
    playbook: Playbook, choice: SegmentChoice, values: Mapping[str, Any]
) -> Segmentation:
    tags = {f"tags.{name}": value for name, value in values["tags"].items()}
    return Segmentation(
        playbook.name,
        playbook.version,
        choice.name,
        choice.tone,
        None if choice.name else "no_segment",
        {"holds": values["holds"], "tier": values["tier"], **tags},
        choice.passed_over,
    )


def _not_matched(playbooks: Sequence[Playbook], reason: str) -> Segmentation:
    """What is true of all of these alike: told once, since an event may be heard by many."""
    first, *others = playbooks
    also = {playbook.name: playbook.version for playbook in others}
    return Segmentation(first.name, first.version, None, None, reason, {}, also=also)


def _hold(event: Happening) -> Hold:
    return Hold(
        kind=event.data["kind"],
        at=event.time.isoformat(),
        obligation_id=event.data.get("obligation_id"),
        until=event.data.get("until"),
        lifted=event.type != "customer.hold_placed",
    )


def with_hold(holds: Sequence[Hold], heard: Hold) -> list[Hold]:
    """The holds after an event about one of them; what is older than the known changes nothing."""
    same = [
        hold
        for hold in holds
        if (hold.kind, hold.obligation_id) == (heard.kind, heard.obligation_id)
    ]
    heard_at = datetime.fromisoformat(heard.at)
    if any(datetime.fromisoformat(hold.at) > heard_at for hold in same):
        return list(holds)
    return [*(hold for hold in holds if hold not in same), heard]


def _in_force(hold: Hold, now: datetime) -> bool:
    if hold.lifted:
        return False
    return hold.until is None or datetime.fromisoformat(hold.until) > now


def encode(profile: Profile) -> str:
    """The profile as JSON text; the same profile always gives the same text."""
    return msgspec.json.encode(profile).decode()


def decode(state: str | None) -> Profile:
    """The profile that `encode` wrote; a new one where there is none."""
    return msgspec.json.decode(state, type=Profile) if state else Profile()


def profile_of(state: Mapping[str, Any]) -> Profile:
    """The profile that a row keeps."""
    return msgspec.convert(state, Profile)
