"""What a handler is given."""

from datetime import datetime

import msgspec

from schemas.binary import Headers
from schemas.common import Typed
from schemas.envelope import Envelope


class Incoming(msgspec.Struct, frozen=True):
    """One accepted message: decoded, validated, and seen for the first time."""

    topic: str
    partition: int
    offset: int
    key: str
    event: Envelope
    data: Typed
    raw: bytes
    headers: Headers = ()
    published_at: datetime | None = None
    """The real instant at which its record was written, as far as that is known."""

    @property
    def position(self) -> tuple[str, int]:
        """Where it stands, in the form that `after` and `applied_through` use."""
        return f"{self.topic}/{self.partition}", self.offset
