"""What was told of a bill, read anew: whether it is over, agreed on, being paid; what is asked."""

from services.scheduler.model import Heard

CONTRA = ("payment.reversed", "payment.failed")
TERMS = ("bill.due_soon", "payment.missed")


def settled(story: list[Heard]) -> bool:
    """Whether the newest end was not undone: by money taken back, or by a later bill."""
    story = _since_renewal(story)
    ends = [one for one in story if _ends(one)]
    if not ends:
        return False
    recalled = any(one.type == "bill.closed" for one in ends)
    return recalled or not any(e.type in CONTRA and e.time > ends[-1].time for e in story)


def ended_last(story: list[Heard]) -> bool:
    """Whether the newest word on whether anything is asked is that nothing is.

    That is what binds at sending; what begins anew the scheduler decides more strictly.
    """
    words = [one for one in story if _ends(one) or one.type in (*TERMS, *CONTRA)]
    return bool(words) and _ends(words[-1])


def _since_renewal(story: list[Heard]) -> list[Heard]:
    """What was told since the last end after which a later bill came."""
    ends = [one.time for one in story if _ends(one) and _renewed(story, one)]
    return [one for one in story if one.time > ends[-1]] if ends else story


def _renewed(story: list[Heard], end: Heard) -> bool:
    """Whether a later bill than any that was known came after the end."""
    terms = [one for one in story if one.type in TERMS]
    return any(
        one.time > end.time
        and any(one.data["due_date"] > other.data["due_date"] for other in terms[:index])
        for index, one in enumerate(terms)
    )


def _ends(one: Heard) -> bool:
    paid = one.type == "payment.received" and not one.data["pending"]
    return (paid and one.data["remaining_minor"] == 0) or one.type in (
        "bill.closed",
        "agreement.completed",
    )


def agreed(story: list[Heard]) -> bool:
    words = [one.type for one in _since_renewal(story) if one.type.startswith("agreement.")]
    return bool(words) and words[-1] == "agreement.made"


def pending(story: list[Heard]) -> bool:
    state: dict[str, bool] = {}
    for one in story:
        if _ends(one):
            state.clear()
        elif "payment_id" in one.data:
            state[one.data["payment_id"]] = bool(one.data["pending"])
    return any(state.values())


def newest(story: list[Heard]) -> Heard:
    return [one for one in story if one.type in TERMS][-1]


def asked(story: list[Heard]) -> int:
    """The newest sum that anybody told."""
    asked = 0
    for one in story:
        if one.type in TERMS:
            asked = one.data["amount_minor"]
        elif one.type.startswith("payment.") and not one.data.get("pending"):
            asked = one.data["remaining_minor"]
    return asked
