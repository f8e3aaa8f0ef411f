"""From a record or a parked row to a message that handlers take."""

from datetime import UTC, datetime

from schemas.binary import Headers
from schemas.envelope import Envelope, check_key, decode, parse_data, unknown_fields
from services.runtime import metrics
from services.runtime.ids import derive
from services.runtime.ledger import Ownership
from services.runtime.messages import Incoming
from services.runtime.parked_rows import ParkedRow
from services.runtime.records import Record


def identity(event: Envelope) -> str:
    """The inbox's key of an event: its tenant, source and id."""
    return derive(event.tenant, event.source, event.id)


def read(record: Record) -> Incoming:
    """Decode and validate one record. Raises Rejection."""
    event = decode(record.value, record.headers)
    check_key(event, record.key)
    value, headers = record.value or b"", tuple(record.headers or ())
    written = datetime.fromtimestamp(record.timestamp / 1000, UTC) if record.timestamp > 0 else None
    return _incoming(record.topic, record.partition, record.offset, event, value, headers, written)


def read_parked(own: Ownership, row: ParkedRow) -> Incoming:
    """The message of a parked row of an owned partition."""
    return _incoming(own.topic, row.partition, row.offset, decode(row.value), row.value)


def _incoming(
    topic: str,
    partition: int,
    offset: int,
    event: Envelope,
    raw: bytes,
    headers: Headers = (),
    written: datetime | None = None,
) -> Incoming:
    data = parse_data(event, topic)
    # What Rapport's own services say is no publisher's to mend.
    ignored = () if event.source.startswith("/rapport/") else unknown_fields(event, type(data))
    if ignored:
        metrics.UNKNOWN_FIELDS.labels(topic).inc(len(ignored))
    return Incoming(topic, partition, offset, event.subject, event, data, raw, headers, written)
