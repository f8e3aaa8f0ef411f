"""How the customer answers: engagement, and the hour, channel and language they prefer."""

from collections.abc import Sequence
from datetime import timedelta

from services.segmenter.tags.history import Mark, of_kinds
from services.segmenter.tags.tag import Evidence, Tag, enough, instant, make

WEIGHTS = {
    "opened": 1.0,
    "clicked": 3.0,
    "replied": 4.0,
    "chose": 4.0,
    "feedback": 3.0,
    "talked": 4.0,
    "requested": 4.0,
    "proposed": 5.0,
    "accepted": 5.0,
    "declined": 2.0,
}
"""What an answer is worth, by its kind."""

ENGAGEMENT_HALF_LIFE = 30.0
HABIT_HALF_LIFE = 90.0
LASTS = timedelta(days=180)
LANGUAGE_LASTS = timedelta(days=730)
# Answers of this weight, all new, make an engagement of a half.
HALF_ENGAGED = 4.0
_AT_THEIR_HOUR = ("opened", "clicked", "replied", "chose", "feedback", "talked", "requested")
_TO_A_MESSAGE = ("opened", "clicked", "replied", "chose", "feedback")


def engagement(evidence: Evidence) -> Tag | None:
    """s / (s + 4), s: answers by weight, halved every 30 days; what an opt-out ended is past."""
    refusals = refused(evidence)
    left = max(refusals, default=None)
    answers = [mark for mark in evidence.marks("did") if left is None or mark > left]
    messages = sent(evidence)
    grounds = [*answers, *messages, *refusals]
    if not grounds:
        return None
    half_life = ENGAGEMENT_HALF_LIFE
    score = sum(WEIGHTS[mark.kind] * evidence.weight(mark, half_life) for mark in answers)
    seen = len(answers) + len(messages) + len(refusals)
    shown = [*answers, *refusals] or messages
    return make(score / (score + HALF_ENGAGED), enough(seen, 3), shown, lasts=LASTS)


def preferred_hour(evidence: Evidence) -> Tag | None:
    """The local hour (0 to 23) of most answers, neighbouring hours counted by half."""
    marks = of_kinds(evidence.marks("did"), *_AT_THEIR_HOUR)
    if evidence.zone is None or len(marks) < 2:
        return None
    hours = [0.0] * 24
    for mark in marks:
        hour = instant(mark).astimezone(evidence.zone).hour
        hours[hour] += evidence.weight(mark, HABIT_HALF_LIFE)
    smooth = [hours[h] + (hours[h - 1] + hours[(h + 1) % 24]) / 2 for h in range(24)]
    best = max(range(24), key=lambda h: (smooth[h], -h))
    share = smooth[best] / sum(hours)
    return make(best, share * enough(len(marks), 3), marks, lasts=LASTS)


def preferred_channel(evidence: Evidence) -> Tag | None:
    """The channel of most answers; never one that the customer has turned off."""
    scores: dict[str, float] = {}
    marks = []
    for mark, told in _told(evidence):
        channel = told.partition("/")[0]
        if not _turned_off(evidence, channel):
            weight = WEIGHTS[mark.kind] * evidence.weight(mark, HABIT_HALF_LIFE)
            scores[channel] = scores.get(channel, 0.0) + weight
            marks.append((channel, mark))
    if not scores:
        return None
    best = min(scores, key=lambda channel: (-scores[channel], channel))
    own = [mark for channel, mark in marks if channel == best]
    confidence = scores[best] / sum(scores.values()) * enough(len(own), 2)
    return make(best, confidence, own, lasts=LASTS)


def preferred_language(evidence: Evidence) -> Tag | None:
    """The language that the publisher named, else that of the message answered last."""
    named = [mark for mark in of_kinds(evidence.marks("traits"), "locale") if mark.value]
    if named:
        return make(named[-1].value, 0.9, named, lasts=LANGUAGE_LASTS)
    answered = [(mark, told) for mark, told in _told(evidence) if "/" in told]
    if not answered:
        return None
    newest, told = max(answered)
    return make(told.partition("/")[2], 0.5, [newest], lasts=LASTS)


def sent(evidence: Evidence) -> list[Mark]:
    """The messages that went out, as far as is known, oldest first."""
    failed = {mark.about for mark in of_kinds(evidence.marks("sent"), "failed")}
    return [m for m in of_kinds(evidence.marks("sent"), "sent") if m.about not in failed]


def unanswered(evidence: Evidence) -> list[Mark]:
    """The messages since the customer's last answer."""
    answers = evidence.marks("did")
    return [mark for mark in sent(evidence) if not answers or mark > answers[-1]]


def refused(evidence: Evidence) -> list[Mark]:
    """Complaints, and what the customer has turned off and not on again."""
    life = evidence.marks("life")
    off = [mark for mark in of_kinds(life, "contact") if mark.value == "off"]
    return [*off, *of_kinds(life, "complained")]


def _told(evidence: Evidence) -> Sequence[tuple[Mark, str]]:
    """Answers, each with `channel/language` of the message (only `channel` where they called)."""
    messages = {mark.about: mark.value for mark in of_kinds(evidence.marks("sent"), "sent")}
    found = []
    for mark in evidence.marks("did"):
        if mark.kind == "talked":
            found.append((mark, mark.about))
        elif mark.kind in _TO_A_MESSAGE and (told := messages.get(mark.about.split(" ")[0])):
            found.append((mark, told))
    return found


def _turned_off(evidence: Evidence, channel: str) -> bool:
    return any(
        mark.kind == "contact" and mark.value == "off" and mark.about in (f"{channel}/*", "*/*")
        for mark in evidence.marks("life")
    )
