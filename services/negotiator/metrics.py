"""What the negotiator counts."""

from prometheus_client import Counter

WEBHOOKS = Counter(
    "rapport_payment_webhooks_total",
    "Calls of the payment provider, by what became of them.",
    ["outcome"],
)
