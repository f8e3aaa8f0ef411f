"""Who is held out, so that what outreach brings can be measured: pure, and always the same."""

import hashlib
import json

import msgspec

from services.playbooks.model import Playbook

GLOBAL = "global"


class HeldOut(msgspec.Struct, frozen=True):
    """A holdout that a customer is in. `playbook`: None where it is the one of all playbooks."""

    playbook: str | None
    holdout: str
    share_bp: int


class Holdouts(msgspec.Struct, frozen=True):
    """The global holdout and those of the playbooks.

    `global_bp`: the global one's share in basis points. `salt`: another salt, another draw; it
    must stay what it is for as long as figures are to be compared.
    """

    global_bp: int = 0
    salt: str = ""

    def of(self, playbook: Playbook, tenant: str, customer: str) -> HeldOut | None:
        """The holdout because of which this customer gets nothing of the playbook, if any.

        It depends on nothing that could change: neither on the event nor on the playbook's
        version. A larger share holds out the same customers, and more.
        """
        document = playbook.document
        if document.global_holdout and self._drawn(self.global_bp, GLOBAL, "", tenant, customer):
            return HeldOut(None, GLOBAL, self.global_bp)
        share, name = document.holdout_bp, document.name
        if self._drawn(share, "playbook", name, tenant, customer):
            return HeldOut(name, name, share)
        return None

    def _drawn(self, share_bp: int, kind: str, name: str, tenant: str, customer: str) -> bool:
        return share_bp > 0 and lot(self.salt, kind, name, tenant, customer) < share_bp


NO_HOLDOUTS = Holdouts()


def lot(*of: str) -> int:
    """From 0 to 9999, the same for the same words; each word alone makes it another draw.

    The first 64 bits of SHA-256 over the words as a JSON array in UTF-8, scaled to 10,000.
    """
    digest = hashlib.sha256(json.dumps(of, ensure_ascii=False).encode()).digest()
    return int.from_bytes(digest[:8], "big") * 10_000 >> 64
