"""Events about bills and payments."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.common import (
    ActorRole,
    Code,
    Contract,
    Currency,
    CustomerId,
    DueDate,
    Flag,
    Identifier,
    Instant,
    LocalDate,
    Money,
    MoneyDue,
    Revision,
    Text,
    Timezone,
    Typed,
)


class Party(Contract):
    """One person who answers for an obligation."""

    customer_id: CustomerId = Field(description="Pseudonym of the party.")
    role: Code = Field(description="Part in it, such as borrower, co_borrower or guarantor.")


Parties = Annotated[tuple[Party, ...], Field(max_length=50)]


class _Bill(Typed):
    bill_id: Identifier = Field(description="The publisher's id of the bill or debt.")
    creditor: Text = Field(description="Name of the creditor, as the customer knows it.")
    currency: Currency = Field(description="ISO 4217 code.")
    due_date: DueDate = Field(description="Local date on which it is due.")
    balance_minor: Money | None = Field(
        default=None, description="Whole debt in minor units; absent: what is asked."
    )
    product: Text | None = Field(default=None, description="Product, as the customer knows it.")
    parties: Parties = Field(default=(), description="All who answer for it.")
    version: Revision | None = Field(
        default=None, description="Rises per obligation; a lower one changes nothing."
    )


class _OpenBill(_Bill):
    autopay: Flag | None = Field(default=None, description="It is paid automatically.")
    due_timezone: Timezone | None = Field(
        default=None, description="IANA zone of the due date; absent: the customer's."
    )


class BillDueSoon(_OpenBill):
    """A bill nears its due date. A second one for the same bill is an update."""

    TYPE: ClassVar[str] = "bill.due_soon"

    amount_minor: MoneyDue = Field(description="Asked now, in minor units.")


class BillUpdated(_OpenBill):
    """A bill's terms changed."""

    TYPE: ClassVar[str] = "bill.updated"

    amount_minor: Money = Field(description="Asked now, in minor units.")


class BillClosed(Typed):
    """A bill needs no more outreach."""

    TYPE: ClassVar[str] = "bill.closed"

    bill_id: Identifier = Field(description="The publisher's id of the bill.")
    why: Literal["paid", "cancelled", "recalled", "sold", "written_off"] = Field(
        description="Why it is closed."
    )
    version: Revision | None = Field(default=None, description="Rises per obligation.")


class PaymentMissed(_Bill):
    """A due date passed without payment. A second one for the same bill is an update."""

    TYPE: ClassVar[str] = "payment.missed"

    amount_minor: MoneyDue = Field(description="Asked now, in minor units.")
    minimum_minor: Money | None = Field(
        default=None, description="Least payment that would be enough now, in minor units."
    )
    actor_role: ActorRole = Field(
        default="creditor", description="Whether a creditor or a collector acts."
    )
    commission_rate: Annotated[float, Field(strict=True, ge=0, le=1)] | None = Field(
        default=None, description="Collector's commission as a fraction: 0.25 is 25 per cent."
    )
    limitation_date: LocalDate | None = Field(
        default=None, description="Local date from which the debt is time-barred."
    )


class _Payment(Typed):
    payment_id: Identifier = Field(description="The publisher's id of the payment.")
    bill_id: Identifier = Field(description="The bill that it is for.")
    amount_minor: MoneyDue = Field(description="Amount of the payment, in minor units.")
    currency: Currency = Field(description="ISO 4217 code.")
    remaining_minor: Money = Field(
        description="What remains of what is asked now, in minor units; 0 settles it."
    )
    version: Revision | None = Field(default=None, description="Rises per obligation.")


class _PaymentMade(_Payment):
    paid_at: Instant | None = Field(default=None, description="When the customer paid.")
    pending: Flag = Field(default=False, description="Not yet final.")


class PaymentReceived(_PaymentMade):
    """A payment came in."""

    TYPE: ClassVar[str] = "payment.received"


class PaymentFailed(_PaymentMade):
    """A payment was tried and failed."""

    TYPE: ClassVar[str] = "payment.failed"


class PaymentReversed(_Payment):
    """A payment that had come in was taken back."""

    TYPE: ClassVar[str] = "payment.reversed"

    reversed_at: Instant | None = Field(default=None, description="When it was taken back.")
