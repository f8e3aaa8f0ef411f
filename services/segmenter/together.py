"""What others' events tell of a customer: those of a former id, and of co-debtors. Pure.

All of it adds marks, which commutes: whichever is told first, the same histories are left.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.segmenter.model import TRAITS, Happening, Profile
from services.segmenter.rules import hear_of_hold, with_hold
from services.segmenter.tags.history import LIMITS, Mark, add
from services.segmenter.tags.marks import learn_event

Key = tuple[str, str]
"""Tenant and customer id."""

MERGED = "customer.merged"
SETTLES = frozenset({"payment.received", "payment.reversed", "bill.closed"})
"""What counts for every party of a bill."""


def heir(profiles: Mapping[Key, Profile], key: Key) -> Profile | None:
    """The profile of the id that stands for this one; None where none does, or it isn't loaded."""
    seen = {key}
    while (into := profiles[key].merged_into) is not None and (key[0], into) not in seen:
        key = key[0], into
        if key not in profiles:
            return None
        seen.add(key)
    return profiles[key] if len(seen) > 1 else None


def pass_on(profiles: Mapping[Key, Profile], key: Key, event: Happening) -> None:
    """Let the id that stands for a former one hear of its event."""
    stays, former = heir(profiles, key), profiles[key]
    if stays is None:
        return
    if event.type == MERGED:
        take_over(stays, former)
    elif event.type != "customer.updated":
        learn_event(stays.history, event.type, event.id, event.time, event.data)
        hear_of_hold(stays, event)


def take_over(stays: Profile, former: Profile) -> None:
    """Add to a profile what is known under the former id; of traits, those that it lacks.

    Who was erased is not told again who they were.
    """
    for family in LIMITS:
        for mark in former.history.get(family, ()) if family != "traits" else ():
            add(stays.history, family, mark)
    for hold in former.holds:
        stays.holds = with_hold(stays.holds, hold)
    if stays.erased_at is not None:
        return
    for mark in former.history.get("traits", ()):
        if not getattr(stays, mark.kind):
            add(stays.history, "traits", mark)
    for name in TRAITS:
        if not getattr(stays, name):
            setattr(stays, name, getattr(former, name))


def parties_of(data: Mapping[str, Any], customer: str) -> frozenset[str]:
    """Who answers for a bill by what its event says, where they are several; else nobody."""
    named = frozenset(str(party["customer_id"]) for party in data.get("parties") or ())
    return named | {customer} if named - {customer} else frozenset()


def share(bill: str, profiles: Iterable[Profile]) -> None:
    """Let each party of a bill know how far the others settled it.

    It says nothing of what a party can or will pay: another has paid.
    """
    parties = list(profiles)
    found = {mark for one in parties for mark in _settlements(bill, one)}
    for one in parties:
        known = {mark.id for mark in one.history.get("owes", ())}
        for mark in sorted(found):
            if mark.id not in known:
                add(one.history, "owes", mark)


def _settlements(bill: str, profile: Profile) -> Iterator[Mark]:
    for mark in profile.history.get("owes", ()):
        if mark.about != bill:
            continue
        told = mark.at, mark.version, mark.id
        if mark.kind == "received" and mark.value == "all":
            yield Mark(*told, "closed", bill, "paid")
        elif mark.kind in ("reversed", "reopened"):
            yield Mark(*told, "reopened", bill)
        elif mark.kind == "closed":
            yield mark
