"""Settings of the segmenter alone; the shared ones are the runtime's."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SegmenterSettings(BaseSettings):
    """One field a variable; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    global_holdout_bp: int = Field(
        0,
        ge=0,
        le=5_000,
        description="Share of all customers, in basis points, who are contacted by no playbook, so "
        "that what outreach brings can be measured; always the same ones.",
    )
    holdout_salt: str = Field(
        "", description="Draws the holdouts anew; figures from before can't be compared then."
    )
