"""Between rows and contracts on one side and the rules' plain values on the other."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from schemas.commands import DispatchOrdered
from schemas.common import normal_email
from services.messenger.handlers.erasing import FORGOTTEN
from services.messenger.model import (
    IN_APP,
    Customer,
    Handoff,
    Hold,
    Obligation,
    ObligationState,
    Order,
    Part,
    Pause,
    Place,
    Promise,
    Suppression,
)
from services.messenger.rules import merging
from services.messenger.tables import CustomerRow, ObligationRow
from services.policy.holds import Words
from services.policy.model import ConsentRecord, Contact
from services.policy.persons import Said
from services.policy.preferences import wished
from services.policy.sending import SendingStop, halting


def customer_of(
    row: CustomerRow,
    suppressions: Sequence[Suppression],
    contacts: tuple[Contact, ...],
    former: Sequence[CustomerRow] = (),
    holds: Iterable[Hold] = (),
    address_hash: str = "",
    channel: str = "email",
) -> Customer:
    """The addressee as the final check sees them.

    former: ids they went by before. holds: those of the obligations it is about. address_hash: of
    the address they are reached at by the channel.
    """
    wishes = merging.wishes(row.wishes, [one.wishes for one in former])
    said = [merging.Former(one.merged_at, _consents(one), _place(one)) for one in former]
    return Customer(
        email=row.email,
        phone=row.phone,
        webhook=row.webhook,
        inbox=address_of(row, IN_APP),
        place=merging.place(_place(row), said),
        placed=any(one.placed for one in (row, *former)),
        consents=merging.consents(_consents(row), said) if former else _consents(row),
        holds=(*merging.holds(_said((row, *former)), _ways(former)), *holds),
        handoffs=tuple(
            Handoff(str(h["reason"]), h["obligation_id"], name)
            for one in (row, *former)
            for name, h in one.handoffs.items()
        ),
        suppressions=tuple(suppressions),
        contacts=contacts,
        merged_into=row.merged_into,
        erased=row.erased_at is not None and all(getattr(row, n) is None for n in FORGOTTEN),
        confirmed=_confirmed(row, address_hash, channel),
        wishes=wished(wishes.get("hours"), wishes.get("max_a_week")),
    )


def _place(row: CustomerRow) -> Place:
    return Place(row.timezone, row.country, row.region, row.city)


def address_of(row: CustomerRow, channel: str) -> str | None:
    """Where the addressee is reached by the channel."""
    if channel == IN_APP:
        # Whoever was never let in may not find the way there either.
        return f"{IN_APP}:{row.customer}" if row.confirmed else None
    return {"email": row.email, "sms": row.phone, "webhook": row.webhook}[channel]


def _confirmed(
    row: CustomerRow, address_hash: str, channel: str
) -> Literal["right_party", "source"] | None:
    if address_hash and (channel == IN_APP or row.confirmed == address_hash):
        # What stands on their own page is read by nobody who has not proved who they are.
        return "right_party"
    known = {
        "email": (row.email and normal_email(row.email), row.vouched),
        "sms": (row.phone, row.vouched_phone),
    }
    address, given = known.get(channel, (None, None))
    return "source" if address and address == given else None


def without(dispatch: DispatchOrdered, left_out: Collection[str]) -> DispatchOrdered:
    """The order, less the parts of these steps; at least one part stays.

    The first that stays gives the order its name; the only one that stays, its words, too.
    """
    kept = [part for part in dispatch.parts if part.step_id not in left_out]
    if len(kept) == len(dispatch.parts):
        return dispatch
    first, named = kept[0], {part.obligation_id for part in kept}
    return dispatch.model_copy(
        update={
            "step_id": first.step_id,
            "enrolment_id": first.enrolment_id,
            "step": first.step,
            "template": first.template if len(kept) == 1 else dispatch.template,
            "context": first.context,
            "not_after": first.not_after,
            "obligations": tuple(o for o in dispatch.obligations if o.obligation_id in named),
            "parts": tuple(kept) if len(kept) > 1 else (),
        }
    )


def joined_of(dispatch: DispatchOrdered) -> tuple[str, ...]:
    """The steps that go out with the order's own."""
    return tuple(part.step_id for part in dispatch.parts[1:])


def enrolments_of(dispatch: DispatchOrdered) -> tuple[str, ...]:
    """The enrolments whose steps go out."""
    return (dispatch.enrolment_id, *(part.enrolment_id for part in dispatch.parts[1:]))


def parts_of(
    dispatch: DispatchOrdered, cancelled: Collection[str], paused: Mapping[str, Pause]
) -> list[Part]:
    """The parts as the final check sees them. cancelled: steps. paused: by enrolment."""
    return [
        Part(
            part.step_id,
            part.obligation_id,
            part.not_after,
            part.step_id in cancelled,
            paused.get(part.enrolment_id),
        )
        for part in dispatch.parts
    ]


def halted_of(
    dispatch: DispatchOrdered, tenant: str, stops: Sequence[SendingStop]
) -> dict[str, str]:
    """The obligations of the order about which sending is stopped, each with the rule."""
    return {
        terms.obligation_id: stop.rule
        for terms in dispatch.obligations
        if (stop := halting(stops, tenant, dispatch.playbook, terms.creditor)) is not None
    }


def order_of(
    dispatch: DispatchOrdered,
    *,
    cancelled: Collection[str],
    halted: Mapping[str, str],
    paused: Mapping[str, Pause],
) -> Order:
    """The dispatch as the final check sees it.

    cancelled: steps. halted: as of `halted_of`. paused: by enrolment.
    """
    place = dispatch.place
    zones = [terms.due_timezone for terms in dispatch.obligations if terms.due_timezone]
    return Order(
        purpose=dispatch.purpose,
        channel=dispatch.channel,
        obligation_ids=tuple(terms.obligation_id for terms in dispatch.obligations),
        not_after=dispatch.not_after,
        place=Place(
            place.timezone,
            place.country,
            place.region,
            place.city,
            place.phone_country,
            place.phone_zones,
            place.postal_areas,
        ),
        due_timezone=zones[0] if zones else None,
        cancelled=dispatch.step_id in cancelled,
        halted=halted,
        answers=dispatch.answers,
        pause=paused.get(dispatch.enrolment_id),
        kinds=frozenset(terms.kind for terms in dispatch.obligations),
        roles=frozenset(terms.actor_role for terms in dispatch.obligations),
        promise=Promise(dispatch.agreement.instalment) if dispatch.agreement else None,
    )


def obligation_of(row: ObligationRow | Row[Any]) -> Obligation:
    """The row as a value."""
    return Obligation(
        ObligationState(row.state),
        row.amount_minor,
        row.version,
        row.changed_at,
        row.agreed,
        tuple(
            Hold(kind, row.obligation_id, **words_of(hold)._asdict())
            for kind, hold in row.holds.items()
        ),
        frozenset(row.notices),
        kept=row.kept,
        paying={one: datetime.fromisoformat(since) for one, since in row.paying.items()},
        kind=row.kind,
        closed_at=row.closed_at,
        closed_version=row.closed_version,
        reopens_from=row.reopens_from,
    )


def update_obligation(row: ObligationRow, value: Obligation) -> None:
    """The value into the row."""
    row.state = value.state.value
    row.amount_minor = value.amount_minor
    row.version = value.version
    row.changed_at = value.changed_at
    row.agreed = value.agreed
    row.kept = value.kept
    row.paying = {one: since.isoformat() for one, since in value.paying.items()}
    row.closed_at = value.closed_at
    row.closed_version = value.closed_version
    row.reopens_from = value.reopens_from


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 instant out of a JSON column."""
    return None if text is None else datetime.fromisoformat(text)


def _consents(row: CustomerRow) -> tuple[ConsentRecord, ...]:
    return tuple(_consent(key, said) for key, said in row.consents.items())


def _said(rows: Sequence[CustomerRow]) -> list[Said]:
    """What was said of holds under each id."""
    return [
        Said(row.customer, _scope(key), words_of(hold))
        for row in rows
        for key, hold in row.holds.items()
    ]


def _ways(former: Sequence[CustomerRow]) -> dict[str, tuple[str | None, datetime | None]]:
    return {one.customer: (one.merged_into, one.merged_at) for one in former}


def _consent(key: str, said: dict[str, Any]) -> ConsentRecord:
    channel, _, purpose = key.partition("/")
    return ConsentRecord(
        channel,
        purpose,
        said["status"],
        datetime.fromisoformat(said["at"]),
        instant(said["expires_at"]),
    )


def words_of(hold: dict[str, Any] | None) -> Words:
    """The last words on a hold as they are stored; none where nothing is."""
    known = hold or {}
    return Words(**{name: instant(known.get(name)) for name in Words._fields})


def stored(words: Words) -> dict[str, str | None]:
    """The last words on a hold as they rest in a JSON column."""
    return {name: at.isoformat() if at else None for name, at in words._asdict().items()}


def _scope(key: str) -> tuple[str, str | None]:
    kind, _, obligation_id = key.partition("/")
    return kind, obligation_id or None


def _handoff(handoff: dict[str, str | None]) -> Handoff:
    return Handoff(str(handoff["reason"]), handoff["obligation_id"])
