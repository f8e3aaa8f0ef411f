"""The contract of a creditor's authority: a matrix of limits for terms, as one YAML file.

A matrix never widens what a playbook's `offers` allow without a person: it narrows them, by who
the creditor is, which segment, how long overdue, and how much is owed. Above the machine it says
how far an agent, and an agent with a supervisor's approval, may go.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from schemas.common import Currency, MoneyDue, Tenant

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=80)]
Bucket = Literal["current", "1-29", "30-59", "60-89", "90+"]
"""Days past the due date, local to the customer; `current`: not overdue, or no due date known."""

WHOLE = 10_000
"""Basis points of the whole."""


class Strict(BaseModel):
    """Refuses unknown fields: a mistyped key in a limit must not silently widen it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Strict):
    """How far terms may go for one who decides."""

    max_discount_bp: int = Field(
        ge=0, le=WHOLE, description="Greatest discount, basis points of the balance."
    )
    max_instalments: int = Field(ge=1, le=120, description="Most payments.")
    max_days: int = Field(ge=1, le=3660, description="Days from the offer to its last payment.")
    min_instalment: dict[Currency, MoneyDue] = Field(
        default={},
        description="Least instalment, minor units by ISO 4217. A currency that is not listed has "
        "the playbook's own.",
    )
    min_npv_bp: int = Field(
        ge=0, le=WHOLE, description="Least net present value, basis points of the balance."
    )

    def exceeds(self, other: "Limits") -> str | None:
        """The first field in which these limits go further than `other`; None where none does."""
        for name in ("max_discount_bp", "max_instalments", "max_days"):
            if getattr(self, name) > getattr(other, name):
                return name
        if self.min_npv_bp < other.min_npv_bp:
            return "min_npv_bp"
        for currency, least in other.min_instalment.items():
            if self.min_instalment.get(currency, least) < least:
                return "min_instalment"
        return None


class Balance(Strict):
    """A band of balances. A currency that a bound does not name lies outside the band."""

    at_least: dict[Currency, MoneyDue] | None = Field(
        default=None, description="Inclusive, minor units by ISO 4217."
    )
    below: dict[Currency, MoneyDue] | None = Field(
        default=None, description="Exclusive, minor units by ISO 4217."
    )


class Cell(Strict):
    """The limits for some of the debts. Of a matrix's cells the first that fits counts."""

    cell: Name = Field(description="Its name, unique in the matrix.")
    segments: Literal["all"] | list[str] = "all"
    buckets: Literal["all"] | list[Bucket] = "all"
    balance: Balance = Balance()
    grace_days: int = Field(ge=0, le=90, description="Days after a due date until it is broken.")
    everyone: Limits = Field(description="Without a person, for anyone.")
    need: Limits | None = Field(
        default=None,
        description="Without a person, for whoever has said what they can manage; absent: as for "
        "everyone.",
    )
    agent: Limits | None = Field(
        default=None, description="What a person at the desk may agree to; absent: no more."
    )
    supervisor: Limits | None = Field(
        default=None, description="The same with a second person's approval; absent: no more."
    )

    @model_validator(mode="after")
    def _each_goes_further(self) -> Self:
        before, name = self.everyone, "everyone"
        for role in ("need", "agent", "supervisor"):
            limits: Limits | None = getattr(self, role)
            if limits is None:
                continue
            if (field := before.exceeds(limits)) is not None:
                raise ValueError(f"{role}.{field} is narrower than {name}'s; widen it")
            before, name = limits, role
        return self

    @property
    def fits_all(self) -> bool:
        """Whether it leaves out no debt."""
        open_band = self.balance.at_least is None and self.balance.below is None
        return self.segments == "all" and self.buckets == "all" and open_band


class Economics(Strict):
    """Who pays for a concession, and what money is worth later."""

    funded_by: Literal["creditor", "commission"] = Field(
        description="Who pays for a discount. Where the playbook says commission, it is."
    )
    commission_bp: int = Field(
        ge=2_000, le=5_000, description="Commission, basis points of what is recovered: 20 to 50 %."
    )
    give_up_bp: int = Field(
        ge=0,
        le=5_000,
        description="How much of the commission may be given up to reach agreement, in basis "
        "points of the balance; binds discounts that the commission funds.",
    )
    floor_bp: int = Field(
        ge=1, le=WHOLE, description="Least sum of any terms, basis points of the balance."
    )
    yearly_rate_bp: int = Field(
        ge=0,
        le=WHOLE,
        description="Yearly rate for the net present value, basis points: simple interest by days, "
        "365 to the year, each payment rounded down to the minor unit.",
    )
    lost_bp_a_month: int = Field(
        ge=0,
        le=WHOLE,
        description="Share of what is still to be paid that is expected to be lost each 30 days, "
        "basis points: an assumption about plans, the same for everyone.",
    )

    @model_validator(mode="after")
    def _no_more_than_there_is(self) -> Self:
        if self.give_up_bp > self.commission_bp:
            raise ValueError("give_up_bp is more than the whole commission; lower it")
        return self


def _some(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("names nobody; write '*' for every creditor")
    return names


class AuthorityMatrix(Strict):
    """What a creditor allows in its name. `version` rises with every change."""

    name: Name
    version: int = Field(ge=1)
    title: str = Field(min_length=3)
    tenant: Tenant = "default"
    creditors: Annotated[list[str], AfterValidator(_some)] = Field(
        default=["*"],
        description="Creditors as their bills name them; `*` stands for those without a matrix of "
        "their own.",
    )
    economics: Economics
    cells: list[Cell] = Field(min_length=1)

    @model_validator(mode="after")
    def _cells_in_order(self) -> Self:
        names = [cell.cell for cell in self.cells]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"cells must have names of their own; twice: {', '.join(twice)}")
        reached = next((n for n, cell in enumerate(self.cells) if cell.fits_all), None)
        if reached is None:
            raise ValueError("the last cell must fit every debt: all segments, buckets, balances")
        if reached < len(self.cells) - 1:
            after = self.cells[reached + 1].cell
            raise ValueError(f"cell {after!r} is never reached; put it before the one for all")
        return self
