"""What providers tell of deliveries, by Standard Webhooks 1.0.0 (standardwebhooks.com)."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.messenger import message_store, metrics, store
from services.messenger.handlers import returns
from services.messenger.tables import MessageRow
from services.runtime.context import Context
from services.runtime.unit_of_work import UnitOfWork

TOLERANCE = timedelta(minutes=5)
"""How far a call's timestamp may lie from the real time here."""


class Forged(Exception):
    """A call that is not signed by its provider, or is too old."""


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


def parse_secrets(text: str) -> dict[str, bytes]:
    """Read `provider=whsec_BASE64,...`. Raises ValueError."""
    secrets: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        provider, found, secret = entry.partition("=")
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not found or not provider or not 24 <= len(key) <= 64:
            raise ValueError(
                f"WEBHOOK_SECRETS: entry of {provider!r} is not provider=whsec_BASE64 of 24 to "
                "64 bytes"
            )
        secrets[provider] = key
    return secrets


def verify(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The call's id, which is its idempotency key. `now` is real time. Raises Forged."""
    call_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not call_id or len(call_id) > 200 or not timestamp.isascii() or not timestamp.isdigit():
        raise Forged
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise Forged
    signed = f"{call_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    for signature in headers.get("webhook-signature", "").split():
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), expected.encode()):
            return call_id
    raise Forged


def take(
    context: Context,
    provider: str,
    call_id: str,
    report: Report,
    patience: returns.Patience,
) -> bool:
    """Apply a report once; False if its message is not known."""
    with context.unit() as work:
        message = _message(work, report.data)
        if message is None:
            return False
        store.lock_customers(work.session, [(message.tenant, message.customer)])
        if message_store.first_call(work.session, provider, call_id, work.real_now):
            _apply(work, message, report, f"{provider}:{call_id}", patience)
    metrics.ANSWERS.labels(report.type.removeprefix("message.")).inc()
    return True


def _apply(
    work: UnitOfWork, message: MessageRow, report: Report, call: str, patience: returns.Patience
) -> None:
    data = report.data
    match report.type:
        case "message.delivered":
            returns.delivered(work, message, call)
        case "message.bounced":
            returns.bounced(work, message, data.kind, data.status, call, patience)
        case "message.complained":
            returns.complained(work, message, call)


def _message(work: UnitOfWork, data: ReportData) -> MessageRow | None:
    reference = (data.provider_reference or "").strip("<> ").partition("@")[0]
    ids = [one for one in (data.message_id, reference) if one]
    return message_store.find_reference(work.session, ids)
