"""Ids that a repeat makes again, and lanes that are those of Kafka's own clients."""

import uuid

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from services.runtime.ids import derive, fresh
from services.runtime.partitioning import lane


def test_the_same_parts_give_the_same_id_and_their_order_matters() -> None:
    assert derive("a", 1) == derive("a", "1")
    assert derive("a", "b") != derive("b", "a")
    assert derive("ab") != derive("a", "b")
    assert uuid.UUID(derive("a")).version == 8
    assert fresh() != fresh()


@given(st.text(min_size=1), st.integers(1, 100))
def test_a_lane_is_the_partition_that_kafka_s_clients_choose(key: str, partitions: int) -> None:
    assert lane(key, partitions) == (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
