"""Promise 9, as far as the log shows it: no direct identifier stands in it."""

import re
from collections.abc import Iterator
from typing import Any

from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.common import looks_identifying
from schemas.facts import AuthorityInForce, MessageSent, PolicyInForce

TITLE = "The log holds no direct identifier (partly)"

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_PHONE = re.compile(
    r"(?<![\w+.-])(?:\+\d(?:[ ().-]{0,2}\d){7,14}"
    r"|\(\d{2,5}\) ?\d{2,4}[ -]\d{3,4}|\d{3}[ .-]\d{3}[ .-]\d{4}|0\d{1,3}-\d{3,4}-\d{4})(?![\w-])"
)
_NUMBERS = re.compile(r"\d[ .-]\d{3,4}[ .-]\d{4}")
_MESSAGE_ID = re.compile(r"<[^\s@<>]+@[^\s@<>]+>")

_RULES = (PolicyInForce, AuthorityInForce)
"""What people wrote as rules: about nobody."""


def check(history: History) -> Outcome:
    """Look through every text of every fact for what looks like an e-mail address or a number."""
    outcome = Outcome(9, TITLE)
    facts = [fact for fact in history.log.facts if not isinstance(fact.data, _RULES)]
    outcome.checked = {"facts": len(facts)}
    for fact in facts:
        if looks_identifying(fact.customer) is not None:
            outcome.violate("subject", "the customer id identifies a person", fact)
        if not _suspect(fact.data.model_dump_json()):
            continue
        for path, text in _texts(fact.data.model_dump(mode="json")):
            if isinstance(fact.data, MessageSent) and path == ".provider_reference":
                text = _MESSAGE_ID.sub("", text)
            kind = likeness(text)
            if kind is not None:
                outcome.violate("identifier", f"data{path} holds what looks like {kind}", fact)
    return outcome


def _suspect(fact: str) -> bool:
    """Whether a whole fact deserves a closer look; few do."""
    return "@" in fact or "+" in fact or "(" in fact or _NUMBERS.search(fact) is not None


def likeness(text: str) -> str | None:
    """`an e-mail address` or `a phone number` where the text holds one, else None."""
    if "@" in text and _EMAIL.search(text):
        return "an e-mail address"
    if _PHONE.search(text):
        return "a phone number"
    return None


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a JSON value, names of members included, with where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path, name
            yield from _texts(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for rank, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{rank}]")
