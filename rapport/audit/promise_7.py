"""Promise 7: no offer exceeds its authority; agreements add up; every offer is signed, expires."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone

from rapport.audit import talks
from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.matrices import Matrices
from rapport.audit.verdict import Outcome
from schemas.common import Typed
from schemas.facts import (
    AgreementBroken,
    AgreementChanged,
    AgreementCompleted,
    AgreementMade,
    EventApplied,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferProposed,
    OutreachEnrolled,
)

TITLE = "No offer exceeds its authority, and agreements add up exactly"

_WHOLE = 10_000
"""Basis points of the whole."""
_EARLIEST_DAY = timezone(timedelta(hours=-12))
_LATEST_DAY = timezone(timedelta(hours=14))
_SIGNATURE_HEX = 64


def check(history: History) -> Outcome:
    """Work every offer out again from the authority it names, then follow it to its agreement."""
    outcome = Outcome(7, TITLE)
    log = history.log
    offers, agreements = log.of(OfferProposed), log.of(AgreementMade)
    outcome.checked = {"offers": len(offers), "agreements": len(agreements)}
    matrices = Matrices(log)
    for faulty in matrices.faulty:
        outcome.violate("matrix-faulty", "the matrix is none, or differs from itself", faulty)
    known = _Known(log.of(OutreachEnrolled), log.of(EventApplied))
    accepted = {fact.data.offer_id for fact in log.of(OfferAccepted)}
    for offer in offers:
        # What a customer asks for binds nobody until it is accepted.
        if offer.data.by != "customer" or offer.data.offer_id in accepted:
            _terms(offer, outcome)
            _within_authority(offer, outcome)
            _authority_given(offer, known, outcome)
            matrices.check(offer, outcome)
        _balance(offer, known, outcome)
        _binding(offer, outcome)
    by_id = {offer.data.offer_id: offer for offer in reversed(offers)}
    _acceptances(history, by_id, outcome)
    _agreements(history, by_id, outcome)
    _one_live_agreement(history, outcome)
    _counters(history, by_id, outcome)
    talks.check(log, outcome)
    _changes(history, by_id, outcome)
    return outcome


class _Known:
    """What enrolments and events had said of each bill: authorities, and the most ever asked."""

    def __init__(
        self, enrolled: Sequence[Fact[OutreachEnrolled]], applied: Sequence[Fact[EventApplied]]
    ) -> None:
        self.enrolled: dict[tuple[str, str], list[Fact[OutreachEnrolled]]] = defaultdict(list)
        self.asked: dict[tuple[str, str], int] = {}
        for fact in enrolled:
            self.enrolled[fact.tenant, fact.data.obligation.obligation_id].append(fact)
        for event in applied:
            if event.data.obligation_id is not None:
                key = (event.tenant, event.data.obligation_id)
                amounts = (event.data.data.get(name) or 0 for name in _AMOUNTS)
                self.asked[key] = max(self.asked.get(key, 0), *amounts)


_AMOUNTS = ("amount_minor", "balance_minor", "remaining_minor")


def _terms(offer: Fact[OfferProposed], outcome: Outcome) -> None:
    data, name = offer.data, f"offer {offer.data.offer_id}"
    total = sum(part.amount_minor for part in data.instalments)
    if total != data.total_minor:
        what = f"{name}: instalments sum to {total}, the total is {data.total_minor}"
        outcome.violate("sum", what, offer)
    if data.total_minor != data.balance_minor - data.discount_minor:
        what = f"{name}: {data.total_minor} is not {data.balance_minor} - {data.discount_minor}"
        outcome.violate("total", what, offer)
    if not data.instalments or any(part.amount_minor == 0 for part in data.instalments):
        outcome.violate("empty-instalment", f"{name} has an instalment of nothing", offer)
    days = [part.due_date for part in data.instalments]
    if days != sorted(set(days)):
        outcome.violate("dates", f"{name}: instalments are not due one after the other", offer)
    if days and days[0] < _day(offer, _EARLIEST_DAY):
        outcome.violate("dates", f"{name} asks for {days[0]}, a day that had passed", offer)


def _within_authority(offer: Fact[OfferProposed], outcome: Outcome) -> None:
    data, authority = offer.data, offer.data.authority
    name = f"offer {data.offer_id}"
    # In integers: a discount may be rounded down to the minor unit, never up.
    if data.discount_minor * _WHOLE > data.balance_minor * authority.max_discount_bp:
        what = (
            f"{name} gives up {data.discount_minor} of {data.balance_minor}; "
            f"{authority.max_discount_bp} basis points may be"
        )
        outcome.violate("discount", what, offer)
    count = len(data.instalments)
    if count > authority.max_instalments:
        what = f"{name} has {count} instalments; {authority.max_instalments} are allowed"
        outcome.violate("instalments", what, offer)
    least = min((part.amount_minor for part in data.instalments), default=0)
    if count > 1 and least < authority.min_instalment_minor:
        what = f"{name} has an instalment of {least}; {authority.min_instalment_minor} is the least"
        outcome.violate("least-instalment", what, offer)
    last = max((part.due_date for part in data.instalments), default=None)
    furthest = _day(offer, _LATEST_DAY) + timedelta(days=authority.max_days)
    if last is not None and last > furthest:
        what = f"{name} runs to {last}, beyond {authority.max_days} days"
        outcome.violate("too-long", what, offer)
    if data.expires_at - offer.time > timedelta(hours=authority.offer_valid_hours):
        what = f"{name} is valid for longer than {authority.offer_valid_hours} hours"
        outcome.violate("validity", what, offer)


def _day(offer: Fact[OfferProposed], zone: timezone) -> date:
    """The local date of the proposal at one end of the Earth: the customer's lies between."""
    return offer.time.astimezone(zone).date()


def _authority_given(offer: Fact[OfferProposed], known: _Known, outcome: Outcome) -> None:
    """A machine offers within what some enrolment about this bill was given, and no more."""
    if offer.data.by == "agent":
        return
    given = [
        fact
        for fact in known.enrolled.get((offer.tenant, offer.data.obligation_id), ())
        if fact.order < offer.order
    ]
    if all(fact.data.offers != offer.data.authority for fact in given):
        name = f"{offer.data.authority.name} v{offer.data.authority.version}"
        what = f"offer {offer.data.offer_id}: nobody gave the authority {name} for this bill"
        outcome.violate("authority", what, *given, offer)


def _balance(offer: Fact[OfferProposed], known: _Known, outcome: Outcome) -> None:
    asked = known.asked.get((offer.tenant, offer.data.obligation_id), 0)
    if offer.data.balance_minor > asked:
        what = (
            f"offer {offer.data.offer_id} is about {offer.data.balance_minor}; "
            f"the publisher never asked more than {asked}"
        )
        outcome.violate("balance", what, offer)


def _binding(offer: Fact[OfferProposed], outcome: Outcome) -> None:
    if len(offer.data.signature) < _SIGNATURE_HEX:
        outcome.violate("unsigned", f"offer {offer.data.offer_id} is not signed", offer)
    if offer.data.expires_at <= offer.time:
        what = f"offer {offer.data.offer_id} had expired when it was made"
        outcome.violate("expiry", what, offer)


def _acceptances(
    history: History, offers: dict[str, Fact[OfferProposed]], outcome: Outcome
) -> None:
    ends: list[Fact[OfferDeclined] | Fact[OfferExpired]] = [
        *history.log.of(OfferDeclined),
        *history.log.of(OfferExpired),
    ]
    gone = {end.data.offer_id: end for end in ends}
    before: dict[str, Fact[OfferAccepted]] = {}
    for accepted in history.log.of(OfferAccepted):
        offer_id = accepted.data.offer_id
        offer, ended = offers.get(offer_id), gone.get(offer_id)
        if offer is None or offer.order > accepted.order:
            outcome.violate("no-offer", f"offer {offer_id} was accepted but never made", accepted)
        elif accepted.time > offer.data.expires_at:
            what = f"offer {offer_id} was accepted after it expired"
            outcome.violate("accepted-late", what, offer, accepted)
        if ended is not None and ended.order < accepted.order:
            what = f"offer {offer_id} was accepted after {ended.type}"
            outcome.violate("accepted-late", what, ended, accepted)
        if offer_id in before:
            what = f"offer {offer_id} was accepted twice"
            outcome.violate("accepted-twice", what, before[offer_id], accepted)
        before[offer_id] = accepted


@dataclass(frozen=True, slots=True)
class _Terms:
    """What offer and agreement must have in common."""

    customer: tuple[str, str]
    obligation: str
    currency: str
    total: int
    discount: int
    plan: tuple[tuple[date, int], ...]
    authority: str

    @classmethod
    def of(cls, fact: Fact[OfferProposed] | Fact[AgreementMade]) -> "_Terms":
        data = fact.data
        return cls(
            fact.who,
            data.obligation_id,
            data.currency,
            data.total_minor,
            data.discount_minor,
            tuple((part.due_date, part.amount_minor) for part in data.instalments),
            data.authority.model_dump_json(),
        )


def _agreements(history: History, offers: dict[str, Fact[OfferProposed]], outcome: Outcome) -> None:
    accepted = {fact.data.agreement_id: fact for fact in history.log.of(OfferAccepted)}
    made: dict[str, Fact[AgreementMade]] = {}
    for agreement in history.log.of(AgreementMade):
        data = agreement.data
        offer, acceptance = offers.get(data.offer_id), accepted.get(data.agreement_id)
        total = sum(part.amount_minor for part in data.instalments)
        if total != data.total_minor:
            what = (
                f"agreement {data.agreement_id}: {total} agreed in parts, {data.total_minor} in all"
            )
            outcome.violate("agreement-sum", what, agreement)
        elif offer is not None and _Terms.of(offer) != _Terms.of(agreement):
            what = f"agreement {data.agreement_id} differs from its offer"
            outcome.violate("agreement-differs", what, offer, agreement)
        if acceptance is None or acceptance.data.offer_id != data.offer_id:
            what = f"agreement {data.agreement_id} rests on no accepted offer"
            outcome.violate("not-accepted", what, acceptance, agreement)
        if data.agreement_id in made:
            what = f"agreement {data.agreement_id} was made twice"
            outcome.violate("agreed-twice", what, made[data.agreement_id], agreement)
        made[data.agreement_id] = agreement
    for agreement_id, acceptance in accepted.items():
        if agreement_id not in made:
            what = f"offer {acceptance.data.offer_id} was accepted, but no agreement followed"
            outcome.violate("no-agreement", what, acceptance)


def _one_live_agreement(history: History, outcome: Outcome) -> None:
    """At most one agreement about a bill at a time, whichever party made it."""
    log = history.log
    ends: list[Fact[AgreementBroken] | Fact[AgreementCompleted]] = [
        *log.of(AgreementBroken),
        *log.of(AgreementCompleted),
    ]
    over = {fact.data.agreement_id: fact.order for fact in sorted(ends, key=_order, reverse=True)}
    live: dict[tuple[str, str], Fact[AgreementMade]] = {}
    for agreement in log.of(AgreementMade):
        key = (agreement.tenant, agreement.data.obligation_id)
        before = live.get(key)
        if before is not None and before.data.agreement_id != agreement.data.agreement_id:
            ended = over.get(before.data.agreement_id)
            if ended is None or ended > agreement.order:
                what = f"{agreement.data.obligation_id} has two agreements at once"
                outcome.violate("two-agreements", what, before, agreement)
        live[key] = agreement


def _counters(history: History, offers: dict[str, Fact[OfferProposed]], outcome: Outcome) -> None:
    """A proposal is countered by an offer of the same case, and not by the customer's own."""
    for countered in history.log.of(OfferCountered):
        by = offers.get(countered.data.by_offer_id)
        if by is None or by.data.by == "customer" or by.data.case_id != countered.data.case_id:
            what = f"proposal {countered.data.offer_id} was countered by no offer"
            outcome.violate("no-counter", what, countered)


def _changes(history: History, offers: dict[str, Fact[OfferProposed]], outcome: Outcome) -> None:
    """Payments that were moved are the same ones, within what the authority allowed."""
    made = {fact.data.agreement_id: fact for fact in history.log.of(AgreementMade)}
    for changed in history.log.of(AgreementChanged):
        data = changed.data
        agreement = made.get(data.agreement_id)
        if agreement is None:
            what = f"agreement {data.agreement_id} was changed but never made"
            outcome.violate("changed-nothing", what, changed)
            continue
        before = [part.amount_minor for part in agreement.data.instalments]
        if [part.amount_minor for part in data.instalments] != before:
            what = f"agreement {data.agreement_id} has other amounts since it was changed"
            outcome.violate("changed-sum", what, agreement, changed)
        days = [part.due_date for part in data.instalments]
        offer = offers.get(agreement.data.offer_id)
        allowed = timedelta(days=agreement.data.authority.max_days)
        late = offer is not None and days and days[-1] > _day(offer, _LATEST_DAY) + allowed
        if days != sorted(set(days)) or late:
            what = f"agreement {data.agreement_id} was moved to days that are not allowed"
            outcome.violate("changed-dates", what, agreement, changed)


def _order(fact: Fact[Typed]) -> int:
    return fact.order
