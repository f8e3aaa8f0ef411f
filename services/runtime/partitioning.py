"""Which lane a key belongs to: murmur2, as Kafka's own clients choose a partition."""

import os
from functools import lru_cache

from aiokafka.partitioner import murmur2

from schemas.topics import OUTREACH_LOG, declared

PARTITIONS = declared(os.environ)[OUTREACH_LOG].partitions


@lru_cache(maxsize=200_000)
def lane(key: str, partitions: int = PARTITIONS) -> int:
    """The partition of `key` in a topic of `partitions`.

    Publishers may partition as they like: lanes keep a customer's outputs in order, and nothing
    else depends on them.
    """
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)
