"""What operators paused one by one, as the log tells it: words about an enrolment."""

from collections.abc import Iterator

from rapport.audit.log import Fact, Log
from rapport.audit.words import Key, Word
from schemas.facts import OutreachEnrolled, OutreachPaused, OutreachResumed


def words_of(log: Log) -> Iterator[tuple[Key, Word]]:
    """Each pause and its end, with the enrolment that it is about."""
    for paused in log.of(OutreachPaused):
        yield _word(paused, stops=True)
    for resumed in log.of(OutreachResumed):
        yield _word(resumed, stops=False)


def keys_of(enrolled: list[Fact[OutreachEnrolled]]) -> list[Key]:
    """What a message falls under; enrolled: those whose steps it carries out."""
    return [_key(one.tenant, one.data.enrolment_id) for one in enrolled]


def _word(fact: Fact[OutreachPaused] | Fact[OutreachResumed], stops: bool) -> tuple[Key, Word]:
    data = fact.data
    until = data.until if isinstance(data, OutreachPaused) else None
    topic = f"paused:{data.enrolment_id}"
    word = Word(stops, topic, fact.time, fact, (fact.position,), until=until)
    return _key(fact.tenant, data.enrolment_id), word


def _key(tenant: str, enrolment_id: str) -> Key:
    return ("enrolment", tenant, enrolment_id)
