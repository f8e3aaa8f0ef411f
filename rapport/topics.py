"""Creates the declared topics, and shows how they stand."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError, for_code

from rapport.connection import connection
from schemas.topics import Topic, declared
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """A declared topic and what the broker has of it; `partitions` 0: it is not there."""

    topic: Topic
    partitions: int

    @property
    def fault(self) -> str | None:
        """What is wrong, with its remedy; None where nothing is."""
        if self.partitions == 0:
            return "missing: create it with `rapport topics --create`"
        if self.partitions != self.topic.partitions:
            return (
                f"has {self.partitions} partitions, {self.topic.partitions} are declared: "
                f"set PARTITIONS={self.partitions}, or create it anew"
            )
        return None


def create_topics(settings: Settings, bootstrap: str | None = None) -> list[str]:
    """Create the declared topics that are missing; their names. Repeatable, safe at once.

    Raises NoBroker, and kafka.errors.KafkaError where the broker can't be reached or refuses.
    """
    wanted = declared(os.environ)
    with KafkaAdminClient(**connection(bootstrap, settings)) as admin:
        there = set(admin.list_topics())
        missing = {name: _creation(topic) for name, topic in wanted.items() if name not in there}
        if missing:
            answer = admin.create_topics(missing, raise_errors=False)
            for topic in answer["topics"]:
                error = for_code(topic["error_code"])
                # Another process may have created it in between.
                if topic["error_code"] and error is not TopicAlreadyExistsError:
                    raise error(f"{topic['name']}: {topic.get('error_message')}")
            admin.wait_for_topics(list(missing))
    return list(missing)


def standing(connected: Mapping[str, Any]) -> list[Standing]:
    """Every declared topic as the broker has it. Raises kafka.errors.KafkaError."""
    with KafkaAdminClient(**connected) as admin:
        there = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    topics = declared(os.environ).values()
    return [Standing(topic, there.get(topic.name, 0)) for topic in topics]


def _creation(topic: Topic) -> dict[str, Any]:
    """What the admin client wants to know of a new topic; -1 is the broker's own default."""
    kept = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    configs = {
        "cleanup.policy": topic.cleanup,
        "max.message.bytes": str(topic.max_message_bytes),
        "retention.ms": str(kept),
    }
    return {"num_partitions": topic.partitions, "replication_factor": -1, "configs": configs}
