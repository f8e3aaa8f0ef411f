"""Hears what is published about playbooks, and tells the log who did it."""

from schemas.common import Typed
from schemas.facts import PlaybookApproved, PlaybookPublished, PlaybookWithdrawn
from schemas.playbook_records import (
    PlaybookApproval,
    PlaybookVersion,
    PlaybookWithdrawal,
    key_of,
)
from services.playbooks.catalogue import Catalogue
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.messages import Incoming


class PlaybookNews:
    """Takes in the records of `playbooks`; whatever counts becomes a fact, once."""

    def __init__(self, context: Context, catalogue: Catalogue) -> None:
        self._context = context
        self._catalogue = catalogue

    def take(self, message: Incoming) -> None:
        """One record. Raises Rejection where it can't count, as `Catalogue.hear` does."""
        record = message.data
        self._catalogue.hear(message.event, record)
        assert isinstance(record, PlaybookVersion | PlaybookApproval | PlaybookWithdrawal)
        fact = fact_of(record)
        key = key_of(message.event.tenant, record)
        with self._context.unit() as work:
            # Every segmenter reads every record anew when it starts.
            if not ledger.first_seen(work.session, [derive(fact.TYPE, key)], work.real_now):
                return
            work.fact(
                fact.TYPE,
                fact,
                subject=f"playbook:{record.name}",
                tenant=message.event.tenant,
                cause=message.event,
                key=(key,),
            )


def fact_of(record: PlaybookVersion | PlaybookApproval | PlaybookWithdrawal) -> Typed:
    """What the log says of a record."""
    known = {
        "playbook": record.name,
        "playbook_version": record.version,
        "content_sha256": record.content_sha256,
    }
    if isinstance(record, PlaybookVersion):
        return PlaybookPublished(**known, actor=record.author)
    if isinstance(record, PlaybookApproval):
        return PlaybookApproved(**known, actor=record.approver)
    return PlaybookWithdrawn(**known, actor=record.actor)
