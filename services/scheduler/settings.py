"""Settings of the scheduler alone, read from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SchedulerSettings(BaseSettings):
    """One field a variable, `SCHEDULER_` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="SCHEDULER_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    claim_every: float = Field(
        0.15, gt=0, description="Real seconds between two looks for due steps."
    )
    claim_batch: int = Field(500, ge=1, le=5000, description="Most due steps of one look.")
    spread_seconds: float = Field(
        60,
        ge=0,
        le=3600,
        description="Business seconds over which steps that would fall due at one instant are"
        " spread, each customer at their own part of it. A second for 2,000 of them is enough for"
        " one scheduler.",
    )
    looks_ahead_days: float = Field(
        7,
        ge=0,
        le=31,
        description="Business days that a contact looks ahead for one that is needed more (service"
        " before collection before retention before marketing) and would find no room after it."
        " 0: what is due first goes first.",
    )
    payment_lag_seconds: float = Field(
        30,
        ge=4,
        description="Real seconds that customers' events may lag. Beyond, everything that a"
        " payment or another event could settle waits.",
    )
    own_hour: bool = Field(
        True,
        description="Whether it is learned at which hour customers answer, and steps with"
        " `own_hour` go out then; false: nothing is counted, and the playbook's hour stands.",
    )
    own_hour_control_bp: int = Field(
        1000,
        ge=0,
        le=5000,
        description="Share of the customers, in basis points, for whom the playbook's hour stands"
        " all the same, so that `rapport lift` can tell what the learned one brings.",
    )
