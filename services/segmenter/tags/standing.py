"""Where the customer stands: value tier, churn risk, stage of the journey."""

from collections.abc import Sequence
from datetime import timedelta

from services.segmenter.tags.history import Mark, of_kinds
from services.segmenter.tags.responses import refused, unanswered
from services.segmenter.tags.tag import Evidence, Tag, enough, instant, make

TIER_LASTS = timedelta(days=730)
YEAR = timedelta(days=365)
VALUE_TIERS = ((12, "high"), (4, "medium"), (1, "low"))
"""Least dealings within a year, and the tier where the publisher names none."""
DEALINGS = frozenset({"received", "kept", "renewed", "completed"})

CHURN_HALF_LIFE, CHURN_LASTS = 60.0, timedelta(days=120)
CHURN_BASE = 0.05
LEAVING = {"dormant": 0.6, "ending": 0.3, "ended": 0.6, "cancelled": 0.8}
REFUSING, UNHELPED, UNANSWERED = 0.3, 0.3, 0.1
# A recent answer to a message takes off up to half of the risk.
ANSWER_HALF_LIFE, ANSWER_RELIEF = 14.0, 0.5

SUBSCRIPTION = {"ending": "running", "renewed": "running", "ended": "ended", "cancelled": "ended"}
"""What each word about a subscription says of it."""
# An end that was announced has come by then, told of or not.
ENDING_LASTS, SUBSCRIPTION_LASTS = timedelta(days=60), timedelta(days=400)

STAGES = (
    ("recommend", timedelta(days=365)),
    ("buy", timedelta(days=30)),
    ("retain", timedelta(days=400)),
    ("compare", timedelta(days=45)),
    ("explore", timedelta(days=60)),
    ("discover", timedelta(days=90)),
)
"""Furthest first, each with how long its evidence counts; `evaluate` goes before all."""
EVALUATE_LASTS = timedelta(days=45)
COMPARING = frozenset({"plans", "cheaper_plan", "price", "compare"})
"""Links, choices and requests by which a reader weighs one thing against another."""
ANSWERING = ("clicked", "replied", "chose", "requested", "proposed", "talked")
OWNING = ("asked", "missed", "received", "kept", "agreed", "renewed", "ending", "completed")
HELPED_OFTEN = 2


def value_tier(evidence: Evidence) -> Tag | None:
    """The publisher's tier; where there is none, by the number of dealings within a year."""
    named = of_kinds(evidence.marks("traits"), "tier")
    if named and named[-1].value:
        return make(named[-1].value, 1.0, named, lasts=TIER_LASTS)
    dealings = [
        mark
        for mark in sorted([*evidence.marks("owes"), *evidence.marks("life")])
        if mark.kind in DEALINGS and instant(mark) + YEAR > evidence.now
    ]
    for least, name in VALUE_TIERS:
        if len(dealings) >= least:
            # It falls once the oldest dealing that it needs is a year old.
            until = instant(dealings[-least]) + YEAR
            return make(name, enough(len(dealings), 4), dealings, until=until)
    return None


def churn_risk(evidence: Evidence) -> Tag | None:
    """1 less the chance that none of the signs of leaving is true, each halved every 60 days."""
    life = evidence.marks("life")
    signs = {mark: worth for mark in life if (worth := _leaving(mark, life))}
    signs |= dict.fromkeys(refused(evidence), REFUSING)
    signs |= {m: UNHELPED for m in evidence.marks("did") if (m.kind, m.value) == ("feedback", "no")}
    signs |= dict.fromkeys(unanswered(evidence), UNANSWERED)
    staying = of_kinds(life, "active", "renewed")
    answers = of_kinds(evidence.marks("did"), *ANSWERING)
    grounds = [*signs, *staying, *answers]
    if not grounds:
        return None
    staying_on = 1.0 - CHURN_BASE
    for mark in sorted(signs):
        staying_on *= 1.0 - signs[mark] * evidence.weight(mark, CHURN_HALF_LIFE)
    relief = ANSWER_RELIEF * evidence.weight(answers[-1], ANSWER_HALF_LIFE) if answers else 0.0
    risk = (1.0 - staying_on) * (1.0 - relief)
    return make(risk, enough(len(grounds), 3), signs or grounds, lasts=CHURN_LASTS)


def lifecycle_stage(evidence: Evidence) -> Tag | None:
    """The furthest stage of the journey that still has fresh evidence."""
    open_ones = _open_applications(evidence)
    if open_ones and instant(open_ones[-1]) + EVALUATE_LASTS > evidence.now:
        return make("evaluate", 0.9, open_ones, lasts=EVALUATE_LASTS)
    for stage, lasts in STAGES:
        marks = _of_stage(stage, evidence)
        if marks and instant(max(marks)) + lasts > evidence.now:
            return make(stage, enough(len(marks), 1), marks, lasts=lasts)
    return None


def subscription(evidence: Evidence) -> Tag | None:
    """`running` while one of the customer's subscriptions does, by the last word about each."""
    last = {mark.about: mark for mark in of_kinds(evidence.marks("life"), *SUBSCRIPTION)}
    ends = {mark: instant(mark) + _runs(mark) for mark in last.values()}
    running = [
        mark
        for mark, until in ends.items()
        if SUBSCRIPTION[mark.kind] == "running" and until > evidence.now
    ]
    if running:
        return make("running", 0.9, running, until=max(ends[mark] for mark in running))
    return make("ended", 0.9, ends, lasts=SUBSCRIPTION_LASTS) if ends else None


def _runs(mark: Mark) -> timedelta:
    by_itself = mark.kind != "ending" or mark.value == "auto"
    return SUBSCRIPTION_LASTS if by_itself else ENDING_LASTS


def _leaving(mark: Mark, life: Sequence[Mark]) -> float:
    """What a sign is worth; nothing once the customer came back after it."""
    if mark.kind not in LEAVING or (mark.kind == "ending" and mark.value == "auto"):
        return 0.0
    undone = any(
        later > mark
        and (
            (later.kind == "active" and mark.kind == "dormant")
            or (later.kind == "renewed" and later.about == mark.about)
        )
        for later in life
    )
    return 0.0 if undone else LEAVING[mark.kind]


def _open_applications(evidence: Evidence) -> list[Mark]:
    life = evidence.marks("life")
    return [
        mark
        for mark in of_kinds(life, "abandoned")
        if not any(
            later.kind in ("completed", "withdrawn") and later.about == mark.about and later > mark
            for later in life
        )
    ]


def _of_stage(stage: str, evidence: Evidence) -> list[Mark]:
    """The marks that put a customer into a stage."""
    did, life = evidence.marks("did"), evidence.marks("life")
    match stage:
        case "recommend":
            helped = [mark for mark in of_kinds(did, "feedback") if mark.value == "yes"]
            return helped[-HELPED_OFTEN:] if len(helped) >= HELPED_OFTEN else []
        case "buy":
            return of_kinds(life, "completed")
        case "retain":
            return of_kinds([*evidence.marks("owes"), *life], *OWNING)
        case "compare":
            weighing = of_kinds(did, "clicked", "chose", "requested")
            return [mark for mark in weighing if mark.value in COMPARING]
        case "explore":
            return [*of_kinds(did, *ANSWERING), *of_kinds(life, "active")]
        case _:
            return [*of_kinds(did, "opened"), *of_kinds(evidence.marks("sent"), "sent")]
