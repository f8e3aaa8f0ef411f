"""What a provider's answer by HTTP proves about a message. Pure."""

from services.messenger.model import Accepted, Doubtful, Outcome, Rejected

_BUSY = frozenset({425, 429, 503})
_OURS_TO_MEND = frozenset({401, 402, 403, 404, 405, 407})
"""A key, a bill, or an address of the provider's that is wrong: all messages would fail so."""


def refusal(status: int) -> Rejected | Doubtful | None:
    """What an HTTP status (RFC 9110) other than success says; None: it is one of success.

    A redirect is not followed: the message would go where nobody has allowed it to. A server's
    fault leaves open whether it took the message first, unless it says that it is busy.
    """
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Rejected("redirected", str(status), retryable=True)
    if status in _BUSY:
        return Rejected("provider_busy", str(status), retryable=True)
    if status in _OURS_TO_MEND:
        return Rejected("not_served", str(status), retryable=True)
    if status == 408 or not 400 <= status < 500:
        return Doubtful(f"answer:{status}")
    return Rejected("provider_refused", str(status), retryable=False)


def at_fault(outcome: Outcome) -> bool:
    """Whether it tells against the provider, and not against this one message."""
    return isinstance(outcome, Doubtful) or (isinstance(outcome, Rejected) and outcome.retryable)


def after_doubt(before: Outcome, again: Outcome) -> Outcome:
    """What is known once a message was handed over again under the same key.

    Only a yes ends a doubt: a no may be about the second time alone.
    """
    return before if isinstance(before, Doubtful) and not isinstance(again, Accepted) else again
