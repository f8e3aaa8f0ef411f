"""Promise 6: every message carries what its pack requires, and a working one-click opt-out."""

from rapport.audit import packs as rules
from rapport.audit import secrecy
from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.facts import MessageIntended

TITLE = "Every message carries what its packs require, and a one-click opt-out"

_SHA256_HEX = 64


def check(history: History) -> Outcome:
    """Compare what each message says it carries with what the packs in force ask for."""
    outcome = Outcome(6, TITLE)
    intents = history.log.of(MessageIntended)
    outcome.checked = {"messages intended": len(intents)}
    for intended in intents:
        data = intended.data
        if not data.one_click:
            what = f"message {data.message_id} has no one-click opt-out"
            outcome.violate("no-opt-out", what, intended)
        if len(data.content_sha256) != _SHA256_HEX:
            what = f"message {data.message_id} has no SHA-256 of its content"
            outcome.violate("no-content-hash", what, intended)
        required = rules.disclosures(
            history.packs_for(intended),
            data.checked_at,
            data.zones,
            data.purpose,
            data.channel,
            history.roles(intended),
        )
        for item in sorted(required.keys() - set(data.disclosures)):
            pack = required[item].pack
            what = f"message {data.message_id} lacks {item}, asked by {pack.name} v{pack.version}"
            outcome.violate("disclosure", what, required[item].fact, intended)
    secrecy.check(history, outcome)
    return outcome
