"""Messages that come back: not delivered, or reported as unwanted. The customer is locked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from schemas import facts
from services.messenger import inbound_store
from services.messenger.handlers import answers
from services.messenger.handlers.flights import flight_of, suppress_address
from services.messenger.model import ANY
from services.messenger.rules.bounces import Kind, counts_as
from services.messenger.signatures import domain_of
from services.messenger.tables import CustomerRow, MessageRow
from services.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Patience:
    """How many messages to an address may come back softly, within which time.

    on_block: is told the receiving domain where not the address but we are refused.
    """

    bounces: int = 3
    within: timedelta = timedelta(days=14)
    on_block: Callable[[str], None] = lambda _: None


def bounced(
    work: UnitOfWork,
    message: MessageRow,
    kind: Kind,
    status: str | None,
    because: str,
    patience: Patience,
) -> Kind:
    """Tell that a message came back, and what it counts as. An address that is dead is not used
    again; one where the sender is refused is kept.
    """
    if kind == "soft":
        since = work.now - patience.within
        failures = inbound_store.note_bounce(work.session, message, work.now, since)
        kind = counts_as(kind, failures, patience.bounces)
    flight = flight_of(message)
    told = facts.MessageBounced(
        message_id=message.message_id,
        kind=kind,
        status=status,
        channel=flight.channel,
        step_id=flight.step_id,
        joined=flight.joined,
    )
    answers.tell(work, message, told, because)
    if kind == "hard":
        suppress_address(work, flight, "hard_bounce")
    if kind == "block" and message.channel == "email":
        who = work.session.get(CustomerRow, (message.tenant, message.customer))
        if who is not None and who.email:
            patience.on_block(domain_of(who.email))
    return kind


def complained(work: UnitOfWork, message: MessageRow, because: str) -> None:
    """The reader reported the message as unwanted: no more of any, to this address."""
    told = facts.MessageComplained(message_id=message.message_id)
    answers.tell(work, message, told, because)
    suppress_address(work, flight_of(message), "complaint")
    answers.opt_out(work, message, ANY, "one_click")


def delivered(work: UnitOfWork, message: MessageRow, because: str) -> None:
    """It reached the mailbox."""
    told = facts.MessageDelivered(message_id=message.message_id)
    answers.tell(work, message, told, because)
