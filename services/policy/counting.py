"""What a cap counts, and when it is free again. Pure.

A contact of which something is not known (what it was about, by which channel) counts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import get_args

from schemas.policy_rules import ChannelName
from services.policy import calendars
from services.policy.model import ANY, Approach, Cap, Contact, Zones

_CHANNELS = frozenset(get_args(ChannelName))


def by_people(channel: str, outcome: str, at: datetime, obligation_id: str | None) -> Contact:
    """The contact that the publisher's own people told of (`contact.made`, outbound).

    outcome: `attempt` or `reached`. A channel by a name that no pack knows counts as any.
    """
    return Contact(
        at,
        ANY,
        channel if channel in _CHANNELS else ANY,
        (obligation_id,) if obligation_id else (),
        reached=outcome == "reached",
        by="people",
    )


def most(
    cap: Cap, now: datetime, zones: Zones, approach: Approach, contacts: Sequence[Contact]
) -> int:
    """How many contacts the cap counts at `now`: of its windows and obligations, the most."""
    return max(
        len(counted)
        for of_one in _counted(cap, approach, contacts)
        for counted, _ in _windows(cap, now, zones, of_one)
    )


def free_at(
    cap: Cap, now: datetime, zones: Zones, approach: Approach, contacts: Sequence[Contact]
) -> datetime | None:
    """When the cap allows another contact again, if none is made; None: it does at `now`.

    Of a cap of zero: the end of its window, which is not free either.
    """
    latest: datetime | None = None
    for of_one in _counted(cap, approach, contacts):
        for counted, end in _windows(cap, now, zones, of_one):
            if len(counted) < cap.limit:
                continue
            free = end or (counted[-cap.limit] if cap.limit else now) + cap.window
            if latest is None or free > latest:
                latest = free
    return latest


def _counted(cap: Cap, approach: Approach, contacts: Sequence[Contact]) -> Iterator[list[datetime]]:
    """The instants of what counts, oldest first; for a cap on obligations, of each of them."""
    such = [one for one in contacts if _is_such(cap, one)]
    if cap.scope != "obligation":
        yield sorted(one.at for one in such if _in_scope(cap, one, approach))
        return
    for obligation_id in approach.obligation_ids or ("",):
        yield sorted(
            one.at for one in such if not one.obligation_ids or obligation_id in one.obligation_ids
        )


def _is_such(cap: Cap, contact: Contact) -> bool:
    """Whether the cap is about contacts like this one."""
    return (
        (contact.reached or cap.unit == "attempt")
        and contact.by in cap.counts
        and (cap.gap or _among(contact.purpose, cap.purposes))
        and _among(contact.channel, cap.channels)
    )


def _among(name: str, names: frozenset[str] | None) -> bool:
    return names is None or name == ANY or name in names


def _in_scope(cap: Cap, contact: Contact, approach: Approach) -> bool:
    if cap.scope == "number":
        return not contact.other_party and contact.channel in (approach.channel, ANY)
    return cap.scope == "account" or not contact.other_party


def _windows(
    cap: Cap, now: datetime, zones: Zones, instants: list[datetime]
) -> Iterator[tuple[list[datetime], datetime | None]]:
    """What lies in the window that `now` ends, and the window's end where the calendar gives it.

    A contact exactly one rolling window ago counts no longer. One that lies ahead (its time is
    that of a check made by another process a moment later) counts. By the calendar, each place
    where the customer may be has a window of its own.
    """
    if cap.calendar is None:
        since = now - cap.window
        yield [at for at in instants if at > since], None
        return
    for name in zones.names:
        began = calendars.began(cap.calendar, now, name)
        yield (
            [at for at in instants if at >= began],
            calendars.ends(cap.calendar, now, name),
        )
