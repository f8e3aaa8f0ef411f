"""A partition changes hands although its former owner froze in the middle of a transaction."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from processing_world import CLUSTER, TOPIC_ID, World

from schemas.topics import CUSTOMER_EVENTS
from services.runtime.database import plain
from services.runtime.takeover import EVICT_AFTER_SECONDS, take_over
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """A database with one worker that owns partition 0."""
    made = World(database)
    made.worker().take_over()
    yield made
    made.close()


def test_one_that_froze_in_the_middle_of_a_copy_is_evicted(
    world: World, database: Database
) -> None:
    with psycopg.connect(plain(database.service_url("segmenter"))) as frozen:
        frozen.execute("SET search_path = segmenter")
        frozen.execute("UPDATE watermark SET next_offset = 7")
        copying = frozen.cursor().copy("COPY outbox (lane, topic, count, messages) FROM STDIN")
        copying.__enter__()
        with ThreadPoolExecutor() as pool:
            taken = pool.submit(
                take_over,
                world.workers[0].context.engine,
                [(CUSTOMER_EVENTS, 0)],
                CLUSTER,
                {CUSTOMER_EVENTS: TOPIC_ID},
            )
            (own,) = taken.result(timeout=10 * EVICT_AFTER_SECONDS)
        assert (own.epoch, own.next_offset) == (2, 0)
        with pytest.raises(psycopg.OperationalError):
            copying.__exit__(None, None, None)
        # Only the dead connection's own handle is left; leaving the block must not raise again.
        frozen.close()


def test_a_free_partition_is_taken_over_at_once(world: World) -> None:
    engine = world.workers[0].context.engine
    (own,) = take_over(engine, [(CUSTOMER_EVENTS, 0)], CLUSTER, {CUSTOMER_EVENTS: TOPIC_ID})
    assert own.epoch == 2
