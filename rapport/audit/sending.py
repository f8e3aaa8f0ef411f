"""What operators stopped, as the log tells it: words about everything, or a part of sending."""

from collections.abc import Iterator

from rapport.audit.log import Fact, Log
from rapport.audit.words import Key, Word
from schemas.facts import OutreachEnrolled, SendingResumed, SendingStopped


def words_of(log: Log) -> Iterator[tuple[Key, Word]]:
    """Each stop and resumption, once a lane of the log, with what it is about."""
    told: list[Fact[SendingStopped] | Fact[SendingResumed]] = [
        *log.of(SendingStopped),
        *log.of(SendingResumed),
    ]
    for fact in told:
        data = fact.data
        yield (
            _key(data.scope, data.of_tenant or "", data.name or ""),
            Word(
                stops=isinstance(data, SendingStopped),
                topic="sending",
                at=fact.time,
                fact=fact,
                positions=(fact.position,),
                version=data.revision,
            ),
        )


def keys_of(tenant: str, playbook: str, enrolled: list[Fact[OutreachEnrolled]]) -> list[Key]:
    """What a message falls under; enrolled: those whose steps it carries out."""
    creditors = sorted({e.data.obligation.creditor or "" for e in enrolled} - {""})
    return [
        _key("everything", "", ""),
        _key("tenant", tenant, ""),
        _key("playbook", tenant, playbook),
        *(_key("creditor", tenant, creditor) for creditor in creditors),
    ]


def _key(scope: str, tenant: str, name: str) -> Key:
    return ("sending", scope, tenant, name)
