"""Every metric of the runtime, what it means and what to do about it.

Names follow Prometheus: prefix, base unit, `_total` for counters. No label holds an identity of
a customer.
"""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter(
    "rapport_events_total",
    "Messages consumed, by what became of them (applied, duplicate, rejected, parked). "
    "Many rejected: look at dead.letters and tell the publisher.",
    ["topic", "outcome"],
)
UNKNOWN_FIELDS = Counter(
    "rapport_unknown_fields_total",
    "Fields publishers sent that no contract names; ignored. Rising: a publisher is ahead of us.",
    ["topic"],
)
FOLLOWED = Counter(
    "rapport_followed_records_total",
    "Records of a compacted topic, by what became of them (applied, rejected). Any rejected: "
    "look at dead.letters; what was in force before still is.",
    ["topic", "outcome"],
)
BATCH_SECONDS = Histogram(
    "rapport_batch_seconds",
    "Real seconds from a decoded batch to its committed transaction. Rising: look at PostgreSQL.",
    ["topic"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PUBLISHED = Counter("rapport_published_total", "Outbox rows acknowledged by the broker.", ["topic"])
OUTBOX_ROWS = Gauge(
    "rapport_outbox_rows",
    "Rows the publisher took last time. Growing without end: the broker does not acknowledge.",
)
PARKED_ROWS = Gauge(
    "rapport_parked_rows",
    "Messages of this worker's partitions that wait for another topic. Not falling: that topic is"
    " not consumed.",
)
WAITED_IN_VAIN = Counter(
    "rapport_waited_in_vain_total",
    "Messages that waited for another topic too long, or behind too many, and went to"
    " dead.letters. Any: see why that topic is not consumed, then replay them.",
    ["topic", "reason"],
)
RETRIES = Counter(
    "rapport_retries_total",
    "Batches tried again after a passing failure (database, broker, relay).",
    ["part"],
)
FENCED = Counter(
    "rapport_fenced_total",
    "Transactions rolled back because another worker owns the partition now. A few at each "
    "rebalance are healthy; a stream of them means two workers fight.",
)
PART_UP = Gauge(
    "rapport_part_up", "1 while a needed part answers, 0 while it is waited for.", ["part"]
)
REAL_LAG_SECONDS = Gauge(
    "rapport_event_age_seconds",
    "Real seconds between a record's arrival at the broker and its commit here, newest batch.",
    ["topic"],
)
