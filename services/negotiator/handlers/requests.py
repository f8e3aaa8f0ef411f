"""What a customer asks of the publisher: passed on once, and answered by the publisher alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.envelope import Cause
from schemas.facts import RequestMade
from services.negotiator import account_store
from services.negotiator.handlers.accounts import Account, BillFound
from services.negotiator.model import RequestKind, RequestRefusal, RequestStatus
from services.negotiator.rules import requests as rules
from services.negotiator.tables import RequestRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

A_DAY = timedelta(days=1)


def ask(
    work: UnitOfWork,
    account: Account,
    bill: BillFound,
    kind: RequestKind,
    value: str,
    dates_within: int,
) -> RequestRefusal | None:
    """Pass a customer's wish on, or say why not; `value` is what the form sent.

    The same wish once more, from a second click or tab, is accepted still and changes nothing.
    The customer is locked.
    """
    dates = rules.later_dates(bill.bill.due_date, account.today, dates_within)
    details = rules.read(kind, value, dates)
    last = bill.requests.get(kind)
    if last is not None and last.status == RequestStatus.REQUESTED and last.details == details:
        return None
    since = work.now - A_DAY
    refused = rules.refusal(
        bill.state,
        RequestStatus(last.status) if last else None,
        account_store.requests_since(work.session, account.tenant, account.ids, since),
    )
    if refused is not None:
        return refused
    if isinstance(details, RequestRefusal):
        return details
    own = account.tenant, account.customer, bill.obligation_id, kind.value
    before = account_store.requests_of(work.session, account.tenant, account.ids)
    number = sum((row.obligation_id, row.kind) == own[2:] for row in before)
    request_id = derive("request", *own, number)
    make(work, *own, details, request_id=request_id)
    return None


def make(
    work: UnitOfWork,
    tenant: str,
    customer: str,
    obligation_id: str,
    kind: str,
    details: Mapping[str, Any],
    *,
    request_id: str,
    cause: Cause | None = None,
) -> None:
    """Ask the publisher; the page says so until the answer comes.

    The customer is locked, and has no unanswered request of this kind about the obligation.
    """
    row = RequestRow(
        tenant=tenant,
        customer=customer,
        request_id=request_id,
        obligation_id=obligation_id,
        kind=kind,
        details=dict(details),
        status=RequestStatus.REQUESTED,
        made_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.fact(
        RequestMade.TYPE,
        RequestMade(
            request_id=row.request_id, kind=kind, obligation_id=obligation_id, details=row.details
        ),
        subject=customer,
        tenant=tenant,
        cause=cause,
        key=(row.request_id,),
    )


def is_waiting(work: UnitOfWork, tenant: str, customer: str, obligation_id: str, kind: str) -> bool:
    """Whether the publisher has yet to answer such a request. The customer is locked."""
    return any(
        (row.obligation_id, row.kind, row.status) == (obligation_id, kind, RequestStatus.REQUESTED)
        for row in account_store.requests_of(work.session, tenant, [customer])
    )


def answered(row: RequestRow, answer: str, at: datetime) -> None:
    """The publisher answered; its newest word counts. The request's customer is locked."""
    row.status, row.answered_at = RequestStatus(answer).value, at
