"""What a policy pack says of holds, and of statutory notices that must have gone before.

A pack's hold rules add to those of the house; where several speak of a hold, the strictest
effect, the widest scope and the longest stay count.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.common import HoldKind
from schemas.policy_rules import Rule

NoticeKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class HoldRule(Rule):
    """What a hold of one of these kinds does to contact, for some roles, purposes and channels.

    effect: `gentler` changes the wording and leaves contact; `person_only` silences the machine
    and asks a person; `redirect` is the same, and that person turns to the attorney or
    representative (`to`), not to the customer; `stop` is silence. scope: `obligation`, only what
    it names, if it names one; `customer`, it is about the person whatever it names. days: when it
    ends where no end is given. after: `resume`, planned steps wait and go on; `end`, enrolments
    are over at once. lifted_by: `operator`, the publisher's word alone does not lift it.
    """

    kinds: list[HoldKind] = Field(min_length=1)
    effect: Literal["gentler", "person_only", "redirect", "stop"]
    to: Literal["attorney", "representative"] | None = None
    scope: Literal["obligation", "customer"] = "obligation"
    days: int | None = Field(default=None, ge=1, le=3660)
    after: Literal["resume", "end"] = "resume"
    lifted_by: Literal["publisher", "operator"] = "publisher"

    @model_validator(mode="after")
    def _directed(self) -> Self:
        if (self.to is None) == (self.effect == "redirect"):
            raise ValueError("'to' says whom a 'redirect' turns to, and belongs to nothing else")
        if self.effect == "gentler" and self.after == "end":
            raise ValueError("'gentler' leaves contact: nothing ends by it")
        return self


class NoticeRule(Rule):
    """The publisher must have sent a statutory notice about the obligation before contact.

    Until `notice.sent` tells of it, contact waits, and `notice.required` asks for it.
    """

    notice: NoticeKind
