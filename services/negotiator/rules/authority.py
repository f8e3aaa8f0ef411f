"""How far terms may go: the playbook's cap, narrowed by the creditor's matrix.

Only what is owed decides: segment, days overdue, balance, and what the customer has said they can
manage. Nothing here guesses at who would pay more.
"""

from datetime import date

from services.negotiator.model import Authority
from services.negotiator.model.terms import WHOLE, Bounds, Cell, Economics, Limits, Matrix, Role

COMMISSION = "commission"
_BUCKETS = ((0, "current"), (29, "1-29"), (59, "30-59"), (89, "60-89"))
_ROLES = tuple(Role)


def bucket(due: date | None, today: date) -> str:
    """How long overdue, by full local days: `current`, `1-29`, `30-59`, `60-89` or `90+`."""
    late = (today - due).days if due is not None else 0
    return next((name for most, name in _BUCKETS if late <= most), "90+")


def cell_for(
    matrix: Matrix, segment: str | None, bucket: str, balance_minor: int, currency: str
) -> Cell:
    """The first cell of the matrix that fits; its last one fits every debt."""
    return next(
        cell
        for cell in matrix.cells
        if (cell.segments is None or segment in cell.segments)
        and (cell.buckets is None or bucket in cell.buckets)
        and _reaches(cell.at_least, currency, balance_minor)
        and _is_below(cell.below, currency, balance_minor)
    )


def bounds(
    cap: Authority,
    balance_minor: int,
    currency: str,
    matrix: Matrix | None = None,
    cell: Cell | None = None,
    role: Role = Role.EVERYONE,
) -> Bounds:
    """What terms about this balance must keep to.

    Without a person nothing goes beyond `cap`; a person's limits are the matrix's own. The floor,
    and how much commission may be given up, bind everyone. Without a matrix only `cap` binds.
    """
    if matrix is None or cell is None:
        return Bounds(
            balance_minor=balance_minor,
            max_discount_minor=balance_minor * cap.max_discount_bp // WHOLE,
            max_instalments=cap.max_instalments,
            min_instalment_minor=cap.min_instalment_minor,
            max_days=cap.max_days,
            min_npv_minor=0,
            yearly_rate_bp=0,
            lost_bp_a_month=0,
            grace_days=None,
        )
    limits, economics = limits_of(cell, role), matrix.economics
    by_person = role in (Role.AGENT, Role.SUPERVISOR)
    least = limits.min_instalment_minor.get(currency)
    own = cap.min_instalment_minor if least is None else least
    return Bounds(
        balance_minor=balance_minor,
        max_discount_minor=_discount(cap, balance_minor, limits, economics, by_person),
        max_instalments=limits.max_instalments
        if by_person
        else min(cap.max_instalments, limits.max_instalments),
        min_instalment_minor=own if by_person else max(cap.min_instalment_minor, own),
        max_days=limits.max_days if by_person else min(cap.max_days, limits.max_days),
        min_npv_minor=-(-balance_minor * limits.min_npv_bp // WHOLE),
        yearly_rate_bp=economics.yearly_rate_bp,
        lost_bp_a_month=economics.lost_bp_a_month,
        grace_days=cell.grace_days,
    )


def limits_of(cell: Cell, role: Role) -> Limits:
    """The limits of that role, or of the nearest one below that the cell names."""
    upward = _ROLES[: _ROLES.index(role) + 1]
    return next(cell.limits[one] for one in reversed(upward) if one in cell.limits)


def _discount(
    cap: Authority, balance_minor: int, limits: Limits, economics: Economics, by_person: bool
) -> int:
    share = limits.max_discount_bp
    if not by_person:
        share = min(share, cap.max_discount_bp)
    if COMMISSION in (cap.funded_by, economics.funded_by):
        share = min(share, economics.give_up_bp)
    above_floor = balance_minor - -(-balance_minor * economics.floor_bp // WHOLE)
    return max(0, min(balance_minor * share // WHOLE, above_floor))


def _reaches(least: object, currency: str, balance_minor: int) -> bool:
    if not isinstance(least, dict):
        return True
    return currency in least and balance_minor >= least[currency]


def _is_below(most: object, currency: str, balance_minor: int) -> bool:
    if not isinstance(most, dict):
        return True
    return currency in most and balance_minor < most[currency]
