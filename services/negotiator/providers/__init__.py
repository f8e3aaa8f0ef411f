"""Payment providers: a port, and one that speaks to any hosted checkout with signed webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Forged(Exception):
    """A call that the provider did not sign, that is too old, or that nobody can read."""


class PaymentState(StrEnum):
    """What a provider says of a payment."""

    SUCCEEDED = "payment.succeeded"
    PENDING = "payment.pending"
    FAILED = "payment.failed"


@dataclass(frozen=True, slots=True)
class Checkout:
    """One payment to be made. amount_minor: by ISO 4217.

    back, undone: where the customer returns to who has paid, or who has not.
    """

    checkout_id: str
    amount_minor: int
    currency: str
    payee: str
    language: str
    back: str
    undone: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a checkout."""

    checkout_id: str
    state: PaymentState
    amount_minor: int
    currency: str


class PaymentProvider(Protocol):
    """Takes payments on a page of its own, and tells of them by signed webhooks."""

    @property
    def origin(self) -> str:
        """Scheme and host of its pages: the portal's forms may lead there."""
        ...

    def page(self, checkout: Checkout, until: datetime) -> str:
        """The address of the page on which to pay, good until then. Makes no call."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes) -> Report:
        """A webhook that it sent. Raises Forged."""
        ...
