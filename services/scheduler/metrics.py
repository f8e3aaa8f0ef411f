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
PAYMENT_LAG_SECONDS = Gauge(
    "rapport_payment_lag_seconds",
    "Real seconds since which customer events may be missing here; known while steps fall due."
    " Above SCHEDULER_PAYMENT_LAG_SECONDS collection and reminders wait: look at the segmenter.",
)
SENDING_STOPPED = Gauge(
    "rapport_sending_stopped_scopes",
    "What operators have stopped, by scope (everything, tenant, creditor, playbook). Above 0 for"
    " long: nobody may remember that it is; `GET /sending` tells who and why.",
    ["scope"],
)
CANCEL_SECONDS = Histogram(
    "rapport_cancel_seconds",
    "Real seconds from the publication of what ends an enrolment (a payment, a hold) until its"
    " steps are cancelled here. p99 above 1: look at the lag of segmenter and scheduler.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 600),
)
PAID_BUT_CONTACTED = Counter(
    "rapport_paid_but_contacted_total",
    "Messages intended about an obligation of whose end the messenger had read in the log. Must"
    " stay 0: stop sending (`POST /sending/stop`) and run `rapport audit`.",
)
