"""Quix Streams with its own state store (RocksDB and a changelog topic)."""

import os
from typing import Any

from quixstreams import Application, State

from bench.job import TOPIC, Arrived, Job

job = Job()


def segment(
    value: bytes, key: bytes, timestamp: int, headers: Any, state: "State[Any, Any]"
) -> list[bytes]:
    """Decide on one event with the customer's profile from the state store."""
    del timestamp, headers
    # Quix keeps positions to itself here; the rules do not look at them.
    record = Arrived(TOPIC, 0, 0, key, value)
    after, values = job.do(record, state.get("profile"))
    state.set("profile", after)
    return values


def main() -> None:
    """Run until killed."""
    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        state_dir=os.environ["BENCH_FOLDER"],
        loglevel="ERROR",
        consumer_extra_config={"session.timeout.ms": 6000},
    )
    events = app.topic(TOPIC, value_deserializer="bytes", key_deserializer="bytes")
    outputs = app.topic(
        os.environ["BENCH_OUTPUT"], value_serializer="bytes", key_serializer="bytes"
    )
    frame = app.dataframe(events)
    frame = frame.apply(segment, stateful=True, expand=True, metadata=True)
    frame.to_topic(outputs)
    app.run()


if __name__ == "__main__":
    main()
