"""Every topic, declared once: who owns it, who reads it, how long it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

CUSTOMER_EVENTS: Final = "customer.events"
OUTREACH_COMMANDS: Final = "outreach.commands"
OUTREACH_DISPATCHES: Final = "outreach.dispatches"
OUTREACH_LOG: Final = "outreach.log"
DEAD_LETTERS: Final = "dead.letters"
PLAYBOOKS: Final = "playbooks"

MEBIBYTE: Final = 1024 * 1024
MAX_EVENT_RETENTION: Final = timedelta(days=30)


@dataclass(frozen=True)
class Topic:
    """One topic. `retention` None: for ever. `lanes`: has the common partition count."""

    name: str
    summary: str
    owner: str
    readers: tuple[str, ...]
    retention: timedelta | None
    lanes: bool = True
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = MEBIBYTE
    partitions: int = 8


TOPICS: Final[tuple[Topic, ...]] = (
    Topic(
        CUSTOMER_EVENTS,
        "What happened to customers, as banks and retailers publish it. Holds personal data.",
        owner="publishers",
        readers=("segmenter", "messenger", "negotiator"),
        retention=timedelta(days=7),
        # Above what is accepted, so that a value too large is refused with a reason.
        max_message_bytes=4 * MEBIBYTE,
    ),
    Topic(
        OUTREACH_COMMANDS,
        "Playbooks ordered for customers.",
        owner="segmenter",
        readers=("scheduler",),
        retention=timedelta(days=30),
    ),
    Topic(
        OUTREACH_DISPATCHES,
        "Steps ordered to be sent now.",
        owner="scheduler",
        readers=("messenger",),
        retention=timedelta(days=30),
    ),
    Topic(
        OUTREACH_LOG,
        "Every fact, from and to every service; no personal data.",
        owner="all services",
        readers=("segmenter", "scheduler", "messenger", "negotiator", "audit"),
        retention=timedelta(days=7 * 365),
    ),
    Topic(
        DEAD_LETTERS,
        "What could not be accepted, as it came, with the reason.",
        owner="all services",
        readers=("operators",),
        retention=timedelta(days=14),
        lanes=False,
        max_message_bytes=8 * MEBIBYTE,
        partitions=1,
    ),
    Topic(
        PLAYBOOKS,
        "Versions of playbooks, their approvals and withdrawals.",
        owner="operators",
        readers=("segmenter", "messenger"),
        retention=None,
        lanes=False,
        cleanup="compact",
        # Above what is accepted, so that the batch around a value of that size fits as well.
        max_message_bytes=2 * MEBIBYTE,
        partitions=1,
    ),
)


def declared(environ: Mapping[str, str]) -> dict[str, Topic]:
    """The topics by name, with the settings of the environment applied.

    PARTITIONS (8): common partition count of the four main topics. CUSTOMER_EVENTS_RETENTION_DAYS
    (7): at most 30. OUTREACH_LOG_RETENTION_DAYS (2555): 0 is for ever. DEAD_LETTERS_RETENTION_DAYS
    (14). Raises ValueError that names the setting and its bounds.
    """
    lanes = _number(environ, "PARTITIONS", 8, 1, 10_000)
    days = {
        CUSTOMER_EVENTS: _number(
            environ, "CUSTOMER_EVENTS_RETENTION_DAYS", 7, 1, MAX_EVENT_RETENTION.days
        ),
        OUTREACH_LOG: _number(environ, "OUTREACH_LOG_RETENTION_DAYS", 7 * 365, 0, 100 * 365),
        DEAD_LETTERS: _number(environ, "DEAD_LETTERS_RETENTION_DAYS", 14, 1, 90),
    }

    def apply(topic: Topic) -> Topic:
        kept = topic.retention
        if topic.name in days:
            kept = timedelta(days=days[topic.name]) if days[topic.name] else None
        return replace(topic, partitions=lanes if topic.lanes else topic.partitions, retention=kept)

    return {topic.name: apply(topic) for topic in TOPICS}


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"{name}: set a whole number from {least} to {most}")
    return int(text)
