"""The negotiator's own settings, read from the environment."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.settings import ROOT


class NegotiatorSettings(BaseSettings):
    """One field a variable; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    portal_session_hours: float = Field(
        12, gt=0, description="Business hours a verified visit to the portal lasts."
    )
    desk_session_hours: float = Field(
        12, gt=0, description="Business hours a sign-in at the desk lasts."
    )

    desk_people: Path = Field(
        ROOT / "deploy" / "desk" / "people.yaml",
        description="Who sits at the desk, with roles and skills.",
    )
    segmenter_api: str | None = Field(
        None, description="Base URL of the segmenter's API; unset: its port on this machine."
    )
    scheduler_api: str | None = Field(
        None, description="Base URL of the scheduler's API; unset: its port on this machine."
    )
    messenger_api: str | None = Field(
        None, description="Base URL of the messenger's API; unset: its port on this machine."
    )

    later_date_days: int = Field(
        31, ge=1, le=366, description="Days after its due date that a bill may be asked to wait."
    )

    promise_tolerance_percent: int = Field(
        95,
        ge=1,
        le=100,
        description="Share of an instalment that keeps it; the rest rolls on.",
    )
    promise_grace_days: int = Field(
        3, ge=0, le=90, description="Days after an instalment's due date before it is broken."
    )
    promise_check_seconds: float = Field(
        1.0, gt=0, description="Real seconds between looks for promises whose grace may be over."
    )

    authorities_dir: Path = Field(
        ROOT / "deploy" / "authorities", description="Creditors' authority matrices, one file each."
    )
    proposal_rounds: int = Field(
        3, ge=0, le=20, description="Own proposals that are countered before a person answers."
    )
    proposals_a_minute: int = Field(
        12, ge=1, le=600, description="Proposals of one case taken in a (real) minute."
    )
    move_days: int = Field(
        10, ge=0, le=31, description="Days by which a payment of a plan may be put off at a time."
    )
    moves: int = Field(2, ge=0, le=12, description="How often payments of a plan may be put off.")

    payment_checkout_url: str | None = Field(
        None, description="Base of the payment provider's pages; unset: nothing is paid here."
    )
    payment_secret: str | None = Field(
        None, description="whsec_BASE64, shared with the payment provider; signs both ways."
    )

    @property
    def portal_session(self) -> timedelta:
        """How long a verified visit lasts."""
        return timedelta(hours=self.portal_session_hours)

    @property
    def desk_session(self) -> timedelta:
        """How long a sign-in at the desk lasts."""
        return timedelta(hours=self.desk_session_hours)
