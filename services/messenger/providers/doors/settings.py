"""Who may tell us of deliveries and answers, read from one setting."""

from services.messenger.providers.doors import Door
from services.messenger.providers.doors.meta import MetaDoor
from services.messenger.providers.doors.standard import StandardDoor
from services.messenger.providers.doors.twilio import TwilioDoor

_SHORTEST = 16
"""Characters of a secret that nobody guesses."""


def parse(text: str) -> dict[str, Door]:
    """By name, as of `/webhooks/NAME`: what `NAME=SECRET,...` says.

    The secret's beginning tells the form: `whsec_`, `twilio:` (`twilio-plain:` where Twilio's own
    keyword handling is off), `meta:`. Raises ValueError, which repeats no secret.
    """
    doors: dict[str, Door] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, found, secret = entry.partition("=")
        try:
            if not found or not name:
                raise ValueError("is not NAME=SECRET")
            doors[name] = _door(secret)
        except ValueError as error:
            raise ValueError(f"WEBHOOK_SECRETS: entry of {name!r} {error}") from None
    return doors


def _door(secret: str) -> Door:
    kind, _, rest = secret.partition(":")
    if kind in ("twilio", "twilio-plain"):
        if len(rest) < _SHORTEST:
            raise ValueError("is not twilio:AUTH_TOKEN")
        return TwilioDoor(rest, answers_keywords=kind == "twilio")
    if kind == "meta":
        key, _, token = rest.partition(":")
        if min(len(key), len(token)) < _SHORTEST:
            raise ValueError(f"is not meta:APP_SECRET:VERIFY_TOKEN, each of {_SHORTEST} or more")
        return MetaDoor(key, token)
    return StandardDoor(secret)
