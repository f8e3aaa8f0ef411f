"""The messenger's tables about wordings: which was chosen, and what became of it."""

from datetime import date, datetime

from sqlalchemy import ARRAY, Column, DateTime, Text
from sqlmodel import Field

from services.messenger.columns import Table, instant


class WordingTrialRow(Table, table=True):
    """One message whose wording was chosen among several, and what became of it.

    followed: links that people clicked on; clicked: whether there are any. fresh: not held against
    the outcomes yet. stands_as: made by the database of the three flags; counted_as: what of it
    `WordingCountRow` holds already. Bits: 1 sent, 2 rewarded, 4 clicked and not rewarded, 8 harmed.
    """

    __tablename__ = "wording_trial"

    tenant: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    playbook: str
    template: str
    tone: str
    segment: str
    wording: str
    variant: str
    at: datetime = instant()
    rewarded: bool = False
    clicked: bool = False
    followed: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    harmed: bool = False
    fresh: bool = True
    counted_as: int = 0


class WordingSubjectRow(Table, table=True):
    """What such a message was about."""

    __tablename__ = "wording_subject"

    tenant: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)


class WordingOutcomeRow(Table, table=True):
    """A good end of an obligation; kept, for the log's lanes tell of it in no common order."""

    __tablename__ = "wording_outcome"

    tenant: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True), primary_key=True)
    payment_id: str = ""
    fresh: bool = True


class WordingReversalRow(Table, table=True):
    """A payment that was taken back, and so earned no wording anything."""

    __tablename__ = "wording_reversal"

    tenant: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    payment_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True), primary_key=True)


class WordingCountRow(Table, table=True):
    """One day's messages with one wording in one segment; made of the trials, and nothing else."""

    __tablename__ = "wording_count"

    tenant: str = Field(primary_key=True)
    playbook: str = Field(primary_key=True)
    template: str = Field(primary_key=True)
    tone: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    wording: str = Field(primary_key=True)
    sent_on: date = Field(primary_key=True)
    variant: str
    sent: int
    rewarded: int
    clicked: int
    harmed: int


class WordingStateRow(Table, table=True):
    """A wording that was withdrawn, or brought back: as the newest fact about it says.

    sent, harmed: what there was when it was brought back; the guard looks at what came since.
    """

    __tablename__ = "wording_state"

    tenant: str = Field(primary_key=True)
    playbook: str = Field(primary_key=True)
    template: str = Field(primary_key=True)
    tone: str = Field(primary_key=True)
    wording: str = Field(primary_key=True)
    variant: str
    withdrawn: bool
    sent: int = 0
    harmed: int = 0
    by: str
    at: datetime = instant()
