"""How events change what is known of an obligation. Pure; in doubt it is not talked about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.messenger.model import Change, ChangeKind, Obligation, ObligationState


def apply(known: Obligation, change: Change) -> Obligation:
    """The obligation after `change`.

    A lower version changes nothing. What ends an obligation counts even when it is told late;
    what opens it again must be newer than its end.
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
            return replace(known, state=ObligationState.CLOSED)
        case ChangeKind.PAID if change.remaining_minor == 0:
            return replace(known, state=ObligationState.SETTLED, amount_minor=0)
        case ChangeKind.AGREED:
            return replace(known, agreed=True, kept=0)
        case ChangeKind.KEPT:
            return replace(known, kept=max(known.kept, change.kept or 0))
        case ChangeKind.DISAGREED:
            return replace(known, agreed=False)
        case ChangeKind.FULFILLED:
            return replace(known, agreed=False, state=ObligationState.SETTLED)
        case ChangeKind.REOPENED:
            settled = known.state is ObligationState.SETTLED
            state = ObligationState.OPEN if settled else known.state
            kept = known.kept if change.kept is None else change.kept
            return replace(known, agreed=True, state=state, kept=kept)
        case ChangeKind.UNPAID if known.state is not ObligationState.CLOSED:
            return _reopened(known, change) if _newer(known, change, or_equal=True) else known
        case ChangeKind.OPENED | ChangeKind.PAID | ChangeKind.UPDATED:
            return _restated(known, change)
    return known


def _restated(known: Obligation, change: Change) -> Obligation:
    """A new amount; what is newer than the end may open again."""
    if not _newer(known, change):
        return known
    asked = change.remaining_minor != 0
    match change.kind, known.state:
        case ChangeKind.UPDATED, ObligationState.OPEN if not asked:
            return replace(known, state=ObligationState.SETTLED, amount_minor=0)
        case (ChangeKind.OPENED, _) | (ChangeKind.UPDATED, ObligationState.SETTLED) if asked:
            return _reopened(known, change)
        case _, ObligationState.OPEN:
            return replace(known, amount_minor=_amount(known, change))
    return known


def _reopened(known: Obligation, change: Change) -> Obligation:
    return replace(known, state=ObligationState.OPEN, amount_minor=_amount(known, change))


def _amount(known: Obligation, change: Change) -> int | None:
    return known.amount_minor if change.remaining_minor is None else change.remaining_minor


def _newer(known: Obligation, change: Change, *, or_equal: bool = False) -> bool:
    """Whether the change is later than what is known, by version where both have one."""
    if change.version is not None and known.version is not None and change.version != known.version:
        return change.version > known.version
    if known.changed_at is None or change.at > known.changed_at:
        return True
    return or_equal and change.at == known.changed_at
