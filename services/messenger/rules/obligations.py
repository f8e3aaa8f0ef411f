"""How events change what is known of an obligation. Pure; in doubt it is not talked about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from services.messenger.model import Change, ChangeKind, Obligation, ObligationState


def apply(known: Obligation, change: Change) -> Obligation:
    """The obligation after `change`.

    A lower version changes nothing. What ends an obligation counts even when it is told late;
    what opens it again must be newer than its end: a payment taken back, a higher version, or
    a later due date. The same terms told again do not.
    """
    if _stale(known, change):
        return known
    after = _changed(known, change)
    paying = _under_way(after, change)
    if after is known and paying == known.paying:
        return known
    return replace(
        after,
        paying=paying,
        version=known.version if change.version is None else change.version,
        changed_at=max(filter(None, (known.changed_at, change.at))),
    )


def _stale(known: Obligation, change: Change) -> bool:
    if change.version is None or known.version is None:
        return False
    return change.version < known.version


def _under_way(after: Obligation, change: Change) -> Mapping[str, datetime]:
    """The payments that are under way; none is that began before the obligation has ended.

    What is asked may be said anew meanwhile: only the payment's own end is its end.
    """
    if change.kind is ChangeKind.PAYING:
        counts = after.state is ObligationState.OPEN or _newer(after, change)
        return {**after.paying, change.payment: change.at} if counts else after.paying
    if after.state is not ObligationState.OPEN and _ends(change):
        return {one: since for one, since in after.paying.items() if since > change.at}
    if change.kind in (ChangeKind.PAID, ChangeKind.UNPAID):
        return {
            one: since
            for one, since in after.paying.items()
            if one != change.payment or since > change.at
        }
    return after.paying


def _ends(change: Change) -> bool:
    return change.kind in (ChangeKind.CLOSED, ChangeKind.FULFILLED) or (
        change.kind in (ChangeKind.PAID, ChangeKind.UPDATED) and change.remaining_minor == 0
    )


def _changed(known: Obligation, change: Change) -> Obligation:
    match change.kind:
        case ChangeKind.CLOSED:
            closed = _ended(known, change, ObligationState.CLOSED)
            return closed if change.due is None else replace(closed, reopens_from=change.due)
        case ChangeKind.PAID if change.remaining_minor == 0:
            return replace(_ended(known, change, ObligationState.SETTLED), amount_minor=0)
        case ChangeKind.AGREED:
            return replace(known, agreed=True, kept=0)
        case ChangeKind.KEPT:
            return replace(known, kept=max(known.kept, change.kept or 0))
        case ChangeKind.DISAGREED:
            return replace(known, agreed=False)
        case ChangeKind.FULFILLED:
            return replace(_ended(known, change, ObligationState.SETTLED), agreed=False)
        case ChangeKind.REOPENED:
            settled = known.state is ObligationState.SETTLED
            running = _opened(known) if settled else known
            kept = known.kept if change.kept is None else change.kept
            return replace(running, agreed=True, kept=kept)
        case ChangeKind.UNPAID if known.state is not ObligationState.CLOSED:
            return _reopened(known, change) if _newer(known, change, or_equal=True) else known
        case ChangeKind.OPENED | ChangeKind.PAID | ChangeKind.UPDATED:
            return _restated(known, change)
    return known


def _restated(known: Obligation, change: Change) -> Obligation:
    """A new amount; what is about a later period than what has ended may open again."""
    told = _told(known, change)
    if not _newer(known, change):
        return told
    asked = change.remaining_minor != 0
    match change.kind, known.state:
        case ChangeKind.UPDATED, ObligationState.OPEN if not asked:
            return replace(told, state=ObligationState.SETTLED, amount_minor=0)
        case (ChangeKind.OPENED, _) | (ChangeKind.UPDATED, ObligationState.SETTLED) if asked:
            if not _of_a_later_period(known, change):
                return told
            since = told.reopens_from if change.due is None else _after(change.due)
            return replace(_reopened(told, change), reopens_from=since)
        case _, ObligationState.OPEN:
            return replace(told, amount_minor=_amount(known, change))
    return told


def _told(known: Obligation, change: Change) -> Obligation:
    """From which due date on it may open again: what was asked before the end ended with it."""
    if change.due is None:
        return known
    since, after = known.reopens_from, _after(change.due)
    if since is not None:
        if known.closed_at is None:
            # Late news replaces nothing.
            after = after if _newer(known, change) else since
        else:
            after = max(after, since) if change.at <= known.closed_at else since
    return known if after == since else replace(known, reopens_from=after)


def _of_a_later_period(known: Obligation, change: Change) -> bool:
    """Whether new terms ask for something else than what has ended, by version or due date."""
    if known.closed_at is None:
        return True
    if change.version is not None and known.closed_version is not None:
        return change.version > known.closed_version
    if change.due is None or change.at <= known.closed_at:
        return False
    if known.reopens_from is None:
        return known.kind == "subscription"
    return change.due >= known.reopens_from


def _after(due: date) -> date:
    return due + timedelta(days=1)


def _ended(known: Obligation, change: Change, state: ObligationState) -> Obligation:
    """It has ended; what was recalled or sold stays so, whatever is still paid."""
    if known.state is ObligationState.CLOSED:
        state = known.state
    if known.closed_at is not None and known.closed_at > change.at:
        return replace(known, state=state)
    return replace(known, state=state, closed_at=change.at, closed_version=change.version)


def _reopened(known: Obligation, change: Change) -> Obligation:
    return replace(_opened(known), amount_minor=_amount(known, change))


def _opened(known: Obligation) -> Obligation:
    return replace(known, state=ObligationState.OPEN, closed_at=None, closed_version=None)


def _amount(known: Obligation, change: Change) -> int | None:
    return known.amount_minor if change.remaining_minor is None else change.remaining_minor


def _newer(known: Obligation, change: Change, *, or_equal: bool = False) -> bool:
    """Whether the change is later than what is known, by version where both have one."""
    if change.version is not None and known.version is not None and change.version != known.version:
        return change.version > known.version
    if known.changed_at is None or change.at > known.changed_at:
        return True
    return or_equal and change.at == known.changed_at
