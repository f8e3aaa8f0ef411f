"""Living tags: pure functions from a customer's history to what holds true of them now."""

from collections.abc import Callable, Iterable, Mapping

from services.segmenter.tags import debts, responses, standing
from services.segmenter.tags.tag import Evidence, Tag

TAGS: Mapping[str, Callable[[Evidence], Tag | None]] = {
    "capacity": debts.capacity,
    "churn_risk": standing.churn_risk,
    "days_past_due": debts.days_past_due,
    "delinquency": debts.delinquency,
    "engagement": responses.engagement,
    "lifecycle_stage": standing.lifecycle_stage,
    "payment_outlook": debts.payment_outlook,
    "preferred_channel": responses.preferred_channel,
    "preferred_hour": responses.preferred_hour,
    "preferred_language": responses.preferred_language,
    "punctuality": debts.punctuality,
    "readiness": debts.readiness,
    "subscription": standing.subscription,
    "value_tier": standing.value_tier,
}
"""Each tag and how it is worked out (docs/tags.md)."""


def evaluate(evidence: Evidence, names: Iterable[str] = TAGS) -> dict[str, Tag]:
    """The tags that can be said anything of, in the order of `names`.

    Those that have expired are among them: see `in_force`.
    """
    found = ((name, TAGS[name](evidence)) for name in names)
    return {name: tag for name, tag in found if tag is not None}


def in_force(tags: Mapping[str, Tag], evidence: Evidence) -> dict[str, Tag]:
    """The tags that have not expired."""
    return {name: tag for name, tag in tags.items() if tag.expires_at > evidence.now}
