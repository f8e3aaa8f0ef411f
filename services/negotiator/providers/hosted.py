"""A checkout on a page of the provider's: a signed order there, signed webhooks back.

Webhooks are those of Standard Webhooks 1.0.0 (standardwebhooks.com): `webhook-id`,
`webhook-timestamp` (at most five real minutes off) and `webhook-signature` over both and the body.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.negotiator.providers import Checkout, Forged, PaymentState, Report
from services.runtime.security import Signer


class _Paid(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    checkout_id: str = Field(min_length=1, max_length=100)
    amount_minor: int = Field(ge=0, le=10**15)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class _Call(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: PaymentState
    data: _Paid


class HostedCheckout:
    """A `PaymentProvider`; the secret is shared with it and signs both ways."""

    def __init__(self, url: str, secret: str) -> None:
        """url: base of its pages. secret: `whsec_BASE64`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("PAYMENT_CHECKOUT_URL: set the address of the provider's pages")
        self._url = url.rstrip("/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not 24 <= len(key) <= 64:
            raise ValueError("PAYMENT_SECRET: set whsec_BASE64 of 24 to 64 bytes")
        self._webhook = Webhook(secret)
        self._signer = Signer(secret)

    def page(self, checkout: Checkout, until: datetime) -> str:
        """The order travels in the address, signed; nothing in it is personal."""
        order = {
            "c": checkout.checkout_id,
            "a": checkout.amount_minor,
            "u": checkout.currency,
            "p": checkout.payee,
            "l": checkout.language,
            "b": checkout.back,
            "z": checkout.undone,
        }
        return f"{self._url}/pay/{self._signer.sign('checkout', order, until)}"

    def read(self, headers: Mapping[str, str], body: bytes) -> Report:
        """What became of a checkout. Raises Forged."""
        try:
            self._webhook.verify(body, dict(headers))
            call = _Call.model_validate_json(body)
        except (WebhookVerificationError, ValidationError, ValueError):
            raise Forged from None
        data = call.data
        return Report(data.checkout_id, call.type, data.amount_minor, data.currency)
