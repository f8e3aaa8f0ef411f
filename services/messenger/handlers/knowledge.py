"""All that a round of final checks rests on, read at once. The customers are locked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
from sqlmodel import Session

from schemas.commands import DispatchOrdered
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger import (
    message_store,
    pause_store,
    sending_store,
    store,
    suppression_store,
)
from services.messenger.handlers import choices
from services.messenger.handlers.flights import ordered_by
from services.messenger.handlers.translate import (
    address_of,
    customer_of,
    enrolments_of,
    halted_of,
    joined_of,
    obligation_of,
    order_of,
    parts_of,
    without,
)
from services.messenger.mail import UnusableAddress, normal_address
from services.messenger.model import (
    WRONG_PERSON,
    Customer,
    Lag,
    Obligation,
    Order,
    Part,
    Suppression,
)
from services.messenger.tables import CustomerRow, LaneRow
from services.policy.model import Contact
from services.policy.sending import PROMISED_LAG
from services.runtime.context import Context
from services.runtime.security import Signer
from services.runtime.unit_of_work import Link, UnitOfWork

# What an order has seen of topics that this service does not read cannot be waited for here.
_READ = frozenset({CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG})


@dataclass(frozen=True, slots=True)
class Case:
    """One pending dispatch with all that its decision rests on.

    parts: where it is about several obligations. fresh_until: the real time until which that is
    not too old for sending.
    """

    row: store.Pending
    cause: Link
    dispatch: DispatchOrdered
    order: Order
    parts: Sequence[Part]
    addressee: CustomerRow
    customer: Customer
    address_hash: str
    obligations: Mapping[str, Obligation]
    positions: Mapping[str, int]
    lag: Lag
    fresh_until: datetime
    epoch: int

    def gentler(self) -> "Case":
        """The case in gentler words than were ordered."""
        return replace(self, dispatch=self.dispatch.model_copy(update={"tone": "gentle"}))

    def less(self, left_out: Collection[str]) -> "Case":
        """The case with these steps left out."""
        if not left_out:
            return self
        dispatch = without(self.dispatch, left_out)
        parts = [part for part in self.parts if part.step_id not in left_out]
        cancelled = {part.step_id for part in parts if part.cancelled}
        paused = {
            part.enrolment_id: one.pause
            for part, one in zip(self.dispatch.parts, self.parts, strict=True)
            if one.pause is not None
        }
        return replace(
            self,
            dispatch=dispatch,
            order=order_of(dispatch, cancelled=cancelled, halted=self.order.halted, paused=paused),
            parts=parts,
        )


def cases(
    context: Context,
    work: UnitOfWork,
    rows: Sequence[store.Pending],
    addressees: Mapping[store.Key, CustomerRow],
    positions: Mapping[str, int],
    epochs: Mapping[int, int],
    window: timedelta,
) -> list[Case]:
    """The cases of these pending dispatches, at most one a customer.

    positions: read before this is called, so that what is read now can only be newer. epochs: of
    the owned lanes. window: how far back contacts count.
    """
    session = work.session
    orders = {row.dispatch_id: DispatchOrdered.model_validate_json(row.data) for row in rows}
    keys = [(row.tenant, row.customer) for row in rows]
    hashes = {
        key: hash_address(context.signer, orders[row.dispatch_id].channel, addressees[key])
        for row, key in zip(rows, keys, strict=True)
    }
    # Before what they vouch for: a word that comes meanwhile is rather known than overlooked.
    lanes = store.lanes(session, {row.lane for row in rows})
    cancelled = store.cancelled(
        session,
        [
            (row.tenant, row.customer, step_id)
            for row in rows
            for step_id in (row.step_id, *joined_of(orders[row.dispatch_id]))
        ],
    )
    overtaken = choices.overtaken(session, rows, orders)
    former = store.former(session, keys)
    others = {(old.tenant, old.customer) for olds in former.values() for old in olds}
    suppressions = suppression_store.suppressions(
        session, [*((*key, hashes[key]) for key in keys), *((*old, "") for old in others)]
    )
    obligations = _obligations(session, rows, orders)
    # After the lock on joint obligations: what another party was sent meanwhile is seen.
    contacts = message_store.contacts(
        session, {*keys, *others, *_parties(rows, orders)}, work.now - window
    )
    stops = sending_store.standing(session)
    pauses = pause_store.standing(
        session,
        [(row.tenant, one) for row in rows for one in enrolments_of(orders[row.dispatch_id])],
    )
    found = []
    for row, key in zip(rows, keys, strict=True):
        dispatch = orders[row.dispatch_id]
        stopped = {step for *owner, step in cancelled if tuple(owner) == key}
        if row.dispatch_id in overtaken:
            stopped.add(row.step_id)
        known = {
            terms.obligation_id: obligation
            for terms in dispatch.obligations
            if (obligation := obligations.get((row.tenant, terms.kind, terms.obligation_id)))
        }
        paused = {one: pause for (tenant, one), pause in pauses.items() if tenant == row.tenant}
        olds = former.get(key, ())
        theirs = [(old.tenant, old.customer) for old in olds]
        found.append(
            Case(
                row=row,
                cause=ordered_by(row),
                dispatch=dispatch,
                order=order_of(
                    dispatch,
                    cancelled=stopped,
                    halted=halted_of(dispatch, row.tenant, stops),
                    paused=paused,
                ),
                parts=parts_of(dispatch, stopped, paused),
                addressee=_spoken_to(addressees[key], olds),
                customer=customer_of(
                    addressees[key],
                    [*suppressions.get(key, ()), *_of_person(suppressions, theirs)],
                    (
                        *(one for who in (key, *theirs) for one in contacts.get(who, ())),
                        *_with_others([key, *theirs], dispatch, contacts),
                    ),
                    olds,
                    [hold for one in known.values() for hold in one.holds],
                    hashes[key],
                    dispatch.channel,
                ),
                address_hash=hashes[key],
                obligations=known,
                positions=positions,
                lag=_lag(context, lanes.get(row.lane), dispatch, positions),
                fresh_until=_fresh_until(lanes.get(row.lane)),
                epoch=epochs[row.lane],
            )
        )
    return found


_Orders = Mapping[str, DispatchOrdered]
"""Orders by dispatch id."""


def _obligations(
    session: Session, rows: Sequence[store.Pending], orders: _Orders
) -> dict[store.ObligationKey, Obligation]:
    """What the orders are about. What several are party to is locked: its caps count them all."""
    alone: list[store.ObligationKey] = []
    joint: list[store.ObligationKey] = []
    for row in rows:
        for terms in orders[row.dispatch_id].obligations:
            key = (row.tenant, terms.kind, terms.obligation_id)
            (joint if len(terms.parties) > 1 else alone).append(key)
    locked = store.lock_obligations(session, joint)
    return {
        key: obligation_of(row)
        for found in (store.obligations(session, alone), locked)
        for key, row in found.items()
    }


def _parties(rows: Sequence[store.Pending], orders: _Orders) -> set[store.Key]:
    return {
        (row.tenant, party)
        for row in rows
        for terms in orders[row.dispatch_id].obligations
        for party in terms.parties
    }


def _spoken_to(addressee: CustomerRow, former: Sequence[CustomerRow]) -> CustomerRow:
    """The addressee; in the language that they asked for under another id, if under no other."""
    asked = [one.wishes["language"] for one in former if one.wishes.get("language")]
    if not asked or addressee.wishes.get("language"):
        return addressee
    return CustomerRow(**{**addressee.model_dump(), "locale": asked[0]})


def _of_person(
    suppressions: Mapping[store.Key, Sequence[Suppression]], former: Sequence[store.Key]
) -> list[Suppression]:
    """What was said under other ids of the person, and not of an address."""
    return [
        one for who in former for one in suppressions.get(who, ()) if one.reason != WRONG_PERSON
    ]


def _with_others(
    own: Sequence[store.Key],
    dispatch: DispatchOrdered,
    contacts: Mapping[store.Key, Sequence[Contact]],
) -> list[Contact]:
    """Contacts with the other parties about the same obligations. own: the addressee's ids."""
    tenant = own[0][0]
    return [
        msgspec.structs.replace(contact, other_party=True)
        for party in sorted({p for terms in dispatch.obligations for p in terms.parties})
        if (tenant, party) not in own
        for contact in contacts.get((tenant, party), ())
        if any(terms.obligation_id in contact.obligation_ids for terms in dispatch.obligations)
    ]


def hash_address(signer: Signer, channel: str, addressee: CustomerRow) -> str:
    """The keyed hash under which the address is known; empty where there is none to write to."""
    address = address_of(addressee, channel)
    try:
        if channel == "email" and address:
            address = normal_address(address)
    except UnusableAddress:
        return ""
    return signer.keyed_hash(address) if address else ""


def _lag(
    context: Context, lane: LaneRow | None, dispatch: DispatchOrdered, positions: Mapping[str, int]
) -> Lag:
    wanted = {
        name: offset for name, offset in dispatch.after.items() if name.rpartition("/")[0] in _READ
    }
    for name, offset in (lane.announced if lane else {}).items():
        wanted[name] = max(offset, wanted.get(name, -1))
    covered = all(positions.get(name, -1) >= offset for name, offset in wanted.items())
    if lane is None or lane.fresh_at is None:
        return Lag(None, covered)
    return Lag((context.clock.real() - lane.fresh_at).total_seconds(), covered)


def _fresh_until(lane: LaneRow | None) -> datetime:
    if lane is None or lane.fresh_at is None:
        return datetime.min.replace(tzinfo=UTC)
    return lane.fresh_at + PROMISED_LAG
