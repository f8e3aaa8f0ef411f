"""A customer's own proposal: read, judged, answered at once, and kept with its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

from schemas.facts import AffordabilityStated, OfferCountered, OfferDeclined
from schemas.world import minor_units
from services.negotiator import offer_store, store
from services.negotiator.handlers import acceptance, offers, people, visits
from services.negotiator.handlers.deciding import Deciding, Judged, stated_by
from services.negotiator.handlers.promises import Promises
from services.negotiator.handlers.translate import plan
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import Bill, HandoffReason, OfferStatus, Refusal
from services.negotiator.model.terms import (
    Accepted,
    Answer,
    Countered,
    Every,
    Wish,
    WishRefusal,
)
from services.negotiator.rules import proposals as rules
from services.negotiator.rules import wishes
from services.negotiator.rules.offers import is_held, refusal_of_bill
from services.negotiator.rules.proposals import shape
from services.negotiator.rules.value import score
from services.negotiator.tables import (
    AffordabilityRow,
    CaseRow,
    OfferRow,
    ProposalRow,
)
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


class Outcome(Enum):
    """What came of a proposal."""

    AGREED = auto()
    COUNTERED = auto()
    HANDED_OVER = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """A case that may be talked about: its bill, locked, and the limits."""

    bill: Bill
    judged: Judged


def propose(
    work: UnitOfWork,
    decide: Deciding,
    promises: Promises,
    visit: Visit,
    case: CaseRow,
    fields: Mapping[str, str],
) -> Outcome | Refusal | WishRefusal:
    """Answer a proposal, or say why it is none. The customer is locked.

    The same once more, from a second click or tab, is answered as before and changes nothing.
    `asked` in the fields is the amount that the form was made for.
    """
    asked = ask(work, decide, visit, case)
    if isinstance(asked, Refusal):
        return _agreed_so(work, visit, case, fields, asked)
    bill, judged = asked.bill, asked.judged
    assert bill.currency is not None
    digits, today = minor_units(bill.currency), judged.given.today
    wish = wishes.read(fields, bill.remaining_minor, bill.currency, digits, today)
    if isinstance(wish, WishRefusal):
        return wish
    if fields.get("asked", str(bill.remaining_minor)) != str(bill.remaining_minor):
        return Refusal.AMOUNT_CHANGED
    return _answer(work, decide, promises, case, judged, wish)


def state(
    work: UnitOfWork,
    decide: Deciding,
    visit: Visit,
    case: CaseRow,
    fields: Mapping[str, str],
) -> Refusal | WishRefusal | None:
    """Keep what the customer says they can manage, and offer what that allows besides.

    The customer is locked. Only the log's readers learn that it was said, and not what.
    """
    asked = ask(work, decide, visit, case)
    if isinstance(asked, Refusal):
        return asked
    assert asked.bill.currency is not None
    known = stated_by(work, case, asked.bill.currency)
    stated = wishes.read_stated(fields, minor_units(asked.bill.currency), known)
    if isinstance(stated, WishRefusal):
        return stated
    if stated == known:
        return None
    row = AffordabilityRow(
        tenant=case.tenant,
        customer=case.customer,
        obligation_id=case.obligation_id,
        currency=asked.bill.currency,
        monthly_minor=stated.monthly_minor or 0,
        payday=stated.payday,
        stated_at=work.now,
    )
    work.session.merge(row)
    work.session.flush()
    if not known.need:
        work.fact(
            AffordabilityStated.TYPE,
            AffordabilityStated(case_id=case.case_id, obligation_id=case.obligation_id),
            subject=case.customer,
            tenant=case.tenant,
            key=(case.case_id, work.now.isoformat()),
        )
    _offer_more(work, decide, visit, case, asked.bill)
    return None


def may_state(work: UnitOfWork, case: CaseRow) -> bool:
    """Whether to ask what the customer can manage: a proposal went too far, and it would help."""
    made = offer_store.proposals_of(work.session, case.case_id)
    if not made or not made[-1].may_ask or made[-1].outcome != Outcome.COUNTERED.name.lower():
        return False
    key = (case.tenant, case.customer, case.obligation_id)
    return work.session.get(AffordabilityRow, key) is None


def _offer_more(
    work: UnitOfWork, decide: Deciding, visit: Visit, case: CaseRow, bill: Bill
) -> None:
    """Put to the customer what they may have now and could not before; the rest stays open."""
    judged = decide.judge(work, case, bill, visits.place(visit, bill))
    if judged is None:
        return
    last = offer_store.proposals_of(work.session, case.case_id)
    wish = _wish(last[-1].wish) if last else None
    opened = offer_store.open_offers(work.session, case.case_id)
    before = [plan(row) for row in opened]
    known = {shape(one) for one in before}
    better = [
        one
        for one in rules.more(wish, judged.given)
        if shape(one) not in known and not any(rules.is_worse(one, old) for old in before)
    ]
    why = f"{case.case_id}:{work.now.isoformat()}"
    offers.add(work, decide, case, judged, better, opened, why)
    work.session.flush()


def _answer(
    work: UnitOfWork,
    decide: Deciding,
    promises: Promises,
    case: CaseRow,
    judged: Judged,
    wish: Wish,
) -> Outcome:
    said = _stored(wish)
    balance = judged.given.bounds.balance_minor
    opened = offer_store.open_offers(work.session, case.case_id)
    open_rows = _in_force(opened, balance, work.now)
    made = offer_store.proposals_of(work.session, case.case_id)
    same = next(
        (
            one
            for one in made
            if (one.wish, one.balance_minor, one.outcome) == (said, balance, "countered")
            and any(row.offer_id in one.answers for row in open_rows)
        ),
        None,
    )
    offered = [plan(row) for row in open_rows]
    found = rules.answer(
        wish,
        judged.given,
        offered=offered,
        rounds=case.proposals,
        most_rounds=decide.rounds,
        may_ask=judged.saying_more_helps,
    )
    if same is not None and not isinstance(found, Accepted):
        return Outcome.COUNTERED
    proposal_id = derive("proposal", case.case_id, len(made))
    wished = _put_wish(work, decide, case, judged, found, proposal_id)
    answers: list[str] = []
    outcome = Outcome.COUNTERED
    if isinstance(found, Accepted):
        outcome = Outcome.AGREED
        acceptance.agree(work, promises, case, wished)
    elif isinstance(found, Countered):
        ids = {shape(plan(row)): row.offer_id for row in open_rows}
        new = [one for one in found.plans if shape(one) not in ids]
        for row in offers.add(work, decide, case, judged, new, opened, proposal_id):
            ids[shape(plan(row))] = row.offer_id
        answers = [ids[shape(one)] for one in found.plans]
        _counter(work, case, wished, answers)
    else:
        outcome = Outcome.HANDED_OVER
        _hand_over(work, case, wished)
    work.session.add(
        ProposalRow(
            tenant=case.tenant,
            customer=case.customer,
            proposal_id=proposal_id,
            case_id=case.case_id,
            wish=said,
            balance_minor=balance,
            outcome=outcome.name.lower(),
            offer_id=wished.offer_id,
            breaches=[] if isinstance(found, Accepted) else list(found.breaches),
            answers=answers,
            may_ask=isinstance(found, Countered) and found.may_ask,
            at=work.now,
        )
    )
    work.session.flush()
    return outcome


def _put_wish(
    work: UnitOfWork,
    decide: Deciding,
    case: CaseRow,
    judged: Judged,
    found: Answer,
    proposal_id: str,
) -> OfferRow:
    accepted = isinstance(found, Accepted)
    wished = found.plan if isinstance(found, Accepted) else found.wished
    given = judged.given
    scored = score(wished, given.bounds, given.today, given.stated.monthly_minor)
    return offers.put(
        work, decide, case, judged, scored,
        offer_id=derive("offer", proposal_id), position=0, by="customer", within=accepted,
    )  # fmt: skip


def _counter(work: UnitOfWork, case: CaseRow, wished: OfferRow, answers: Sequence[str]) -> None:
    """Tell that these offers answer the wish, nearest first."""
    case.proposals += 1
    wished.status = OfferStatus.COUNTERED
    for by in answers:
        work.fact(
            OfferCountered.TYPE,
            OfferCountered(
                offer_id=wished.offer_id,
                case_id=case.case_id,
                obligation_id=case.obligation_id,
                by_offer_id=by,
            ),
            subject=case.customer,
            tenant=case.tenant,
            key=(wished.offer_id, by),
        )


def _hand_over(work: UnitOfWork, case: CaseRow, wished: OfferRow) -> None:
    wished.status = OfferStatus.DECLINED
    declined = work.fact(
        OfferDeclined.TYPE,
        OfferDeclined(
            offer_id=wished.offer_id, case_id=case.case_id, obligation_id=case.obligation_id
        ),
        subject=case.customer,
        tenant=case.tenant,
        key=(wished.offer_id,),
    )
    people.request(work, case, HandoffReason.TERMS, declined)


def ask(work: UnitOfWork, decide: Deciding, visit: Visit, case: CaseRow) -> Asked | Refusal:
    """The case with its bill locked, if there is anything to talk about."""
    key = (case.tenant, case.obligation_id)
    bill = store.lock_bills(work.session, [key])[key]
    if store.agreements_in_force(work.session, [key]).get(key) is not None:
        return Refusal.AGREED_ALREADY
    reasons = store.unresolved_reasons(work.session, case.case_id)
    holds = store.find_holds(work.session, case.tenant, case.customer)
    held = HandoffReason.DISPUTE in reasons or is_held(holds, case.obligation_id, work.now)
    if (why := refusal_of_bill(bill, held=held)) is not None:
        return why
    if HandoffReason.TERMS in reasons:
        return Refusal.WITH_A_PERSON
    judged = decide.judge(work, case, bill, visits.place(visit, bill))
    return Refusal.NO_OFFER if judged is None else Asked(bill, judged)


def _agreed_so(
    work: UnitOfWork,
    visit: Visit,
    case: CaseRow,
    fields: Mapping[str, str],
    why: Refusal,
) -> Outcome | Refusal:
    """The second of two clicks finds the agreement that the first one made."""
    if why is not Refusal.AGREED_ALREADY:
        return why
    key = (case.tenant, case.obligation_id)
    agreement = store.agreements_in_force(work.session, [key])[key]
    made = [
        one
        for one in offer_store.proposals_of(work.session, case.case_id)
        if one.offer_id == agreement.offer_id
    ]
    bill = store.find_bill(work.session, *key)
    if not made or bill is None or bill.currency is None:
        return why
    today = work.now.astimezone(visits.place(visit, bill)).date()
    digits = minor_units(bill.currency)
    wish = wishes.read(fields, made[0].balance_minor, bill.currency, digits, today)
    same = isinstance(wish, Wish) and _stored(wish) == made[0].wish
    return Outcome.AGREED if same else why


def _in_force(opened: Sequence[OfferRow], balance_minor: int, now: datetime) -> list[OfferRow]:
    """Of the open offers, those that the customer can still have."""
    return [row for row in opened if row.expires_at > now and row.balance_minor == balance_minor]


def _stored(wish: Wish) -> dict[str, Any]:
    return {
        name: value.isoformat() if name == "first" and value else value
        for name, value in asdict(wish).items()
        if value is not None
    }


def _wish(stored: Mapping[str, Any]) -> Wish:
    given = dict(stored)
    given["every"] = Every(given["every"])
    if "first" in given:
        given["first"] = date.fromisoformat(given["first"])
    return Wish(**given)
