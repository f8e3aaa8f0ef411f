"""The final check: in one transaction with the intent, before any provider hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from traceback import format_tb
from typing import Any, NamedTuple

from schemas import facts
from schemas.commands import Count, DispatchOrdered, PackRef, Place
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import message_store, metrics, model, store
from services.messenger.handlers.flights import Flight, leave_out, refuse
from services.messenger.handlers.knowledge import Case, cases
from services.messenger.handlers.translate import joined_of
from services.messenger.handlers.writing import Unwritable, Writer, Written, choice_told
from services.messenger.mail import content_hash
from services.messenger.model import (
    DispatchState,
    Letter,
    Refuse,
    Wait,
)
from services.messenger.rules import check as rules
from services.messenger.rules.parts import left_out
from services.policy import gate
from services.policy.model import CapCount, Pack
from services.policy.packs import applying
from services.runtime import ledger, logging
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ids import derive
from services.runtime.ledger import Fenced, Ownership
from services.runtime.unit_of_work import UnitOfWork

log = logging.get(__name__)

PROMISED_LAG = 2.0
"""Real seconds that the messenger may be behind the log when it sends (design, promise 3)."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter whose intent is committed: hand it over now, once, and not after `fresh_until`."""

    letter: Letter
    flight: Flight
    fresh_until: datetime


class _Intent(NamedTuple):
    """A decision to send: the letter, and the row that records it."""

    ready: Ready
    row: dict[str, Any]


@dataclass(slots=True)
class Claimed:
    """What became of a round of candidates.

    `waiting`: dispatches to look at again shortly. `doubtful`: one of them may have been intended
    all the same, since the answer to its commit is not known.
    """

    ready: list[Ready]
    waiting: list[str]
    doubtful: bool = False


class Claiming:
    """Takes pending dispatches. One round at a time."""

    def __init__(
        self, context: Context, writer: Writer, packs: Sequence[Pack], longest_lag: float
    ) -> None:
        """longest_lag: real seconds behind the log at which it waits; below PROMISED_LAG."""
        self._context = context
        self._writer = writer
        self._packs = packs
        self._longest_lag = longest_lag

    def is_fresh(self, fresh_at: datetime) -> bool:
        """Whether a lane whose newest heartbeat was written then is fresh enough to send."""
        return (self._context.clock.real() - fresh_at).total_seconds() <= self._longest_lag

    def claim(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        """Decide on each candidate; record and tell the intent, or the refusal.

        owned: the owned lanes. Raises Fenced if one of them is owned no more.
        """
        try:
            return self._claim(owned, candidates)
        except Fenced:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            return self._claim_one_by_one(owned, candidates)

    def _claim_one_by_one(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        """One of them is at fault: alone, it takes no other with it."""
        claimed = Claimed([], [])
        for one in candidates:
            try:
                alone = self._claim_alone(owned, one)
            except Exception:
                if not claimed.ready:
                    raise
                # What is intended already must be handed over; the rest is looked at again.
                claimed.waiting.append(one.dispatch_id)
                claimed.doubtful = True
                continue
            claimed.ready.extend(alone.ready)
            claimed.waiting.extend(alone.waiting)
        return claimed

    def _claim_alone(self, owned: Mapping[int, Ownership], candidate: store.Candidate) -> Claimed:
        try:
            return self._claim(owned, [candidate])
        except Fenced:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            # Only where it failed, never what it says: the text may quote what it choked on.
            log.error(
                "a dispatch cannot be decided and is put aside",
                dispatch=candidate.dispatch_id,
                error=type(error).__name__,
                trace=format_tb(error.__traceback__),
            )
            self._put_aside(owned, candidate)
            return Claimed([], [])

    def _put_aside(self, owned: Mapping[int, Ownership], candidate: store.Candidate) -> None:
        with self._context.unit() as work:
            lane = candidate.lane
            ledger.confirm(work.session, OUTREACH_DISPATCHES, lane, owned[lane].epoch)
            store.lock_customers(work.session, [(candidate.tenant, candidate.customer)])
            key = (candidate.tenant, candidate.dispatch_id)
            for row in store.pending(work.session, [key]):
                refuse(
                    work,
                    row,
                    DispatchOrdered.model_validate_json(row.data),
                    Refuse("fault", "fault"),
                )
                store.end_dispatches(work.session, [(*key, DispatchState.REFUSED)])

    def _claim(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        claimed = Claimed([], [])
        with self._context.unit() as work:
            lanes = {one.lane for one in candidates}
            ledger.confirm_all(
                work.session, OUTREACH_DISPATCHES, {lane: owned[lane].epoch for lane in lanes}
            )
            keys = [(one.tenant, one.customer) for one in candidates]
            addressees = store.lock_customers(work.session, keys, skip_locked=True)
            # Positions first: what is read after them can only be newer than they say.
            positions = work.positions()
            work.now = self._context.clock.now()
            rows = store.pending(
                work.session,
                [
                    (one.tenant, one.dispatch_id)
                    for one in candidates
                    if (one.tenant, one.customer) in addressees
                ],
            )
            epochs = {lane: own.epoch for lane, own in owned.items()}
            ends: list[tuple[str, str, DispatchState]] = []
            intents: list[dict[str, Any]] = []
            for case in cases(
                self._context,
                work,
                rows,
                addressees,
                positions,
                epochs,
                gate.longest_window(self._packs),
            ):
                taken = self._take(work, case)
                if isinstance(taken, Wait):
                    claimed.waiting.append(case.row.dispatch_id)
                    continue
                state = DispatchState.INTENDED if taken else DispatchState.REFUSED
                ends.append((case.row.tenant, case.row.dispatch_id, state))
                if taken:
                    claimed.ready.append(taken.ready)
                    intents.append(taken.row)
            message_store.add(work.session, intents)
            store.end_dispatches(work.session, ends)
            seen = {row.dispatch_id for row in rows}
        claimed.waiting.extend(one.dispatch_id for one in candidates if one.dispatch_id not in seen)
        return claimed

    def _take(self, work: UnitOfWork, case: Case) -> _Intent | Wait | None:
        left = left_out(
            case.order, case.parts, case.customer, case.obligations, self._packs, work.now
        )
        whole, case = case, case.less(left)
        hold = rules.held(case.order, case.customer, self._packs, work.now)
        if hold is not None and not hold.silent:
            case = case.gentler()
        decision = rules.check(
            case.order,
            case.customer,
            case.obligations,
            self._packs,
            case.lag,
            self._longest_lag,
            work.now,
        )
        if isinstance(decision, Wait):
            return decision
        for part in whole.parts:
            if part.step_id in left:
                leave_out(work, case.row, part, left[part.step_id])
        written = decision if isinstance(decision, Refuse) else self._write(work, case)
        if isinstance(written, Refuse):
            refuse(work, case.row, case.dispatch, written)
            return None
        return self._intend(work, case, written)

    def _write(self, work: UnitOfWork, case: Case) -> Written | Refuse:
        required = rules.required_disclosures(case.order, case.customer, self._packs, work.now)
        try:
            written = self._writer.write(
                _message_id(case.row),
                case.row.tenant,
                case.dispatch,
                case.addressee,
                case.obligations,
                work.now,
                required,
                rules.withheld(case.order, case.customer, self._packs, work.now),
            )
        except Unwritable as error:
            return Refuse(
                str(error),
                "content",
                retryable=error.not_before is not None,
                not_before=error.not_before,
            )
        return rules.missing_disclosures(required, written.disclosures) or written

    def _intend(self, work: UnitOfWork, case: Case, written: Written) -> _Intent:
        row, message_id = case.row, _message_id(case.row)
        content_sha256 = content_hash(written.letter.copy)
        lag = case.lag.seconds or 0.0
        metrics.LOG_AGE_SECONDS.set(lag)
        intent = work.fact(
            "message.intended",
            self._intended(work, case, written, content_sha256),
            subject=row.customer,
            tenant=row.tenant,
            cause=case.cause,
            key=(message_id,),
        )
        flight = Flight(
            row.tenant,
            row.customer,
            message_id,
            row.dispatch_id,
            case.dispatch.step_id,
            joined_of(case.dispatch),
            row.lane,
            case.epoch,
            case.address_hash,
            intent,
            case.dispatch.channel,
        )
        fresh_until = self._context.clock.real() + timedelta(seconds=PROMISED_LAG - lag)
        letter = written.letter
        if flight.channel != "email":
            letter = replace(letter, fresh_until=fresh_until)
        ready = Ready(letter, flight, fresh_until)
        return _Intent(ready, _row(case, written, flight, content_sha256, work.now))

    def _intended(
        self, work: UnitOfWork, case: Case, written: Written, content_sha256: str
    ) -> facts.MessageIntended:
        dispatch, order = case.dispatch, case.order
        zones = rules.place_of(order, case.customer)
        packs = applying(self._packs, zones)
        counts = gate.cap_counts(
            work.now,
            zones,
            packs,
            rules.approach_of(order, case.customer, zones, packs, work.now),
            case.customer.contacts,
        )
        return facts.MessageIntended(
            message_id=_message_id(case.row),
            step_id=dispatch.step_id,
            dispatch_id=dispatch.dispatch_id,
            enrolment_id=dispatch.enrolment_id,
            checked_at=work.now,
            applied_through=dict(case.positions),
            log_age_seconds=case.lag.seconds or 0.0,
            purpose=dispatch.purpose,
            channel=dispatch.channel,
            obligation_ids=order.obligation_ids,
            playbook=dispatch.playbook,
            playbook_version=dispatch.playbook_version,
            step=dispatch.step,
            template=dispatch.template,
            segment=dispatch.segment,
            tone=dispatch.tone,
            variant=written.variant,
            locale=written.locale,
            zones=zones.names,
            place=_place(rules.evidence_of(order, case.customer)),
            packs=_refs(packs),
            counts=tuple(map(_count, counts)),
            disclosures=written.disclosures,
            withheld=written.withheld,
            confirmed=case.customer.confirmed,
            roles=tuple(sorted(order.roles)),
            one_click=True,
            content_sha256=content_sha256,
            address_hash=case.address_hash,
            portal="portal" in written.links,
            choices=tuple(sorted(written.choices)),
            answers=dispatch.answers,
            joined=joined_of(dispatch),
            segments=written.segments,
            agreement=dispatch.agreement,
            **choice_told(written.drawn),
        )


# Few differ, and to make a checked one takes longer than to find it.
@lru_cache(maxsize=4096)
def _place(place: model.Place) -> Place:
    return Place(
        timezone=place.timezone,
        country=place.country,
        region=place.region,
        city=place.city,
        phone_country=place.phone_country,
        phone_zones=place.phone_zones,
        postal_areas=place.postal_areas,
    )


@lru_cache(maxsize=1024)
def _refs(packs: tuple[Pack, ...]) -> tuple[PackRef, ...]:
    return tuple(PackRef(name=pack.name, version=pack.version) for pack in packs)


@lru_cache(maxsize=4096)
def _count(one: CapCount) -> Count:
    return Count(
        rule=one.rule,
        limit=one.limit,
        window_hours=one.window_hours,
        count=one.count,
        unit=one.unit,
        scope=one.scope,
        calendar=one.calendar,
    )


def _message_id(row: store.Pending) -> str:
    return derive("message", row.tenant, row.dispatch_id)


def _row(
    case: Case, written: Written, flight: Flight, content_sha256: str, now: datetime
) -> dict[str, Any]:
    """A row of `tables.MessageRow`."""
    dispatch = case.dispatch
    return {
        "tenant": flight.tenant,
        "customer": flight.customer,
        "message_id": flight.message_id,
        "dispatch_id": flight.dispatch_id,
        "step_id": flight.step_id,
        "lane": flight.lane,
        "epoch": flight.epoch,
        "address_hash": flight.address_hash,
        "cause": {
            "id": flight.cause.id,
            "correlationid": flight.cause.correlationid,
            "traceparent": flight.cause.traceparent,
        },
        "enrolment_id": dispatch.enrolment_id,
        "state": DispatchState.INTENDED.value,
        "purpose": dispatch.purpose,
        "channel": dispatch.channel,
        "locale": written.locale,
        "joined": list(flight.joined),
        "obligation_ids": list(case.order.obligation_ids),
        "playbook": dispatch.playbook,
        "template": dispatch.template,
        "variant": written.variant,
        "content_sha256": content_sha256,
        "copy_": written.letter.copy,
        "links": dict(written.links),
        "choices": {name: asdict(one) for name, one in written.choices.items()},
        "checked_at": now,
    }
