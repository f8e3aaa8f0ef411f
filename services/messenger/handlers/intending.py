"""What a decision to send leaves behind: the fact, and the row of the message."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from schemas import facts
from schemas.commands import Count, PackRef, Place
from services.messenger import metrics, model, store
from services.messenger.handlers.flights import Flight
from services.messenger.handlers.knowledge import Case
from services.messenger.handlers.translate import joined_of
from services.messenger.handlers.writing import Written, choice_told
from services.messenger.mail import content_hash
from services.messenger.model import DispatchState, Letter
from services.messenger.rules import check as rules
from services.policy import gate
from services.policy.model import CapCount, Pack
from services.policy.packs import applying
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter whose intent is committed: hand it over now, once, and not when it is late."""

    letter: Letter
    flight: Flight


class Intent(NamedTuple):
    """A decision to send: the letter, and the rows that record it and its short links."""

    ready: Ready
    row: dict[str, Any]
    short_links: list[dict[str, Any]]


def intend(work: UnitOfWork, case: Case, written: Written, packs: Sequence[Pack]) -> Intent:
    """Tell the intent, in the transaction that is to record it. packs: those of every place."""
    row, message_id = case.row, message_id_of(case.row)
    content_sha256 = content_hash(written.letter.copy)
    metrics.LOG_AGE_SECONDS.set(case.lag.seconds or 0.0)
    intent = work.fact(
        "message.intended",
        _intended(work, case, written, packs, content_sha256),
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
    ready = Ready(replace(written.letter, fresh_until=case.fresh_until), flight)
    row_of_it = _row(case, written, flight, content_sha256, work.now)
    return Intent(ready, row_of_it, _short_links(written, flight))


def _intended(
    work: UnitOfWork, case: Case, written: Written, known: Sequence[Pack], content_sha256: str
) -> facts.MessageIntended:
    dispatch, order = case.dispatch, case.order
    zones = rules.place_of(order, case.customer)
    packs = applying(known, zones)
    counts = gate.cap_counts(
        work.now,
        zones,
        packs,
        rules.approach_of(order, case.customer, zones, packs, work.now),
        case.customer.contacts,
    )
    return facts.MessageIntended(
        message_id=message_id_of(case.row),
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


def message_id_of(row: store.Pending) -> str:
    """The id of the message that an order becomes."""
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


def _short_links(written: Written, flight: Flight) -> list[dict[str, Any]]:
    """Rows of `tables.ShortLinkRow`."""
    return [
        {
            "name": one.name,
            "tenant": flight.tenant,
            "customer": flight.customer,
            "message_id": flight.message_id,
            "kind": one.kind.value,
            "link": one.link,
            "expires_at": one.expires_at,
        }
        for one in written.short_links
    ]
