"""Whether a text that answers a customer's own was asked for: promise 3.

Such a text is no contact, and no cap counts it; so it must follow what the customer wrote, once.
"""

from collections import Counter

from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.facts import MessageReplied, ReplyAnswered

_ASKS = {"stop": frozenset({"stop", "cease_contact"}), "help": frozenset({"help"})}


def check(history: History, outcome: Outcome) -> None:
    """Hold each answer against the replies to the same message that came before it."""
    answered: Counter[tuple[object, str, str]] = Counter()
    answers = history.log.of(ReplyAnswered)
    outcome.checked["answers by text"] = len(answers)
    replies = history.log.of(MessageReplied)
    for answer in answers:
        about = (answer.who, answer.data.message_id, answer.data.what)
        answered[about] += 1
        asked = sum(
            one.who == answer.who
            and one.data.message_id == answer.data.message_id
            and one.order < answer.order
            and not _ASKS[answer.data.what].isdisjoint((one.data.intent, *one.data.also))
            for one in replies
        )
        if answered[about] > asked:
            what = f"a text about {answer.data.what} that nobody asked for, or one too many"
            outcome.violate("answered-unasked", what, answer)
