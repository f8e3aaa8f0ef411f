"""What the scheduler counts, and what to do about it. No label holds an identity."""

from prometheus_client import Counter, Gauge, Histogram

OUTCOMES = Counter(
    "rapport_outreach_outcomes_total",
    "Decisions by kind (enrolled, planned, deferred, suppressed, dispatched, joined, cancelled,"
    " completed) and reason. Many `place_unknown`: publishers send no timezone or country.",
    ["kind", "reason"],
)
LATENESS_SECONDS = Histogram(
    "rapport_step_lateness_seconds",
    "Business seconds from a step's due instant to its dispatch. Rising: start another scheduler.",
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
)
SENDING_STOPPED = Gauge(
    "rapport_sending_stopped_scopes",
    "What operators have stopped, by scope (everything, tenant, creditor, playbook). Above 0 for"
    " long: nobody may remember that it is; `GET /sending` tells who and why.",
    ["scope"],
)
