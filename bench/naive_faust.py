"""A Faust agent as the tutorials write it: one event at a time, a table, awaited sends."""

import os
import sys

import faust

from bench.job import TOPIC, Arrived, Job

app = faust.App(
    "bench-naive-faust",
    broker=f"kafka://{os.environ['KAFKA_BOOTSTRAP_SERVERS']}",
    value_serializer="raw",
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
    broker_session_timeout=6,
    broker_rebalance_timeout=6,
    broker_heartbeat_interval=1.5,
    consumer_auto_offset_reset="earliest",
    datadir=os.environ["BENCH_FOLDER"],
    web_enabled=False,
    # Otherwise a recovery on the embedded broker never ends: it reports end offsets too low.
    producer_max_batch_size=1 if os.environ.get("BENCH_EMBEDDED") == "recovery" else 16384,
)
events = app.topic(TOPIC, key_type=bytes, value_type=bytes)
outputs = app.topic(os.environ["BENCH_OUTPUT"], key_type=bytes, value_type=bytes)
profiles = app.Table("profiles", default=str)
job = Job()


@app.agent(events)
async def segment(stream: faust.StreamT[bytes]) -> None:
    """Decide on each event and send what follows."""
    async for event in stream.events():
        message = event.message
        key = event.key
        assert isinstance(key, bytes)
        record = Arrived(message.topic, message.partition, message.offset, key, event.value)
        state, values = job.do(record, profiles[key.decode()] or None)
        profiles[key.decode()] = state
        for value in values:
            await outputs.send(key=key, value=value)


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--loglevel=ERROR"]
    app.main()
