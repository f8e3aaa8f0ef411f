"""Policy packs as the log states them, and what each asks of one contact."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from holidays import country_holidays
from pydantic import ValidationError

from rapport.audit.log import Fact, Log
from rapport.audit.places import Candidates, zone_of
from schemas.facts import PolicyInForce
from schemas.policy import PolicyPack
from schemas.policy_rules import Cap, Consent, Gap, Hours, Rule, SomeDays, minutes_of


@dataclass(frozen=True, slots=True)
class InForce:
    """A pack, with the fact that put it into force."""

    pack: PolicyPack
    fact: Fact[PolicyInForce]


class Packs:
    """Every pack version that the log states; `faulty` are facts whose content is no pack."""

    def __init__(self, log: Log) -> None:
        self._by_version: dict[tuple[str, int], InForce] = {}
        self.faulty: list[Fact[PolicyInForce]] = []
        self.contradicting: list[tuple[Fact[PolicyInForce], Fact[PolicyInForce]]] = []
        for fact in log.of(PolicyInForce):
            try:
                pack = PolicyPack.model_validate(fact.data.content)
            except ValidationError:
                self.faulty.append(fact)
                continue
            first = self._by_version.setdefault((pack.name, pack.version), InForce(pack, fact))
            if first.pack != pack:
                self.contradicting.append((first.fact, fact))
        self._names = sorted({name for name, _ in self._by_version})

    def __bool__(self) -> bool:
        return bool(self._by_version)

    def cited(self, name: str, version: int) -> InForce | None:
        """The pack of that name and version."""
        return self._by_version.get((name, version))

    def applying(self, place: Candidates, at: datetime) -> list[InForce]:
        """The packs that apply at any candidate place, in the version of that instant."""
        newest = (self._newest(name, at) for name in self._names)
        return [found for found in newest if found and applies(found.pack, place)]

    def _newest(self, name: str, at: datetime) -> InForce | None:
        known = [found for (own, _), found in self._by_version.items() if own == name]
        before = [found for found in known if found.fact.time <= at]
        return max(before, key=lambda found: found.fact.order, default=None)


def applies(pack: PolicyPack, place: Candidates) -> bool:
    """Whether a pack is in force at any place where the customer may be.

    A region's pack also where no region of its country is known; a city's only by name, or by a
    postal code of its country.
    """
    where = pack.applies
    if where.everywhere or place.countries & set(where.countries):
        return True
    if place.region in where.regions:
        return True
    known = (place.region or "")[:2]
    if any(r[:2] in place.countries and r[:2] != known for r in where.regions):
        return True
    if pack.name in place.areas and where.postal_country in place.countries:
        return True
    return place.city is not None and place.city.casefold() in map(str.casefold, where.cities)


def covers(rule: Rule, purpose: str, channel: str, roles: Collection[str]) -> bool:
    """Whether the rule is about this purpose and channel, and about one of those who act."""
    return (
        (rule.purposes == "all" or purpose in rule.purposes)
        and (rule.channels == "all" or channel in rule.channels)
        and (rule.roles == "all" or any(role in rule.roles for role in roles))
    )


def in_force_on(rule: Rule, day: date) -> bool:
    """Whether the rule is in force on that local date.

    A date that nobody has verified, or that no source gives, neither delays nor ends a rule.
    """
    dates = rule.in_force
    if dates.verified is False or (dates.verified is None and not rule.verified):
        return True
    begun = not isinstance(dates.from_, date) or dates.from_ <= day
    return begun and (dates.until is None or day <= dates.until)


def in_force_at(rule: Rule, at: datetime, zones: Iterable[str]) -> bool:
    """Whether the rule is in force on the local date of any of the zones."""
    if not isinstance(rule.in_force.from_, date) and rule.in_force.until is None:
        return True
    found = [zone for name in zones if (zone := zone_of(name))]
    return any(in_force_on(rule, at.astimezone(zone).date()) for zone in found)


def outside_hours(
    packs: Sequence[InForce],
    zone_name: str,
    at: datetime,
    purpose: str,
    channel: str,
    roles: Collection[str],
) -> Iterator[tuple[InForce | None, str]]:
    """Each hours rule that forbids this instant in this zone, with the reason in words.

    Where no rule at all is in force the contact is forbidden, too: (None, reason).
    """
    zone = zone_of(zone_name)
    if zone is None:
        yield None, f"{zone_name} is no time zone"
        return
    local = at.astimezone(zone)
    day, clock = local.date(), f"{local:%a %Y-%m-%d %H:%M} in {zone_name}"
    ruled = False
    for found in packs:
        name = f"of {found.pack.name} v{found.pack.version}"
        for rule in (*found.pack.hours, *found.pack.closed):
            if not (covers(rule, purpose, channel, roles) and in_force_on(rule, day)):
                continue
            if isinstance(rule, Hours):
                daily = rule.days == "all" and rule.holidays == "any"
                ruled = ruled or (daily and _permits(rule))
                opens, closes = window(rule)
                if opens <= local.hour * 60 + local.minute < closes:
                    continue
            if _about(rule, found.pack, day):
                hours = f"{rule.from_}-{rule.until}" if isinstance(rule, Hours) else "its days"
                yield found, f"{clock} is outside {hours}, {rule.rule} {name}"
    if not ruled:
        yield None, f"no hours rule is in force in {zone_name}"


def _permits(rule: Rule) -> bool:
    """Whether a rule may be the ground for a contact, and not only forbid it."""
    dates = rule.in_force
    begun = dates.from_ != "unknown" and dates.verified is not False
    return rule.verified and rule.status != "draft" and begun


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _about(rule: SomeDays, pack: PolicyPack, day: date) -> bool:
    """Whether an hours rule is about that local date."""
    if rule.days != "all" and _WEEKDAYS[day.weekday()] not in rule.days:
        return False
    if rule.holidays == "any" or pack.holidays is None:
        return True
    calendar = pack.holidays
    listed = country_holidays(calendar.country, subdiv=calendar.subdivision, years=day.year)
    return (day in listed) == (rule.holidays == "only")


def caps(
    packs: Sequence[InForce], at: datetime, zones: Iterable[str]
) -> list[tuple[InForce, Cap | Gap]]:
    """The frequency caps and minimum distances in force."""
    names = tuple(zones)
    found: list[tuple[InForce, Cap | Gap]] = []
    for one in packs:
        found += [(one, cap) for cap in one.pack.caps if in_force_at(cap, at, names)]
        found += [(one, gap) for gap in one.pack.gaps if in_force_at(gap, at, names)]
    return found


def disclosures(
    packs: Sequence[InForce],
    at: datetime,
    zones: Iterable[str],
    purpose: str,
    channel: str,
    roles: Collection[str],
) -> dict[str, InForce]:
    """What each message must carry, with the pack that asks for it.

    Not what only some holds ask for.
    """
    names = tuple(zones)
    return {
        item: found
        for found in packs
        for rule in found.pack.disclosures
        if not rule.holds and covers(rule, purpose, channel, roles) and in_force_at(rule, at, names)
        for item in rule.items
    }


def consent_needed(
    packs: Sequence[InForce],
    place: Candidates,
    at: datetime,
    purpose: str,
    channel: str,
    roles: Collection[str],
) -> InForce | None:
    """The pack that asks for a granted consent; None where contact is allowed until refused.

    A contact about a running dealing needs none where every candidate country has a verified rule
    that accepts the relationship, and no rule insists.
    """

    def relevant(rule: Consent, basis: str) -> bool:
        return (
            rule.basis == basis
            and covers(rule, purpose, channel, roles)
            and in_force_at(rule, at, place.zones)
        )

    asking = [(f, rule) for f in packs for rule in f.pack.consent if relevant(rule, "opt_in")]
    accepting = [
        f
        for f in packs
        for rule in f.pack.consent
        if relevant(rule, "relationship") and _permits(rule)
    ]
    if not asking:
        return None
    insisting = next((found for found, rule in asking if not rule.yields), None)
    if insisting:
        return insisting
    accepted = bool(place.countries) and all(
        any(_speaks_for(found.pack, country, place.region) for found in accepting)
        for country in place.countries
    )
    return None if accepted else asking[0][0]


def _speaks_for(pack: PolicyPack, country: str, region: str | None) -> bool:
    where = pack.applies
    return where.everywhere or country in where.countries or region in where.regions


@lru_cache(maxsize=4096)
def _minutes(text: str) -> int:
    return minutes_of(text)


def window(rule: Hours) -> tuple[int, int]:
    """Minutes since local midnight: opening (inclusive) and closing (exclusive)."""
    return _minutes(rule.from_), _minutes(rule.until)
