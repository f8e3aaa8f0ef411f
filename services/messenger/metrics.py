"""The messenger's metrics, what each means and what to do about it."""

from prometheus_client import Counter, Gauge, Histogram

DISPATCHES = Counter(
    "rapport_dispatches_ended_total",
    "Dispatches by their end: sent, failed, refused, unknown. Any `unknown` outside a crash: the "
    "relay takes longer to answer than SMTP_TIMEOUT.",
    ["end"],
)
SEND_SECONDS = Histogram(
    "rapport_send_seconds",
    "Real seconds a provider took for one message. Rising: look at the relay.",
    ["provider"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DOMAINS_RESTING = Gauge(
    "rapport_domains_resting",
    "Receiving domains that refused us by policy (5.7.x) again and again and get no mail for a "
    "while. Any: look at SPF, DKIM, DMARC and the relay's reputation.",
)
PROVIDER_RESTS = Gauge(
    "rapport_provider_rests",
    "1 while a provider is left alone after failures in a row. What it should send waits: look at "
    "the reasons of message.failed and message.unknown.",
    ["provider"],
)
IN_FLIGHT = Gauge(
    "rapport_messages_in_flight", "Messages being handed to a provider now.", ["provider"]
)
WAITING_LANES = Gauge(
    "rapport_waiting_lanes", "Lanes with dispatches that are not sent yet.", ["provider"]
)
LOG_AGE_SECONDS = Gauge(
    "rapport_log_age_seconds",
    "Real seconds the messenger is behind the log, at the last final check. Near 2: it waits "
    "more than it sends; look at the broker and at PostgreSQL.",
)
VARIANTS_WITHDRAWN = Counter(
    "rapport_variants_withdrawn_total",
    "Wordings withdrawn for complaints and opt-outs. Any: read the wording; GET /variants.",
)
ANSWERS = Counter(
    "rapport_answers_total",
    "What came back: opens, clicks, opt-outs, replies, provider events. Many `of_no_message`: a "
    "provider tells of messages of somebody else's, or without our id.",
    ["kind"],
)
TEXTS_ANSWERED = Counter(
    "rapport_texts_answered_total",
    "Answers to STOP and HELP that were handed to a provider, and whether it took them.",
    ["provider", "end"],
)
INBOUND = Counter(
    "rapport_inbound_mails_total",
    "Mails and texts that came in, by kind (reply, bounce, complaint, opt_out, automatic) and by "
    "what became of them. `no_message_known`, `malformed` and so on wait for a person: GET "
    "/inbound.",
    ["kind", "end"],
)
