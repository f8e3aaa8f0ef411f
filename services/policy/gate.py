"""May this contact go out now, and if not, when? Pure: the instant and the contacts come in.

All rules of all packs that apply must allow a contact, in every zone where the customer may be,
so that the strictest wins. Without any zone, or any hours rule in force, nothing goes out.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from services.policy import wall_time
from services.policy.model import Cap, CapCount, Contact, Pack, Verdict, Zones
from services.policy.places import in_force, zone

ALLOWED = Verdict(True)
HORIZON = timedelta(days=40)
"""How far ahead a permitted instant is looked for."""
_NEVER = datetime.max.replace(tzinfo=UTC)


def check(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    purpose: str,
    channel: str,
    contacts: Sequence[Contact] = (),
) -> Verdict:
    """Judge place, hours and caps at `now`. Consent is judged by `services.policy.consent`.

    packs: those that apply at the place (`packs.applying`). contacts: all the customer's contacts
    of at least the longest window, in any order, whichever playbook and channel. When both hours
    and a cap refuse, the one that refuses longer is named. `not_before` satisfies both.
    """
    by_cap = _refused_by_cap(now, zones, packs, purpose, channel, contacts)
    by_hours = _refused_by_hours(now, zones, packs, purpose, channel)
    refusals = [refusal for refusal in (by_cap, by_hours) if refusal]
    if not refusals:
        return ALLOWED
    named = max(refusals, key=lambda refusal: refusal.not_before or _NEVER)
    not_before = next_permitted(now, zones, packs, purpose, channel, contacts)
    return Verdict(False, named.reason, named.rule, named.rule_version, not_before)


def next_permitted(
    instant: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    purpose: str,
    channel: str,
    contacts: Sequence[Contact] = (),
) -> datetime | None:
    """The first instant, `instant` itself included, at which hours and caps allow a contact.

    None when there is none within 40 days (candidate places whose hours never meet, a cap of
    zero, an unknown place).
    """
    at, end = instant, instant + HORIZON
    while at <= end:
        refusal = _refused_by_hours(at, zones, packs, purpose, channel) or _refused_by_cap(
            at, zones, packs, purpose, channel, contacts
        )
        if not refusal:
            return at
        if refusal.not_before is None:
            return None
        at = refusal.not_before
    return None


def cap_counts(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    purpose: str,
    channel: str,
    contacts: Sequence[Contact],
) -> tuple[CapCount, ...]:
    """How far each cap on this purpose and channel is used at `now`."""
    return tuple(
        CapCount(
            rule=f"{pack.name}/{cap.name}",
            limit=cap.limit,
            window_hours=cap.window_hours,
            count=len(_counted(cap, now, contacts)),
        )
        for pack, cap in _caps(now, zones, packs, purpose, channel)
    )


def longest_window(packs: Iterable[Pack]) -> timedelta:
    """How long a contact can matter to any cap."""
    hours = [cap.window_hours for pack in packs for cap in pack.caps]
    return timedelta(hours=max(hours, default=0))


def _refused_by_hours(
    now: datetime, zones: Zones, packs: Sequence[Pack], purpose: str, channel: str
) -> Verdict | None:
    """The hours rule, over all zones, whose next opening is furthest away."""
    if not zones.names:
        return Verdict(False, "place_unknown", "place")
    rules = [(p, rule) for p in packs for rule in p.hours if rule.covers(purpose, channel)]
    worst: Verdict | None = None
    for name in zones.names:
        local_zone = zone(name)
        local = now.astimezone(local_zone)
        today = [(pack, rule) for pack, rule in rules if rule.in_force_on(local.date())]
        if not today:
            return Verdict(False, "no_policy", "hours")
        for pack, rule in today:
            if rule.opens <= local.hour * 60 + local.minute < rule.closes:
                continue
            opens = wall_time.next_within(now, local_zone, rule.opens, rule.closes)
            if rule.until is not None:
                # The rule may be gone tomorrow: look again at the turn of the local day.
                opens = min(opens, wall_time.next_day(now, local_zone))
            if worst is None or worst.not_before is None or opens > worst.not_before:
                worst = Verdict(False, "hours", f"{pack.name}/{rule.name}", pack.version, opens)
    return worst


def _refused_by_cap(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    purpose: str,
    channel: str,
    contacts: Sequence[Contact],
) -> Verdict | None:
    """The exhausted cap that stays exhausted longest."""
    worst: Verdict | None = None
    for pack, cap in _caps(now, zones, packs, purpose, channel):
        counted = _counted(cap, now, contacts)
        if len(counted) < cap.limit:
            continue
        name = f"{pack.name}/{cap.name}"
        if cap.limit == 0:
            return Verdict(False, "cap", name, pack.version)
        free = counted[-cap.limit] + timedelta(hours=cap.window_hours)
        if worst is None or worst.not_before is None or free > worst.not_before:
            worst = Verdict(False, "cap", name, pack.version, free)
    return worst


def _counted(cap: Cap, now: datetime, contacts: Iterable[Contact]) -> list[datetime]:
    """Instants of the contacts that the cap counts at `now`, oldest first.

    A contact exactly one window ago counts no longer. One that lies ahead (its time is that of a
    check made by another process a moment later) counts.
    """
    since = now - timedelta(hours=cap.window_hours)
    return sorted(c.at for c in contacts if c.at > since and cap.covers(c.purpose, c.channel))


def _caps(
    now: datetime, zones: Zones, packs: Sequence[Pack], purpose: str, channel: str
) -> Iterator[tuple[Pack, Cap]]:
    for pack in packs:
        for cap in pack.caps:
            if cap.covers(purpose, channel) and in_force(cap, now, zones):
                yield pack, cap
