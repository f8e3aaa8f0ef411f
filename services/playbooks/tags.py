"""The living tags that conditions may ask for, as `tags.NAME`."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import lru_cache

from services.playbooks.cel_syntax import Binary, Literal, Name, Node, Select, SyntaxFault, parse
from services.playbooks.types import FRACTION, NUMBER, TEXT, Type, words

TAGS: Mapping[str, Type] = {
    "capacity": FRACTION,
    "churn_risk": FRACTION,
    "days_past_due": NUMBER,
    "delinquency": words("current", "1-30", "31-60", "61-90", "90+"),
    "engagement": FRACTION,
    "lifecycle_stage": words(
        "discover", "explore", "compare", "evaluate", "buy", "retain", "recommend"
    ),
    "payment_outlook": words("ready_able", "ready_unable", "unready_able", "unready_unable"),
    "preferred_channel": TEXT,
    "preferred_hour": NUMBER,
    "preferred_language": TEXT,
    "punctuality": FRACTION,
    "readiness": FRACTION,
    "subscription": words("running", "ended"),
    "value_tier": TEXT,
}
"""What each tag holds. docs/tags.md says what they mean; the segmenter works them out."""

TAG_ATTRIBUTES: Mapping[str, str] = {"preferred_language": "locale", "value_tier": "tier"}
"""Tags that repeat a steering attribute: where a policy forbids that, the tag may not steer."""


@lru_cache(maxsize=4096)
def asked_in(source: str) -> frozenset[str]:
    """The tags that a condition asks for; all of them where that can't be told."""
    if "tags" not in source:
        return frozenset()
    try:
        return frozenset(_asked(parse(source))) & TAGS.keys()
    except SyntaxFault:
        return frozenset(TAGS)


@lru_cache(maxsize=4096)
def asked_by(conditions: tuple[str, ...]) -> frozenset[str]:
    """The tags that any of the conditions asks for."""
    return frozenset(name for source in conditions for name in asked_in(source))


def _asked(node: Node) -> Iterator[str]:
    match node:
        case Select(_, Name(_, "tags"), field):
            yield field
        case Binary(_, "in", Literal(_, str() as name), Name(_, "tags")):
            yield name
        case Name(_, "tags"):
            yield from TAGS
        case _:
            for part in fields(node):
                inside = getattr(node, part.name)
                for one in inside if isinstance(inside, tuple) else (inside,):
                    if isinstance(one, Node):
                        yield from _asked(one)
