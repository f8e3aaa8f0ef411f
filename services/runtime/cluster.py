"""Which cluster and which topics this is: so that old offsets never meet a new log."""

import asyncio
from collections.abc import Sequence
from contextlib import closing

from kafka import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError, for_code

from services.runtime.kafka import connection
from services.runtime.settings import Settings

REQUEST_TIMEOUT_MS = 10_000


class ClusterIds:
    """Reads the cluster's id and the topics' ids through Kafka's admin protocol."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def ids(self, topics: Sequence[str]) -> tuple[str, dict[str, str]]:
        """The cluster's id, and each topic's. Raises kafka-python's KafkaError while
        the broker is away or lacks a topic.
        """
        return await asyncio.to_thread(self._read, list(topics))

    def _read(self, topics: list[str]) -> tuple[str, dict[str, str]]:
        arguments = connection(self._settings) | {"request_timeout_ms": REQUEST_TIMEOUT_MS}
        with closing(KafkaAdminClient(**arguments)) as admin:
            cluster_id = str(admin.describe_cluster()["cluster_id"])
            described = admin.describe_topics(topics)
        for topic in described:
            # A broker that has just started may not know its topics yet: that is no other topic.
            if code := topic["error_code"]:
                raise for_code(code)(topic["name"])
            if topic["topic_id"] is None:
                raise UnknownTopicOrPartitionError(topic["name"])
        return cluster_id, {topic["name"]: str(topic["topic_id"]) for topic in described}
