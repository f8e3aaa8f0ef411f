"""Choices of words: what was chosen could be chosen, with the probability that is told."""

from math import isclose

from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.facts import MessageIntended

_ROUNDING = 1e-6


def check(history: History, outcome: Outcome) -> None:
    """Whether each choice explains itself: its chances add up, and it is among them."""
    chosen = [one for one in history.log.of(MessageIntended) if one.data.propensity is not None]
    outcome.checked["choices of words"] = len(chosen)
    for intended in chosen:
        data = intended.data
        told = data.variants.get(data.variant)
        if told is None or not isclose(told, data.propensity or 0.0, abs_tol=_ROUNDING):
            what = f"message {data.message_id} has words that could not be chosen as it says"
            outcome.violate("wording-unexplained", what, intended)
        elif not isclose(sum(data.variants.values()), 1.0, abs_tol=_ROUNDING):
            what = f"the chances of message {data.message_id}'s words do not add up to 1"
            outcome.violate("wording-unexplained", what, intended)
