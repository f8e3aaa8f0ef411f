"""What cannot be accepted: the reasons that the runtime finds itself, and the dead letters."""

import base64
from datetime import timedelta
from traceback import format_tb

from schemas.binary import Headers
from schemas.envelope import Envelope, make
from schemas.errors import Rejection
from schemas.facts import DeadLetter, RecordPosition
from services.runtime import logging
from services.runtime.ids import derive
from services.runtime.ledger import Ownership
from services.runtime.messages import Incoming
from services.runtime.records import Record
from services.runtime.unit_of_work import UnitOfWork

log = logging.get(__name__)


def unforeseen(own: Ownership, offset: int, error: Exception) -> Rejection:
    """Handling a message raised; the log says where."""
    # Only where it failed, never what it says: an exception's text may quote personal data.
    log.error(
        "a message could not be handled",
        topic=own.topic,
        partition=own.partition,
        offset=offset,
        error=type(error).__name__,
        trace=format_tb(error.__traceback__),
    )
    return Rejection(
        "processing_error",
        f"Handling this message raised {type(error).__name__}. It is kept here; replay it "
        "with `rapport dead-letters replay` once the fault is mended.",
    )


def waited_too_long(patience: timedelta) -> Rejection:
    """What a parked message rests on has not come in so long."""
    hours = patience.total_seconds() / 3600
    return Rejection(
        "waited_too_long",
        f"This message waited {hours:g} hours for what it rests on, which has not come. See that "
        "every service runs and reads its topics, then replay it with `rapport dead-letters "
        "replay`.",
    )


def too_many(most: int) -> Rejection:
    """So many of a customer's wait already."""
    return Rejection(
        "too_many_waiting",
        f"{most} messages of this customer wait already for what they rest on. See that every "
        "service runs and reads its topics, then replay it with `rapport dead-letters replay`.",
    )


def place(record: Record | Incoming) -> RecordPosition:
    """Where it came from."""
    return RecordPosition(topic=record.topic, partition=record.partition, offset=record.offset)


def dead_letter_of(
    record: Record, rejection: Rejection, work: UnitOfWork, service: str
) -> Envelope:
    """The dead letter for a record that `service` refuses."""
    headers = record.headers or ()
    return dead_letter(rejection, work, service, record.key, record.value, place(record), headers)


def dead_letter(
    rejection: Rejection,
    work: UnitOfWork,
    service: str,
    key: bytes | None,
    value: bytes | None,
    origin: RecordPosition,
    headers: Headers,
) -> Envelope:
    """The dead letter for original bytes: where they came from, and a reason to act on."""
    data = DeadLetter(
        code=rejection.code,
        detail=rejection.detail,
        pointer=rejection.pointer,
        service=service,
        origin=origin,
        key=key.decode("utf-8", "replace") if key is not None else None,
        headers={name: (content or b"").decode("utf-8", "replace") for name, content in headers},
        value_base64=base64.b64encode(value or b"").decode(),
    )
    return make(
        "dead.letter",
        data,
        id=derive(service, "dead.letter", origin.topic, origin.partition, origin.offset),
        source=f"/rapport/{service}",
        subject=f"{service}:dead-letter",
        tenant="default",
        time=work.now,
    )
