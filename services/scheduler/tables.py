"""The scheduler's tables. `state` columns hold the structs of `model` as JSON.

As text, not taken apart: they are read and written whole, and nothing asks into them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


def _instant(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _state(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(JSON, nullable=nullable))


class _Table(SQLModel, registry=registry()):
    """Base of this service's tables: a registry of its own, as other services reuse names."""


class CustomerRow(_Table, table=True):
    """One customer; the row is the lock of everything about them. `state`: model.Customer."""

    __tablename__ = "customer"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    state: dict[str, Any] = _state()


class ObligationRow(_Table, table=True):
    """One obligation; `state`: model.Obligation, null while nothing is known of it."""

    __tablename__ = "obligation"

    tenant: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    state: dict[str, Any] | None = _state(nullable=True)


class EnrolmentRow(_Table, table=True):
    """One enrolment; `state`: model.Enrolment."""

    __tablename__ = "enrolment"

    tenant: str = Field(primary_key=True)
    enrolment_id: str = Field(primary_key=True)
    customer: str
    obligation_kind: str
    obligation_id: str
    playbook: str
    status: str
    reason: str | None = None
    started_at: datetime = _instant()
    state: dict[str, Any] = _state()


class StepRow(_Table, table=True):
    """One step; `plan`: model.StepPlan."""

    __tablename__ = "step"

    tenant: str = Field(primary_key=True)
    step_id: str = Field(primary_key=True)
    customer: str
    enrolment_id: str
    position: int
    state: str
    planned_at: datetime = _instant()
    due_at: datetime = _instant()
    not_after: datetime = _instant()
    attempt: int
    dispatch_id: str | None = None
    reason: str | None = None
    plan: dict[str, Any] = _state()


class ContactRow(_Table, table=True):
    """One contact made, or reserved by a dispatch on its way.

    dispatch_id: of one by the publisher's people (`made_by`), a name made of its event.
    """

    __tablename__ = "contact"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    dispatch_id: str = Field(primary_key=True)
    at: datetime = _instant()
    purpose: str
    channel: str
    obligation_ids: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    reached: bool = True
    made_by: str = "machine"


class ProgressRow(_Table, table=True):
    """Of a lane: all customer events until this real instant are applied by the segmenter, and
    what it told of them is applied here."""

    __tablename__ = "progress"

    lane: int = Field(primary_key=True)
    caught_up_at: datetime = _instant()


class TimelineRow(_Table, table=True):
    """One fact of the log about a customer, as it was written there; `position`: its offset."""

    __tablename__ = "timeline"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    fact_id: str = Field(primary_key=True)
    at: datetime = _instant()
    position: int = Field(sa_type=BigInteger)
    type: str
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    cause: str | None = None


class SendingRow(_Table, table=True):
    """Whether a scope of sending is stopped, and the last word on it.

    of_tenant, name: empty where the scope has none. revision: rises with every word.
    """

    __tablename__ = "sending"

    scope: str = Field(primary_key=True)
    of_tenant: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    stopped: bool
    revision: int = Field(sa_type=BigInteger)
    by: str
    reason: str
    at: datetime = _instant()


class AnsweredHourRow(_Table, table=True):
    """How many answers customers gave at an hour of their day; `lane`: theirs.

    playbook, segment: both empty for all customers of the tenant.
    """

    __tablename__ = "answered_hour"

    tenant: str = Field(primary_key=True)
    playbook: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    lane: int = Field(primary_key=True)
    hour: int = Field(primary_key=True)
    count: int
