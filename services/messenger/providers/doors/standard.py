"""Reports by Standard Webhooks 1.0.0 (standardwebhooks.com): any gateway can tell them so."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.messenger.providers.doors import (
    Call,
    Forged,
    Receipt,
    Told,
    Unchallenged,
    Unreadable,
)

TOLERANCE = timedelta(minutes=5)
"""How far a call's timestamp may lie from the real time here."""


class ReportData(BaseModel):
    """What happened to one message."""

    model_config = ConfigDict(extra="ignore")

    message_id: str | None = Field(None, max_length=200, description="Rapport's id of it.")
    provider_reference: str | None = Field(None, max_length=998, description="Its Message-ID.")
    kind: Literal["hard", "soft", "block"] = "soft"
    status: str | None = Field(None, max_length=40, description="RFC 3463 status.")


class Report(BaseModel):
    """A provider's webhook."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["message.delivered", "message.bounced", "message.complained"]
    data: ReportData


_WHAT: dict[str, Literal["delivered", "bounced", "complained"]] = {
    "message.delivered": "delivered",
    "message.bounced": "bounced",
    "message.complained": "complained",
}


class StandardDoor(Unchallenged):
    """`whsec_BASE64` is its secret; `webhook-id` the idempotency key."""

    def __init__(self, secret: str) -> None:
        """Raises ValueError."""
        try:
            self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            self._key = b""
        if not 24 <= len(self._key) <= 64:
            raise ValueError("is not whsec_BASE64 of 24 to 64 bytes")

    def verify(self, call: Call, now: datetime) -> None:
        """By its signature and time. Raises Forged."""
        named, stamp = _named(call), call.headers.get("webhook-timestamp", "")
        if not named or len(named) > 200 or not stamp.isascii() or not stamp.isdigit():
            raise Forged
        if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            raise Forged
        signed = f"{named}.{stamp}.".encode() + call.body
        expected = base64.b64encode(hmac.digest(self._key, signed, "sha256"))
        for signature in call.headers.get("webhook-signature", "").split():
            version, _, value = signature.partition(",")
            if version == "v1" and hmac.compare_digest(value.encode(), expected):
                return
        raise Forged

    def read(self, call: Call) -> Sequence[Told]:
        """One report. Raises Unreadable."""
        try:
            report = Report.model_validate_json(call.body)
        except ValidationError:
            raise Unreadable("Send message.delivered, .bounced or .complained.") from None
        data = report.data
        reference = (data.provider_reference or "").strip("<> ").partition("@")[0]
        about = tuple(one for one in (data.message_id, reference) if one)
        return [Receipt(_named(call), about, _WHAT[report.type], data.kind, data.status)]


def _named(call: Call) -> str:
    return call.headers.get("webhook-id", "")
