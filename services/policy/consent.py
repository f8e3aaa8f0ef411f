"""What a customer has agreed to, what the packs ask for, and what may steer treatment. Pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from services.policy.model import (
    Approach,
    Consent,
    ConsentRecord,
    Pack,
    Rule,
    Steering,
    Verdict,
    Zones,
)
from services.policy.places import in_force

ALLOWED = Verdict(True)


def check_consent(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    approach: Approach,
    records: Sequence[ConsentRecord],
    relationship: bool,
) -> Verdict:
    """Judge what the customer has said, and what the packs ask for when nothing was said.

    A refusal stops contact unless a later grant is at least as specific: who refused marketing
    by e-mail is not won back by a general grant. relationship: whether the customer has a
    running dealing with the tenant that the contact is about.
    """
    about = [
        record
        for record in records
        if record.channel in (approach.channel, "*") and record.purpose in (approach.purpose, "*")
    ]
    grants = [r for r in about if r.status == "granted" and not _expired(r, now)]
    for refusal in about:
        if refusal.status != "granted" and not any(_overrides(g, refusal) for g in grants):
            return Verdict(False, "opted_out", f"consent/{refusal.channel}.{refusal.purpose}")
    if grants:
        return ALLOWED
    needed = needed_basis(now, zones, packs, approach)
    if needed is None or (needed[2] == "relationship" and relationship):
        return ALLOWED
    pack, rule, _ = needed
    return Verdict(False, "no_consent", f"{pack.name}/{rule.name}", pack.version)


def needed_basis(
    now: datetime, zones: Zones, packs: Sequence[Pack], approach: Approach
) -> tuple[Pack, Rule, str] | None:
    """The rule that asks for more than an opt-out, and what it asks: opt_in or relationship.

    None: contact is allowed until it is refused.
    """
    return _needed(now, zones, tuple(packs), approach.purpose, approach.channel, approach.roles)


# Many are judged at one instant: those claimed together.
@lru_cache(maxsize=16_384)
def _needed(
    now: datetime,
    zones: Zones,
    packs: tuple[Pack, ...],
    purpose: str,
    channel: str,
    roles: frozenset[str],
) -> tuple[Pack, Rule, str] | None:
    told = [
        (pack, rule)
        for pack, rule in _about(packs, purpose, channel, roles)
        if in_force(rule, now, zones)
    ]
    asking = [(pack, rule) for pack, rule in told if rule.basis == "opt_in"]
    if not asking:
        return None
    for pack, rule in asking:
        if not rule.yields:
            return pack, rule, "opt_in"
    pack, rule = asking[0]
    accepting = [p for p, one in told if one.loosens and one.basis == "relationship"]
    return pack, rule, "relationship" if _covers_all_countries(accepting, zones) else "opt_in"


@lru_cache(maxsize=4096)
def _about(
    packs: tuple[Pack, ...], purpose: str, channel: str, roles: frozenset[str]
) -> tuple[tuple[Pack, Consent], ...]:
    """The rules of the packs about such a contact; worked out once, in force or not."""
    such = Approach(purpose, channel, roles)
    return tuple((pack, rule) for pack in packs for rule in pack.consent if rule.covers(such))


def may_steer(attribute: str, now: datetime, zones: Zones, packs: Sequence[Pack]) -> Verdict:
    """Whether `attribute` (age, gender) may steer treatment at the customer's place.

    A rule that forbids wins, unless it yields and every country where the customer may be has a
    verified permit in force. Reason when refused: `steering`.
    """

    def relevant(rule: Steering) -> bool:
        return attribute in rule.attributes and in_force(rule, now, zones)

    permitting = [p for p in packs if any(r.loosens and relevant(r) for r in p.permits)]
    permitted = _covers_all_countries(permitting, zones)
    # The law of the place is named before the house rule.
    for pack in sorted(packs, key=lambda one: one.everywhere):
        for rule in pack.forbidden:
            if relevant(rule) and not (rule.yields and permitted):
                return Verdict(False, "steering", f"{pack.name}/{rule.name}", pack.version)
    return ALLOWED


def required_disclosures(
    now: datetime, zones: Zones, packs: Sequence[Pack], approach: Approach
) -> tuple[str, ...]:
    """The names of everything a message must carry, sorted."""
    return tuple(
        sorted(
            {
                item
                for pack in packs
                for rule in pack.disclosures
                if rule.covers(approach)
                and (not rule.holds or not rule.holds.isdisjoint(approach.holds))
                and in_force(rule, now, zones)
                for item in rule.items
            }
        )
    )


def may_disclose_debt(
    now: datetime,
    zones: Zones,
    packs: Sequence[Pack],
    approach: Approach,
    where: str,
    confirmed: bool,
) -> Verdict:
    """Whether the `subject` or `body` of such a message may tell of a debt.

    confirmed: the address is known to be read by the customer (`contact.right_party`). Reason
    when refused: `right_party`.
    """
    for pack in packs:
        for rule in pack.right_party:
            if (
                where in rule.where
                and (
                    rule.discloses_debt == "never"
                    or (rule.discloses_debt == "after_confirmation" and not confirmed)
                )
                and rule.covers(approach)
                and in_force(rule, now, zones)
            ):
                return Verdict(False, "right_party", f"{pack.name}/{rule.name}", pack.version)
    return ALLOWED


def stop_words(now: datetime, zones: Zones, packs: Sequence[Pack]) -> frozenset[str]:
    """The words, case folded, by which alone a reply opts out at the customer's place."""
    found = (r.words for pack in packs for r in pack.stop_words if in_force(r, now, zones))
    return frozenset().union(*found)


def confirms_stop(now: datetime, zones: Zones, packs: Sequence[Pack], channel: str) -> bool:
    """Whether one text by the channel shall say that a stop was heard."""
    rules = (rule for pack in packs for rule in pack.stop_words)
    return any(channel in rule.confirm and in_force(rule, now, zones) for rule in rules)


def _covers_all_countries(packs: Sequence[Pack], zones: Zones) -> bool:
    """Whether what these packs allow is allowed in each country where the customer may be."""
    return bool(zones.countries) and all(
        any(
            pack.everywhere
            or country in pack.countries
            or (zones.region is not None and zones.region in pack.regions)
            for pack in packs
        )
        for country in zones.countries
    )


def _expired(record: ConsentRecord, now: datetime) -> bool:
    return record.expires_at is not None and record.expires_at <= now


def _overrides(grant: ConsentRecord, refusal: ConsentRecord) -> bool:
    return (
        grant.at > refusal.at
        and refusal.channel in ("*", grant.channel)
        and refusal.purpose in ("*", grant.purpose)
    )
