"""Whether a letter that was ordered before the customer chose may go out still. Pure."""

from collections.abc import Collection, Mapping


def is_overtaken(step: str, keeps: Mapping[str, Collection[str]], chosen: str | None) -> bool:
    """Whether the choice made since ends this step.

    keeps: by choice that the letter may offer, the steps that it leaves alone; none where the
    order came after the choice. chosen: the choice that counts, if one was made.
    """
    return chosen is not None and chosen in keeps and step not in keeps[chosen]
