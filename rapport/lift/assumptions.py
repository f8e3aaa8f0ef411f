"""What the log can't know: prices. Each is an assumption until it is set, and is shown as one."""

from decimal import Decimal
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Assumptions(BaseSettings):
    """One field a variable; the variable's name is the field's in capitals.

    The defaults are on the dear side, so that outreach looks no cheaper than it is.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    assumed_cost_currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    assumed_cost_email: Decimal = Field(
        Decimal("0.001"), ge=0, description="One e-mail handed to a relay."
    )
    assumed_cost_sms: Decimal = Field(Decimal("0.05"), ge=0, description="One text message.")
    assumed_cost_webhook: Decimal = Field(Decimal("0.001"), ge=0, description="One call.")
    assumed_cost_handoff: Decimal = Field(
        Decimal(5), ge=0, description="A person takes over one customer's matter."
    )
    assumed_earned_bp: int = Field(
        2_000,
        ge=1,
        le=10_000,
        description="What of a recovered amount is earned, basis points: the commission; 10000 "
        "where the debt is one's own.",
    )

    assumed_small_debt: Decimal = Field(
        Decimal(3), gt=0, description="The debt of which collection tells what makes it worth it."
    )

    def of_contact(self, channel: str) -> Decimal:
        """The cost of one contact by a channel."""
        by_channel = {
            "email": self.assumed_cost_email,
            "sms": self.assumed_cost_sms,
            "webhook": self.assumed_cost_webhook,
            "in_app": Decimal(0),
        }
        return by_channel[channel]

    def as_dict(self) -> dict[str, Any]:
        """By the names of their variables; amounts in units of the currency."""
        return {
            name.upper(): float(value) if isinstance(value, Decimal) else value
            for name, value in self
        }
