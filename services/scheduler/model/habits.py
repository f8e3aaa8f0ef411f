"""At which hours customers answer, and which hour was chosen for a step by that."""

from typing import NamedTuple

import msgspec

Counts = dict[int, int]
"""Answers by local hour, 0 to 23."""


class Pool(NamedTuple):
    """Whose answers are counted together: of a segment, or (both empty) of the whole tenant."""

    tenant: str
    playbook: str = ""
    segment: str = ""


class Answer(NamedTuple):
    """One answer of a customer that counts in a pool."""

    pool: Pool
    customer: str
    hour: int


class Learning(NamedTuple):
    """That hours are learned at all. control_bp: the share of customers, in basis points, who keep
    the playbook's hour, so that the gain can be measured."""

    control_bp: int = 0


class HourChoice(msgspec.Struct, frozen=True):
    """The hour of its day at which a step goes out, local to the customer.

    usual: by the playbook and the rules alone. wanted: at which an answer is likeliest. by: whose
    answers say so, `own`, `segment` or `general` (the tenant's); `usual`: too few do. arm:
    `learned` goes out at `wanted`, `control` at `usual`; a customer is always of the same.
    propensity: the share of customers in that arm.
    """

    usual: int
    wanted: int
    by: str
    arm: str
    propensity: float
