"""What the messenger's tables are made of."""

from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


def instant(nullable: bool = False) -> Any:
    """A column of an instant with its offset."""
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),
        nullable=nullable,
    )


def document() -> Any:
    """A column of a JSON object, empty unless given."""
    return Field(default_factory=dict, sa_type=JSONB, nullable=False)


class Table(SQLModel, registry=registry()):
    """Base of this service's tables: a registry of its own, as other services reuse names."""
