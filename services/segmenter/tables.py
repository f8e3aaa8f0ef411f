"""The segmenter's tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ProfileRow(SQLModel, table=True):
    """What is known of one customer; `state` is `model.Profile` as JSON."""

    __tablename__ = "profile"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
