"""May this contact go out now, and if not, when? Pure: the instant and the contacts come in.

All rules of all packs that apply must allow a contact, in every zone where the customer may be,
so that the strictest wins. Without any zone, or any hours rule in force, nothing goes out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from services.policy import counting, wall_time
from services.policy.calendars import is_holiday
from services.policy.model import Approach, Cap, CapCount, Contact, Hours, Pack, Verdict, Zones
from services.policy.places import in_force, zone

ALLOWED = Verdict(True)
HORIZON = timedelta(days=40)
"""How far ahead a permitted instant is looked for."""
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class _Rules:
    """What of the packs is about such a contact there; worked out once, in force or not.

    One object for each, so that it serves as a key.
    """

    zones: tuple[ZoneInfo, ...]
    hours: tuple[tuple[Pack, Hours], ...]
    caps: tuple[tuple[Pack, Cap, CapCount], ...]
    """With what a fact says of the cap where nothing counts."""
    room: int
    """With fewer contacts than this, no cap can refuse."""


def check(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    approach: Approach,
    contacts: Sequence[Contact] = (),
) -> Verdict:
    """Judge place, hours and caps at `now`. Consent is judged by `services.policy.consent`.

    packs: those that apply at the place (`packs.applying`). contacts: all the customer's contacts
    of at least the longest window, in any order, whichever playbook and channel, and those made
    with others who are party to the obligations. When both hours and a cap refuse, the one that
    refuses longer is named. `not_before` satisfies both.
    """
    rules = _rules_about(approach, zones, packs)
    by_cap = _refused_by_cap(now, zones, rules, approach, contacts)
    by_hours = _refused_by_hours(now, rules)
    if by_cap is None and by_hours is None:
        return ALLOWED
    refusals = [refusal for refusal in (by_cap, by_hours) if refusal]
    named = max(refusals, key=lambda refusal: refusal.not_before or _NEVER)
    not_before = _first_permitted(now, zones, rules, approach, contacts)
    return Verdict(False, named.reason, named.rule, named.rule_version, not_before)


def next_permitted(
    instant: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    approach: Approach,
    contacts: Sequence[Contact] = (),
) -> datetime | None:
    """The first instant, `instant` itself included, at which hours and caps allow a contact.

    None when there is none within 40 days (candidate places whose hours never meet, a cap of
    zero, an unknown place).
    """
    rules = _rules_about(approach, zones, packs)
    return _first_permitted(instant, zones, rules, approach, contacts)


def cap_counts(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    approach: Approach,
    contacts: Sequence[Contact],
) -> tuple[CapCount, ...]:
    """How far each cap on such a contact is used at `now`; a minimum distance is a cap of one."""
    rules = _rules_about(approach, zones, packs)
    counts = []
    for _, cap, unused in _caps_in_force(now, zones, rules):
        used = counting.most(cap, now, zones, approach, contacts) if contacts else 0
        counts.append(msgspec.structs.replace(unused, count=used) if used else unused)
    return tuple(counts)


def longest_window(packs: Iterable[Pack]) -> timedelta:
    """How long a contact can matter to any cap."""
    return max((cap.window for pack in packs for cap in pack.caps), default=timedelta())


def _rules_about(approach: Approach, zones: Zones, packs: Sequence[Pack]) -> _Rules:
    one = approach
    return _rules(tuple(packs), zones, one.purpose, one.channel, one.roles, one.answers)


@lru_cache(maxsize=16_384)
def _rules(
    packs: tuple[Pack, ...],
    zones: Zones,
    purpose: str,
    channel: str,
    roles: frozenset[str],
    answers: bool,
) -> _Rules:
    such = Approach(purpose, channel, roles, answers=answers)
    caps = [(pack, cap) for pack in packs for cap in pack.caps if cap.covers(such)]
    return _Rules(
        tuple(zone(name) for name in zones.names),
        tuple((pack, rule) for pack in packs for rule in pack.hours if rule.covers(such)),
        tuple((pack, cap, _unused(pack, cap)) for pack, cap in caps),
        min((cap.limit for _, cap in caps), default=1),
    )


def _unused(pack: Pack, cap: Cap) -> CapCount:
    return CapCount(
        rule=f"{pack.name}/{cap.name}",
        limit=cap.limit,
        window_hours=cap.window_hours,
        count=0,
        unit=cap.unit,
        scope=cap.scope,
        calendar=cap.calendar,
    )


def _first_permitted(
    instant: datetime,
    zones: Zones,
    rules: _Rules,
    approach: Approach,
    contacts: Sequence[Contact],
) -> datetime | None:
    at, end = instant, instant + HORIZON
    while at <= end:
        refusal = _refused_by_hours(at, rules) or _refused_by_cap(
            at, zones, rules, approach, contacts
        )
        if not refusal:
            return at
        if refusal.not_before is None:
            return None
        at = refusal.not_before
    return None


# Many are judged at one instant: those claimed together, and those planned for one local hour.
@lru_cache(maxsize=16_384)
def _refused_by_hours(now: datetime, rules: _Rules) -> Verdict | None:
    """The hours rule, over all zones, whose next opening is furthest away."""
    if not rules.zones:
        return Verdict(False, "place_unknown", "place")
    worst: Verdict | None = None
    for local_zone in rules.zones:
        local = now.astimezone(local_zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        ruled = False
        for pack, rule in rules.hours:
            if not rule.in_force_on(day):
                continue
            # Rules about some days alone are no ground to contact anyone on the others; nor is
            # what nobody has verified.
            ruled = ruled or (rule.daily and rule.closes > 0 and rule.loosens)
            if rule.opens <= minute < rule.closes or not _about(rule, pack, local):
                continue
            opens = _opens(now, local_zone, rule)
            if worst is None or worst.not_before is None or opens > worst.not_before:
                worst = Verdict(False, "hours", f"{pack.name}/{rule.name}", pack.version, opens)
        if not ruled:
            return Verdict(False, "no_policy", "hours")
    return worst


def _about(rule: Hours, pack: Pack, local: datetime) -> bool:
    """Whether the rule is about that local day."""
    if rule.weekdays is not None and local.weekday() not in rule.weekdays:
        return False
    if rule.on_holidays is None or pack.calendar is None:
        return True
    return is_holiday(pack.calendar, local.date()) is rule.on_holidays


def _opens(now: datetime, local_zone: ZoneInfo, rule: Hours) -> datetime:
    """An instant before which the rule can't allow it: the next to look at."""
    if rule.daily and rule.until is None and rule.closes:
        return wall_time.next_within(now, local_zone, rule.opens, rule.closes)
    # Tomorrow it may be gone, or not about the day: look again at the turn of the local day.
    turn = wall_time.next_day(now, local_zone)
    if not rule.closes:
        return turn
    return min(turn, wall_time.next_within(now, local_zone, rule.opens, rule.closes))


@lru_cache(maxsize=16_384)
def _caps_in_force(
    now: datetime, zones: Zones, rules: _Rules
) -> tuple[tuple[Pack, Cap, CapCount], ...]:
    return tuple(one for one in rules.caps if in_force(one[1], now, zones))


def _refused_by_cap(
    now: datetime,
    zones: Zones,
    rules: _Rules,
    approach: Approach,
    contacts: Sequence[Contact],
) -> Verdict | None:
    """The exhausted cap that stays exhausted longest."""
    if len(contacts) < rules.room:
        return None
    worst: Verdict | None = None
    for pack, cap, unused in _caps_in_force(now, zones, rules):
        if len(contacts) < cap.limit:
            continue
        reason, name = "gap" if cap.gap else "cap", unused.rule
        if cap.limit == 0 and cap.until is None:
            return Verdict(False, reason, name, pack.version)
        free = counting.free_at(cap, now, zones, approach, contacts)
        if free is None:
            continue
        if cap.until is not None:
            free = min(free, *(wall_time.next_day(now, one) for one in rules.zones))
        if worst is None or worst.not_before is None or free > worst.not_before:
            worst = Verdict(False, reason, name, pack.version, free)
    return worst
