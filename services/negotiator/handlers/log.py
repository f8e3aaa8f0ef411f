"""Handles `outreach.log`: bills, payments, subscriptions, holds, invitations, hand-offs."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete

from schemas.customer_events import RequestAnswered
from schemas.facts import (
    AgreementDue,
    ChoiceMade,
    ContactRightParty,
    CustomerErased,
    EventApplied,
    HandoffRequested,
    MessageIntended,
    OutreachEnrolled,
    OutreachPersonDue,
)
from schemas.facts.customer import ERASER
from schemas.topics import CUSTOMER_EVENTS
from services.negotiator import account_store, store
from services.negotiator.handlers import agreements, choices, erasing, identity, people, requests
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.handlers.learning import Learned
from services.negotiator.handlers.promises import Promises
from services.negotiator.model import Bill, ObligationStatus
from services.negotiator.rules import bills, subscriptions
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.negotiator.store import Key
from services.negotiator.tables import EnrolmentRow, HoldRow, InvitationRow
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

HOLD_PLACED, HOLD_LIFTED = "customer.hold_placed", "customer.hold_lifted"
APPLIED = bills.EVENTS | subscriptions.EVENTS | {HOLD_PLACED, HOLD_LIFTED, RequestAnswered.TYPE}
_ABOUT_CUSTOMERS = (
    CustomerErased,
    HandoffRequested,
    ChoiceMade,
    OutreachPersonDue,
    AgreementDue,
    ContactRightParty,
)


class LogFacts:
    """Handles the topic; `promises` and `decide` say how agreements and terms are judged."""

    def __init__(self, promises: Promises, decide: Deciding) -> None:
        self._promises = promises
        self._decide = decide

    def handle(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Apply the facts that concern terms, in order; pass over the rest."""
        wanted = [message for message in batch if _concerns_us(message)]
        if wanted:
            _Batch(work, self._promises, self._decide, wanted).apply()


def _concerns_us(message: Incoming) -> bool:
    data = message.data
    if isinstance(data, EventApplied):
        return data.event_type in APPLIED and data.effect != "stale_version"
    if isinstance(data, CustomerErased):
        return message.event.source == ERASER
    if isinstance(data, OutreachEnrolled | AgreementDue):
        return True
    if isinstance(data, ChoiceMade):
        return data.does in choices.OURS
    if isinstance(data, OutreachPersonDue):
        return True
    if isinstance(data, HandoffRequested | ContactRightParty):
        return not message.event.source.endswith("/negotiator")
    return isinstance(data, MessageIntended) and data.portal and bool(data.obligation_ids)


class _Batch:
    """One batch with what it locks: customers first, then bills."""

    def __init__(
        self,
        work: UnitOfWork,
        promises: Promises,
        decide: Deciding,
        messages: Sequence[Incoming],
    ) -> None:
        self.work = work
        self.promises = promises
        self.decide = decide
        self.messages = messages
        self.invitations: list[InvitationRow] = []
        self.enrolments: list[EnrolmentRow] = []
        self.learned = Learned(work.session)
        answered = {name for message in messages if (name := _answered(message))}
        self.booked = {
            name: row
            for name in answered
            if (row := store.agreement_by_request(work.session, *name))
        }
        self.asked = {
            name: request
            for name in answered
            if (request := account_store.request_by_id(work.session, *name))
        }
        self.customers = store.lock_customers(
            work.session,
            [_subject(message) for message in messages if _is_about_customer(message)]
            + [(row.tenant, row.customer) for row in self.booked.values()]
            + [(row.tenant, row.customer) for row in self.asked.values()],
        )
        obligations = [key for message in messages if (key := _obligation(message))]
        obligations += [(row.tenant, row.obligation_id) for row in self.booked.values()]
        self.bills = store.lock_bills(work.session, obligations)
        self.agreements = store.agreements_in_force(work.session, list(self.bills))

    def apply(self) -> None:
        before = dict(self.bills)
        for message in self.messages:
            data = message.data
            if isinstance(data, MessageIntended):
                self._invite(message, data)
            elif isinstance(data, OutreachEnrolled):
                self._enrol(message, data)
            elif isinstance(data, HandoffRequested):
                people.hear(self.work, message.event, data)
            elif isinstance(data, ContactRightParty):
                identity.hear(self.work, self.customers[_subject(message)], data.confirmed)
            elif isinstance(data, ChoiceMade):
                choices.follow(self.work, message.event, data)
            elif isinstance(data, OutreachPersonDue):
                choices.hand_over(self.work, message.event, data)
            elif isinstance(data, AgreementDue):
                self._judge(message, data)
            elif isinstance(data, CustomerErased):
                erasing.forget(self.work, self.customers[_subject(message)], message.event.time)
            elif isinstance(data, EventApplied) and data.event_type in bills.EVENTS:
                self._tell_bill(message, data)
                self.learned.bill(message.event, data)
            elif isinstance(data, EventApplied) and data.event_type in subscriptions.EVENTS:
                self.learned.subscription(message.event, data)
            elif isinstance(data, EventApplied) and _is_hold(message):
                self._hold(message, data)
            elif isinstance(data, EventApplied):
                self._answer(message, data.data["answer"])
        changed = {key: bill for key, bill in self.bills.items() if bill != before[key]}
        store.save_bills(self.work.session, changed)
        self.learned.save()
        store.upsert(self.work.session, InvitationRow, self.invitations)
        store.upsert(self.work.session, EnrolmentRow, self.enrolments)

    def _invite(self, message: Incoming, data: MessageIntended) -> None:
        self.invitations.append(
            InvitationRow(
                message_id=data.message_id,
                tenant=message.event.tenant,
                customer=message.event.subject,
                obligation_id=data.obligation_ids[0],
                enrolment_id=self._terms_of(message, data),
                answers=data.answers,
                locale=data.locale,
                timezone=data.place.timezone or (data.zones[0] if data.zones else None),
                applied_through={
                    position: offset
                    for position, offset in data.applied_through.items()
                    if position.startswith(f"{CUSTOMER_EVENTS}/")
                },
            )
        )

    def _terms_of(self, message: Incoming, data: MessageIntended) -> str:
        """The enrolment whose authority counts: an answer brings none of its own."""
        tenant, about = message.event.tenant, data.obligation_ids[0]
        if data.answers is not None:
            held = store.enrolment_with_authority(
                self.work.session, tenant, message.event.subject, about
            )
            if held is not None:
                return held
        return data.enrolment_id

    def _enrol(self, message: Incoming, data: OutreachEnrolled) -> None:
        terms = data.obligation
        tenant = message.event.tenant
        self.enrolments.append(
            EnrolmentRow(
                tenant=tenant,
                customer=message.event.subject,
                enrolment_id=data.enrolment_id,
                obligation_id=terms.obligation_id,
                purpose=data.purpose,
                segment=data.segment,
                authority=data.offers.model_dump(mode="json") if data.offers else None,
            )
        )
        if terms.kind != "bill":
            return
        self.learned.parties(tenant, terms.obligation_id, {message.event.subject, *terms.parties})
        key = (tenant, terms.obligation_id)
        # Another party's events may be in a lane that is not read yet: the terms say enough.
        if self.bills[key] == NOTHING_KNOWN:
            self.bills[key] = Bill(
                status=ObligationStatus.OPEN,
                remaining_minor=terms.amount_minor or 0,
                currency=terms.currency,
                creditor=terms.creditor,
                product=terms.product,
                due_date=terms.due_date,
                due_timezone=terms.due_timezone,
                version=terms.version,
            )

    def _hold(self, message: Incoming, data: EventApplied) -> None:
        tenant, customer = _subject(message)
        kind, obligation_id = data.data["kind"], data.data.get("obligation_id")
        if data.event_type == HOLD_PLACED:
            hold = HoldRow(
                tenant=tenant,
                customer=customer,
                kind=kind,
                obligation_id=obligation_id or "",
                until=_instant(data.data.get("until")),
            )
            store.upsert(self.work.session, HoldRow, [hold])
            return
        # Lifted without naming an obligation: lifted for all of them.
        lifted = delete(HoldRow).where(
            col(HoldRow.tenant) == tenant,
            col(HoldRow.customer) == customer,
            col(HoldRow.kind) == kind,
        )
        if obligation_id:
            lifted = lifted.where(col(HoldRow.obligation_id) == obligation_id)
        self.work.session.exec(lifted)

    def _tell_bill(self, message: Incoming, data: EventApplied) -> None:
        key = _obligation(message)
        assert key is not None
        old = self.bills[key]
        new = self.bills[key] = bills.after(old, data.event_type, data.data)
        agreement = self.agreements.get(key)
        if agreement is not None and new != old:
            agreements.follow(
                self.work, self.promises, agreement, data.event_type, old, new, message.event
            )
            if agreement.status not in store.IN_FORCE:
                del self.agreements[key]

    def _judge(self, message: Incoming, data: AgreementDue) -> None:
        key = (message.event.tenant, data.obligation_id)
        agreement = self.agreements.get(key)
        if agreement is not None and agreement.agreement_id == data.agreement_id:
            self.promises.judge(self.work, self.decide, agreement, self.bills[key], message.event)
            if agreement.status not in store.IN_FORCE:
                del self.agreements[key]

    def _answer(self, message: Incoming, answer: str) -> None:
        name = _answered(message)
        assert name is not None
        if (agreement := self.booked.get(name)) is not None:
            agreements.booked(self.work, agreement, answer, message.event)
        if (request := self.asked.get(name)) is not None:
            requests.answered(request, answer, message.event.time)


def _answered(message: Incoming) -> Key | None:
    """Tenant and id of the request that the message answers, if it does."""
    data = message.data
    if isinstance(data, EventApplied) and data.event_type == RequestAnswered.TYPE:
        return message.event.tenant, data.data["request_id"]
    return None


def _subject(message: Incoming) -> Key:
    return message.event.tenant, message.event.subject


def _is_about_customer(message: Incoming) -> bool:
    data = message.data
    return (
        _is_hold(message)
        or isinstance(data, _ABOUT_CUSTOMERS)
        or (isinstance(data, EventApplied) and data.event_type in subscriptions.EVENTS)
    )


def _is_hold(message: Incoming) -> bool:
    data = message.data
    return isinstance(data, EventApplied) and data.event_type in (HOLD_PLACED, HOLD_LIFTED)


def _obligation(message: Incoming) -> Key | None:
    """The bill that the message tells of, if it does."""
    data = message.data
    if isinstance(data, AgreementDue):
        return message.event.tenant, data.obligation_id
    if isinstance(data, OutreachEnrolled):
        is_bill = data.obligation.kind == "bill"
        return (message.event.tenant, data.obligation.obligation_id) if is_bill else None
    if isinstance(data, EventApplied) and data.event_type in bills.EVENTS:
        return message.event.tenant, data.data["bill_id"]
    return None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
