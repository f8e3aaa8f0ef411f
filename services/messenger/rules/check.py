"""The final check: may this message go out at this instant? Pure; the strictest reading wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from services.messenger.model import (
    ANY,
    Customer,
    Decision,
    Lag,
    Obligation,
    ObligationState,
    Order,
    Place,
    Promise,
    Refuse,
    Send,
    Wait,
)
from services.playbooks.model import IN_FULL
from services.policy import consent, gate
from services.policy.handoffs import LOOKS_AGAIN, keeps_quiet
from services.policy.holds import Ruling, ruling, standing
from services.policy.model import Approach, Pack, Verdict, Zones
from services.policy.notices import missing
from services.policy.packs import applying
from services.policy.places import candidate_zones

PAYMENT_TAKES = timedelta(hours=12)
"""How long a payment under way is waited for before it is looked at again."""


RELATIONSHIP_KINDS = frozenset({"bill", "subscription", "benefit"})
"""Obligations that are a running dealing between customer and tenant; an application is none."""


def place_of(order: Order, customer: Customer) -> Zones:
    """Where the customer may be, by what was told of it; if nothing was, by the order."""
    return candidate_zones(evidence_of(order, customer), order.due_timezone)


def evidence_of(order: Order, customer: Customer) -> Place:
    """What is known of the place; what phone and postal code tell comes with the order."""
    return _evidence(order.place, customer.place, customer.placed)


@lru_cache(maxsize=16_384)
def _evidence(ordered: Place, known: Place, placed: bool) -> Place:
    if not placed and not known.known:
        return ordered
    return replace(
        known,
        phone_country=ordered.phone_country,
        phone_zones=ordered.phone_zones,
        postal_areas=ordered.postal_areas,
    )


def approach_of(
    order: Order, customer: Customer, zones: Zones, applied: Sequence[Pack], now: datetime
) -> Approach:
    """The order as the policy packs see it. applied: those that apply at the place."""
    return Approach(
        order.purpose,
        order.channel,
        order.roles,
        order.obligation_ids,
        frozenset(
            hold.kind
            for hold in standing(customer.holds, order.obligation_ids, zones, applied, now)
        ),
        answers=order.answers is not None,
    )


def held(order: Order, customer: Customer, packs: Sequence[Pack], now: datetime) -> Ruling | None:
    """What the strictest hold asks of the order. packs: all that are loaded."""
    if not customer.holds:
        return None
    zones = place_of(order, customer)
    applied = applying(packs, zones)
    approach = Approach(order.purpose, order.channel, order.roles, order.obligation_ids)
    return ruling(customer.holds, approach, zones, applied, now)


def check(
    order: Order,
    customer: Customer,
    obligations: Mapping[str, Obligation],
    packs: Sequence[Pack],
    lag: Lag,
    longest_lag: float,
    now: datetime,
) -> Decision:
    """Decide on one dispatch at `now`, on all that is applied so far.

    obligations: those of the order that are known. packs: all that are loaded. longest_lag: real
    seconds the messenger may be behind the log. The first reason found is the one that is told:
    what is final before what may pass.
    """
    for refusal in _whatever_may_come(order, now):
        return refusal
    waiting = _too_early(lag, longest_lag)
    if waiting:
        return waiting
    for refusal in _final_refusals(order, customer, obligations, packs, now):
        return refusal
    zones = place_of(order, customer)
    applied = applying(packs, zones)
    approach = approach_of(order, customer, zones, applied, now)
    verdict = consent.check_consent(
        now,
        zones,
        applied,
        approach,
        customer.consents,
        relationship=bool(order.kinds) and order.kinds <= RELATIONSHIP_KINDS,
    )
    if not verdict.allowed:
        return _refused(verdict)
    rules = (*applied, *customer.wishes)
    verdict = gate.check(now, zones, rules, approach, customer.contacts)
    return Send() if verdict.allowed else _refused(verdict)


def refusals(
    order: Order,
    customer: Customer,
    obligations: Mapping[str, Obligation],
    packs: Sequence[Pack],
    now: datetime,
) -> Iterator[Refuse]:
    """What forbids to talk about the matter at all, at this instant or for good."""
    yield from _whatever_may_come(order, now)
    yield from _final_refusals(order, customer, obligations, packs, now)


def required_disclosures(
    order: Order, customer: Customer, packs: Sequence[Pack], now: datetime
) -> tuple[str, ...]:
    """What the packs in force at the customer's place require of the message, by code."""
    zones = place_of(order, customer)
    applied = applying(packs, zones)
    approach = approach_of(order, customer, zones, applied, now)
    return consent.required_disclosures(now, zones, applied, approach)


def withheld(
    order: Order, customer: Customer, packs: Sequence[Pack], now: datetime
) -> tuple[Literal["subject", "body"], ...]:
    """Where nothing may tell of a debt, since it is not sure who reads.

    What has no subject shows its beginning instead: there the one goes with the other.
    """
    zones = place_of(order, customer)
    applied = applying(packs, zones)
    approach = approach_of(order, customer, zones, applied, now)

    def is_withheld(where: str) -> bool:
        told = consent.may_disclose_debt(
            now, zones, applied, approach, where, customer.confirmed is not None
        )
        return not told.allowed

    subject, body = is_withheld("subject"), is_withheld("body")
    if body or (subject and order.channel not in IN_FULL):
        return ("subject", "body")
    return ("subject",) if subject else ()


def missing_disclosures(required: Sequence[str], carried: Sequence[str]) -> Refuse | None:
    """Refuse a message that lacks what is required of it."""
    missing = sorted(set(required) - set(carried))
    if not missing:
        return None
    return Refuse(f"disclosure_missing:{','.join(missing)}", "disclosures")


def _too_early(lag: Lag, longest_lag: float) -> Wait | None:
    if not lag.covered:
        return Wait("behind_other_topics")
    if lag.seconds is None or lag.seconds > longest_lag:
        return Wait("behind_the_log")
    return None


def _whatever_may_come(order: Order, now: datetime) -> Iterator[Refuse]:
    """Refusals that nothing unread can undo; waiting for the log would only make a heap."""
    if order.cancelled:
        yield Refuse("cancelled", "enrolment")
    if now > order.not_after:
        yield Refuse("no_longer_valid", "validity")


def _final_refusals(
    order: Order,
    customer: Customer,
    obligations: Mapping[str, Obligation],
    packs: Sequence[Pack],
    now: datetime,
) -> Iterator[Refuse]:
    if customer.merged_into is not None:
        # The scheduler hears of it as well, and goes on with it under the id that stays.
        yield Refuse("merged", "customer", retryable=True)
    if customer.erased:
        yield Refuse("erased", "customer")
    if order.pause is not None and (order.pause.until is None or now < order.pause.until):
        # The scheduler let it wait first, and goes on with it when it is resumed.
        yield Refuse("paused", "pause", retryable=True, not_before=order.pause.until)
    for rule in (order.halted[one] for one in order.obligation_ids if one in order.halted):
        # The scheduler heard of it first, and lets it wait until sending is resumed.
        yield Refuse("sending_stopped", rule, retryable=True)
    for known in (obligations.get(name) for name in order.obligation_ids):
        if known is not None:
            yield from _about(known, order.promise, now)
    yield from _without_notice(order, customer, obligations, packs, now)
    hold = held(order, customer, packs, now)
    if hold is not None and hold.silent:
        # What goes on after it is planned again, and waits where it is known until when.
        yield Refuse(hold.reason, hold.rule, hold.rule_version, hold.resumes, hold.until)
    for suppression in customer.suppressions:
        if (
            suppression.channel in (order.channel, ANY)
            and suppression.purpose in (order.purpose, ANY)
            and (suppression.expires_at is None or now < suppression.expires_at)
        ):
            yield Refuse(
                f"suppressed:{suppression.reason}",
                "suppressions",
                retryable=suppression.expires_at is not None,
                not_before=suppression.expires_at,
            )
    others = (one for one in customer.handoffs if one.id != order.answers)
    if any(keeps_quiet(one, order.obligation_ids, order.purpose) for one in others):
        yield Refuse("handoff", "handoff", retryable=True, not_before=now + LOOKS_AGAIN)
    if customer.address(order.channel) is None:
        yield Refuse("no_address", "address")


def _without_notice(
    order: Order,
    customer: Customer,
    obligations: Mapping[str, Obligation],
    packs: Sequence[Pack],
    now: datetime,
) -> Iterator[Refuse]:
    """The statutory notices that must have gone before; the scheduler waits for them as well."""
    if not any(pack.notices for pack in packs):
        return
    zones = place_of(order, customer)
    applied = applying(packs, zones)
    for name in order.obligation_ids:
        approach = Approach(order.purpose, order.channel, order.roles, (name,))
        sent = obligations[name].notices if name in obligations else ()
        for one in missing(sent, approach, zones, applied, now):
            yield Refuse(one.reason, one.rule, one.rule_version, retryable=True)


def _about(known: Obligation, promise: Promise | None, now: datetime) -> Iterator[Refuse]:
    if promise is not None and promise.instalment is None:
        # Thanks for what is paid: only while that is so.
        if known.agreed or known.state is not ObligationState.SETTLED:
            yield Refuse("not_completed", "agreement")
        return
    if known.state in (ObligationState.SETTLED, ObligationState.CLOSED):
        yield Refuse(known.state, "obligation")
    if promise is None and known.agreed:
        yield Refuse("agreed", "obligation")
    if promise is not None and not known.agreed:
        yield Refuse("agreement_over", "agreement")
    if promise is not None and known.kept >= (promise.instalment or 0):
        yield Refuse("instalment_paid", "agreement")
    if known.paying:
        yield Refuse(
            "payment_pending", "obligation", retryable=True, not_before=now + PAYMENT_TAKES
        )


def _refused(verdict: Verdict) -> Refuse:
    return Refuse(
        verdict.reason or "refused",
        verdict.rule or "policy",
        verdict.rule_version or 1,
        retryable=verdict.not_before is not None,
        not_before=verdict.not_before,
    )
