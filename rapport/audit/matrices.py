"""Creditors' authority matrices as the log states them, and what each asks of one offer.

Worked out anew from the facts, in fractions where the negotiator counts in integers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta, timezone
from fractions import Fraction

from pydantic import ValidationError

from rapport.audit.log import Fact, Log
from rapport.audit.verdict import Outcome
from schemas.authority import AuthorityMatrix, Cell, Economics, Limits
from schemas.facts import (
    AffordabilityStated,
    AuthorityInForce,
    EventApplied,
    MatrixRef,
    OfferProposed,
    OutreachEnrolled,
)

_WHOLE = 10_000
_YEAR = 365
_ROLES = ("everyone", "need", "agent", "supervisor")
_BY_PERSON = ("agent", "supervisor")
_EDGES = (timezone(timedelta(hours=-12)), timezone(timedelta(hours=14)))
"""The customer's day lies between the dates at the two ends of the Earth."""

Bill = tuple[str, str]
"""Tenant and obligation."""


class Matrices:
    """Every matrix that the log states, and what it says of the debts they are about."""

    def __init__(self, log: Log) -> None:
        self._by_version: dict[tuple[str, str, int], AuthorityMatrix] = {}
        self._stated: list[tuple[AuthorityMatrix, Fact[AuthorityInForce]]] = []
        self.faulty: list[Fact[AuthorityInForce]] = []
        for fact in log.of(AuthorityInForce):
            try:
                matrix = AuthorityMatrix.model_validate(fact.data.content)
            except ValidationError:
                self.faulty.append(fact)
                continue
            key = (fact.tenant, matrix.name, matrix.version)
            if self._by_version.setdefault(key, matrix) != matrix:
                self.faulty.append(fact)
            self._stated.append((matrix, fact))
        self._said = {
            (fact.tenant, fact.data.case_id): fact.order
            for fact in reversed(log.of(AffordabilityStated))
        }
        self._enrolled: dict[Bill, list[Fact[OutreachEnrolled]]] = defaultdict(list)
        for enrolled in log.of(OutreachEnrolled):
            self._enrolled[enrolled.tenant, enrolled.data.obligation.obligation_id].append(enrolled)
        self._told: dict[Bill, list[Fact[EventApplied]]] = defaultdict(list)
        for told in log.of(EventApplied):
            if told.data.obligation_id is not None:
                self._told[told.tenant, told.data.obligation_id].append(told)

    def check(self, offer: Fact[OfferProposed], outcome: Outcome) -> None:
        """Judge an offer that binds by the matrix it names, or by the one it should have named."""
        cited = offer.data.matrix
        name = f"offer {offer.data.offer_id}"
        if cited is None:
            if (ignored := self._due_to(offer)) is not None:
                what = f"{name} names no matrix, and {ignored.name} v{ignored.version} is in force"
                outcome.violate("matrix-ignored", what, offer)
            return
        matrix = self._by_version.get((offer.tenant, cited.name, cited.version))
        if matrix is None:
            what = f"{name}: nobody put the matrix {cited.name} v{cited.version} into force"
            outcome.violate("matrix-unknown", what, offer)
            return
        cells = {cell.cell: cell for cell in matrix.cells}
        fitting = {cell.cell for cell in self._fitting(offer, matrix)}
        if fitting and cited.cell not in fitting:
            what = f"{name} was judged by cell {cited.cell}; {' or '.join(sorted(fitting))} fits"
            outcome.violate("cell", what, offer)
        if cited.cell in cells:
            for rule, what in _beyond(offer, cited, cells[cited.cell], matrix.economics):
                outcome.violate(rule, f"{name}: {what}", offer)
        self._by_whom(offer, cited, outcome)

    def _by_whom(self, offer: Fact[OfferProposed], cited: MatrixRef, outcome: Outcome) -> None:
        data, name = offer.data, f"offer {offer.data.offer_id}"
        if cited.role == "need":
            said = self._said.get((offer.tenant, data.case_id))
            if said is None or said > offer.order:
                what = f"{name} rests on a need that nobody stated"
                outcome.violate("need-unstated", what, offer)
        if (cited.role in _BY_PERSON) != (data.by == "agent"):
            outcome.violate("role", f"{name} by the {data.by} has limits of {cited.role}", offer)
        if cited.role == "supervisor" and data.approved_by in (None, data.actor):
            what = f"{name} goes beyond an agent's limits without a second person"
            outcome.violate("unapproved", what, offer)

    def _due_to(self, offer: Fact[OfferProposed]) -> AuthorityMatrix | None:
        """The matrix that was in force for the offer's creditor."""
        creditor = next(
            (
                fact.data.data["creditor"]
                for fact in reversed(self._before(offer))
                if fact.data.data.get("creditor")
            ),
            None,
        )
        for matrix, fact in self._stated:
            mine = fact.tenant == offer.tenant and fact.time < offer.time
            if mine and {"*", creditor} & set(matrix.creditors):
                return matrix
        return None

    def _before(self, offer: Fact[OfferProposed]) -> list[Fact[EventApplied]]:
        told = self._told.get((offer.tenant, offer.data.obligation_id), [])
        return [fact for fact in told if fact.order < offer.order]

    def _fitting(self, offer: Fact[OfferProposed], matrix: AuthorityMatrix) -> Iterator[Cell]:
        """The first cell that fits, for each segment and day that the log allows."""
        enrolled = [
            fact
            for fact in self._enrolled.get((offer.tenant, offer.data.obligation_id), ())
            if fact.order < offer.order and fact.data.offers is not None
        ]
        dues = {
            date.fromisoformat(fact.data.data["due_date"])
            for fact in self._before(offer)
            if fact.data.data.get("due_date")
        } | {d for fact in enrolled if (d := fact.data.obligation.due_date) is not None}
        late = {
            (offer.time.astimezone(zone).date() - due).days for due in dues for zone in _EDGES
        } or {0}
        for segment in {fact.data.segment for fact in enrolled}:
            for bucket in {_bucket(days) for days in late}:
                yield next(
                    cell
                    for cell in matrix.cells
                    if (cell.segments == "all" or segment in cell.segments)
                    and (cell.buckets == "all" or bucket in cell.buckets)
                    and _in_band(cell, offer.data.currency, offer.data.balance_minor)
                )


def _beyond(
    offer: Fact[OfferProposed], cited: MatrixRef, cell: Cell, economics: Economics
) -> Iterator[tuple[str, str]]:
    """How the offer goes beyond the cell's limits, the floor, or what commission may be given."""
    data, limits = offer.data, _limits(cell, cited.role)
    balance, discount = data.balance_minor, data.discount_minor
    if discount * _WHOLE > balance * limits.max_discount_bp:
        yield "matrix-discount", f"{discount} is more than {limits.max_discount_bp} basis points"
    by_commission = "commission" in (economics.funded_by, data.authority.funded_by)
    if by_commission and discount * _WHOLE > balance * economics.give_up_bp:
        yield "commission", f"{discount} is more than {economics.give_up_bp} points of commission"
    if discount and data.total_minor * _WHOLE < balance * economics.floor_bp:
        yield "floor", f"{data.total_minor} lies below {economics.floor_bp} basis points"
    count = len(data.instalments)
    if count > limits.max_instalments:
        yield "matrix-instalments", f"{count} instalments; {limits.max_instalments} are allowed"
    least = limits.min_instalment.get(data.currency, 0)
    if count > 1 and min(part.amount_minor for part in data.instalments) < least:
        yield "matrix-least", f"an instalment is less than {least}"
    days = [offer.time.astimezone(zone).date() for zone in _EDGES]
    last = max((part.due_date for part in data.instalments), default=None)
    if last is not None and last > max(days) + timedelta(days=limits.max_days):
        yield "matrix-days", f"it runs to {last}, beyond {limits.max_days} days"
    rate = economics.yearly_rate_bp
    worth = {day: _present_value(data, day, rate) for day in _each_day(days)}
    needed = Fraction(balance * limits.min_npv_bp, _WHOLE)
    if max(worth.values()) < needed:
        yield "npv", f"it is worth {max(worth.values())}; {float(needed):.0f} is the least"
    if cited.npv_minor not in worth.values():
        yield "npv-stated", f"it says {cited.npv_minor}, and is worth {max(worth.values())}"


def _present_value(data: OfferProposed, today: date, rate_bp: int) -> int:
    """Simple interest by days, each payment rounded down to the minor unit."""
    found = 0
    for part in data.instalments:
        years = Fraction(max(0, (part.due_date - today).days), _YEAR)
        found += int(part.amount_minor / (1 + Fraction(rate_bp, _WHOLE) * years))
    return found


def _each_day(days: Iterable[date]) -> Iterator[date]:
    first, last = min(days), max(days)
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)


def _limits(cell: Cell, role: str) -> Limits:
    """The limits of that role, or of the nearest below that the cell names."""
    found = cell.everyone
    for one in _ROLES[1 : _ROLES.index(role) + 1]:
        found = getattr(cell, one) or found
    return found


def _bucket(late: int) -> str:
    if late <= 0:
        return "current"
    return "1-29" if late < 30 else "30-59" if late < 60 else "60-89" if late < 90 else "90+"


def _in_band(cell: Cell, currency: str, balance: int) -> bool:
    least, most = cell.balance.at_least, cell.balance.below
    enough = least is None or (currency in least and balance >= least[currency])
    return enough and (most is None or (currency in most and balance < most[currency]))
