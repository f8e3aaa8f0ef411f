"""Which statutory notices must have gone before a contact. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from services.policy.model import Approach, Pack, Zones
from services.policy.places import in_force


class Missing(NamedTuple):
    """A notice that the publisher has not sent yet, and the rule (`pack/rule`) that asks for it."""

    notice: str
    rule: str
    rule_version: int

    @property
    def reason(self) -> str:
        """Why a contact waits."""
        return f"notice:{self.notice}"


def missing(
    sent: Collection[str], approach: Approach, zones: Zones, packs: Sequence[Pack], now: datetime
) -> list[Missing]:
    """The notices that this contact waits for, by kind. sent: kinds that went before.

    packs: those that apply at the place.
    """
    asked = {
        rule.notice: Missing(rule.notice, f"{pack.name}/{rule.name}", pack.version)
        for pack in packs
        for rule in pack.notices
        if rule.notice not in sent and rule.covers(approach) and in_force(rule, now, zones)
    }
    return [asked[name] for name in sorted(asked)]
