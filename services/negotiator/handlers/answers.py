"""Answers that prove who someone is: kept and compared as salted keyed hashes only."""

import hmac
from collections.abc import Mapping

from services.negotiator.model import Evidence
from services.negotiator.rules.verification import normalise
from services.negotiator.tables import EvidenceRow
from services.runtime.security import Signer


def hash_answer(signer: Signer, salt: str, kind: Evidence, answer: str) -> str:
    """The keyed hash of the answer's normal form."""
    return signer.keyed_hash("\x1f".join(("verification", salt, kind, normalise(kind, answer))))


def matches(
    signer: Signer,
    evidence: Mapping[str, EvidenceRow],
    asked: tuple[Evidence, Evidence],
    answers: Mapping[str, str],
) -> dict[Evidence, bool]:
    """Which of the asked facts were answered rightly; compared in constant time."""
    found = {}
    for kind in asked:
        row, answer = evidence[kind], answers.get(kind, "")
        given = hash_answer(signer, row.salt, kind, answer)
        found[kind] = bool(normalise(kind, answer)) and hmac.compare_digest(given, row.hash)
    return found
