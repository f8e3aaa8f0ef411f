"""Whether messages reach the person they are meant for, and what is shut while they do not."""

from schemas.facts import ContactRightParty
from services.negotiator import account_store, visit_store
from services.negotiator.tables import CustomerRow
from services.runtime.unit_of_work import UnitOfWork


def deny(work: UnitOfWork, customer: CustomerRow, via: str, because: str) -> None:
    """Someone else reads what is sent to the customer, who is locked.

    Every visit ends, and no link sent so far opens the portal again: neither for whoever said
    so, nor once a person has seen to it. `because` is what makes this word of it the one it is.
    """
    _shut(work, customer)
    _tell(work, customer, False, via, because)


def hear(work: UnitOfWork, customer: CustomerRow, confirmed: bool) -> None:
    """Another service learnt whether messages reach the customer, who is locked."""
    if not confirmed:
        _shut(work, customer)


def confirm(work: UnitOfWork, customer: CustomerRow, via: str, because: str) -> None:
    """A person knows the customer, who is locked: tries, links and messages are theirs again."""
    customer.wrong_tries, customer.locked_until = 0, None
    if not customer.wrong_person:
        return
    ids = account_store.ids_of(work.session, customer.tenant, customer.customer)
    customer.wrong_person = False
    account_store.close_invitations(work.session, customer.tenant, ids, closed=False)
    _tell(work, customer, True, via, because)


def new_address(customer: CustomerRow) -> None:
    """The publisher gave an address: what is sent there may open the portal. Old links do not."""
    customer.wrong_person = False


def admitted(work: UnitOfWork, customer: CustomerRow, session_id: str, message_id: str) -> None:
    """The customer has proved at the door who they are; a link of that message led there."""
    _tell(work, customer, True, "portal", session_id, message_id)


def _shut(work: UnitOfWork, customer: CustomerRow) -> None:
    ids = account_store.ids_of(work.session, customer.tenant, customer.customer)
    customer.wrong_person = True
    account_store.close_invitations(work.session, customer.tenant, ids, closed=True)
    visit_store.end_sessions(work.session, customer.tenant, ids)


def _tell(
    work: UnitOfWork,
    customer: CustomerRow,
    confirmed: bool,
    via: str,
    because: str,
    message_id: str | None = None,
) -> None:
    work.fact(
        ContactRightParty.TYPE,
        ContactRightParty(confirmed=confirmed, channel="email", via=via, message_id=message_id),
        subject=customer.customer,
        tenant=customer.tenant,
        key=(because, confirmed),
    )
