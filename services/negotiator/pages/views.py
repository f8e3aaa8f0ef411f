"""What a page shows of a debt, an offer, an agreement: figures as its reader writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.negotiator.model import Instalment, Plan, PlanKind
from services.negotiator.pages.formats import Formats
from services.negotiator.rules.checkouts import What


@dataclass(frozen=True, slots=True)
class PartView:
    """One payment of a schedule."""

    date: str
    day: str
    amount: str
    paid: bool


@dataclass(frozen=True, slots=True)
class DebtView:
    """What is owed, and to whom."""

    creditor: str
    product: str | None
    amount: str
    due_date: str
    due_day: str | None
    past_due: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan to choose."""

    offer_id: str
    title: str
    detail: str
    schedule: tuple[PartView, ...]
    total: str


@dataclass(frozen=True, slots=True)
class AgreementView:
    """What was agreed, and how far it is paid."""

    creditor: str
    booking: str
    schedule: tuple[PartView, ...]
    total: str
    left: str | None


@dataclass(frozen=True, slots=True)
class PayView:
    """What may be paid at once: buttons with `what`, the amount in minor units, and their text.

    waiting: what is on its way, in words; None: nothing. origin: of the provider's pages.
    """

    origin: str
    buttons: tuple[tuple[str, int, str], ...]
    waiting: str | None


@dataclass(frozen=True, slots=True)
class MoveView:
    """The days to which the next payment may be put off; `opened` after a wrong one."""

    first: str
    last: str
    first_day: str
    last_day: str
    opened: bool


@dataclass(frozen=True, slots=True)
class ProposingView:
    """The form of an own plan: what it is made for, what was typed, and whether to ask for more.

    `first` and `last` are the days that a first payment may fall on.
    """

    asked: int
    currency: str
    first: str
    last: str
    said: Mapping[str, str]
    opened: bool
    may_state: bool


@dataclass(frozen=True, slots=True)
class SketchView:
    """What a plan of the customer's own would mean: dates and amounts."""

    schedule: tuple[PartView, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button that posts to `path`."""

    path: str
    text: str
    kind: str = "primary"
    reason: str | None = None


def debt(
    formats: Formats,
    *,
    creditor: str,
    product: str | None,
    amount_minor: int,
    currency: str,
    due_date: date | None,
    today: date,
) -> DebtView:
    """The debt as its page shows it."""
    return DebtView(
        creditor=creditor,
        product=product,
        amount=formats.money(amount_minor, currency),
        due_date=due_date.isoformat() if due_date else "",
        due_day=formats.day(due_date) if due_date else None,
        past_due=due_date is not None and due_date < today,
    )


def schedule(
    formats: Formats, parts: Sequence[Instalment], currency: str, kept: int = 0
) -> tuple[PartView, ...]:
    """The payments in order; the first `kept` of them are paid."""
    return tuple(
        PartView(
            date=part.due_date.isoformat(),
            day=formats.day(part.due_date),
            amount=formats.money(part.amount_minor, currency),
            paid=number < kept,
        )
        for number, part in enumerate(parts)
    )


def sketch(formats: Formats, shown: Plan, currency: str) -> SketchView:
    """The payments of a plan that nobody has judged yet."""
    return SketchView(
        schedule(formats, shown.instalments, currency), formats.money(shown.total_minor, currency)
    )


def pay(
    formats: Formats,
    words: Mapping[str, Any],
    origin: str,
    amounts: Mapping[What, int],
    on_its_way: int,
    currency: str,
) -> PayView | None:
    """What may be paid, and what is on its way; None where there is neither."""
    if not amounts and not on_its_way:
        return None
    texts: Mapping[str, str] = words["pay"]
    name = "only" if set(amounts) == {What.REST} else ""

    def said(what: str, amount: int) -> str:
        return texts[name or what].format(amount=formats.money(amount, currency))

    waiting = texts["waiting"].format(amount=formats.money(on_its_way, currency))
    return PayView(
        origin=origin,
        buttons=tuple((what, amount, said(what, amount)) for what, amount in amounts.items()),
        waiting=waiting if on_its_way else None,
    )


def plan(
    formats: Formats, words: Mapping[str, Any], offer_id: str, shown: Plan, currency: str
) -> PlanView:
    """The plan with its title and one line on what it means."""
    texts: Mapping[str, str] = words["plan"]
    name = _wording(shown)
    parts = schedule(formats, shown.instalments, currency)
    total = formats.money(shown.total_minor, currency)
    figures = {
        "total": total,
        "discount": formats.money(shown.discount_minor, currency),
        "balance": formats.money(shown.total_minor + shown.discount_minor, currency),
        "count": len(parts),
        "first": parts[0].amount,
        "then": parts[min(1, len(parts) - 1)].amount,
        "date": formats.near_day(shown.instalments[0].due_date),
    }
    return PlanView(
        offer_id=offer_id,
        title=texts[name].format(**figures),
        detail=texts[f"{name}_detail"].format(**figures),
        schedule=parts,
        total=total,
    )


def _wording(shown: Plan) -> str:
    if shown.kind is not PlanKind.INSTALMENTS:
        return shown.kind.value
    # Equal shares differ by rounding only; a small start is much less than what follows.
    first, second = (part.amount_minor for part in shown.instalments[:2])
    return "small_start" if first < second else "instalments"
