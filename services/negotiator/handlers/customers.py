"""Handles `customer.events`: what may be asked of a customer, their language, merged customers.

Bills, payments and holds are learnt from the log, where they stand for every service alike.
"""

from collections.abc import Sequence

from schemas.customer_events import CustomerMerged, CustomerUpdated
from services.negotiator import merging_store, store
from services.negotiator.handlers import erasing, identity
from services.negotiator.handlers.answers import hash_answer
from services.negotiator.model import Evidence
from services.negotiator.tables import CustomerRow
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork

CONCERNING = frozenset({"verification", "locale", "timezone", "country", "region", "email"})


class CustomerEvents:
    """Handles the topic; `signer` keys the hashes of answers."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def handle(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Apply what this service keeps of each event; pass over the rest."""
        wanted = [message for message in batch if _concerns_us(message)]
        rows = store.lock_customers(work.session, [key for m in wanted for key in _customers(m)])
        for message in wanted:
            row = rows[message.event.tenant, message.event.subject]
            if isinstance(message.data, CustomerMerged):
                row.merged_into = message.data.into
                work.session.flush()
                merging_store.move_to(work.session, row.tenant, row.customer, message.data.into)
            elif isinstance(message.data, CustomerUpdated) and not erasing.is_forgotten(
                row, message.event.time
            ):
                self._update(work, row, message.data)

    def _update(self, work: UnitOfWork, row: CustomerRow, data: CustomerUpdated) -> None:
        given = data.model_fields_set
        if "locale" in given:
            row.locale = data.locale
        if "timezone" in given:
            row.timezone = data.timezone
        if "country" in given:
            row.country = data.country
        if "region" in given:
            row.region = data.region
        if data.email is not None:
            identity.new_address(row)
        if "verification" in given:
            salt = derive("verification", row.tenant, row.customer)
            hashes = {
                kind.value: hash_answer(self._signer, salt, kind, str(data.verification[kind]))
                for kind in Evidence
                if data.verification and kind in data.verification
            }
            store.replace_evidence(work.session, row.tenant, row.customer, salt, hashes)


def _concerns_us(message: Incoming) -> bool:
    if isinstance(message.data, CustomerMerged):
        return message.data.into != message.event.subject
    return isinstance(message.data, CustomerUpdated) and bool(
        message.data.model_fields_set & CONCERNING
    )


def _customers(message: Incoming) -> list[store.Key]:
    tenant = message.event.tenant
    subjects = [(tenant, message.event.subject)]
    if isinstance(message.data, CustomerMerged):
        subjects.append((tenant, message.data.into))
    return subjects
