"""Commands that ask a running service: where it is, with which token, and what it answers."""

from typing import Any, NoReturn

import httpx
import typer

from rapport.connection import running
from rapport.terminal import err, stop
from services.runtime.settings import Settings

_SECONDS = 60


def operator_of(service: str) -> httpx.Client:
    """The service of a `rapport up` in this folder, or the one that the settings tell of, with a
    token that may operate it; without one, the command ends.
    """
    settings, known = Settings(), running()
    token = known.get("token")
    for entry in (settings.api_tokens or "").split(","):
        name, _, rest = entry.partition("=")
        secret, _, scopes = rest.partition(":")
        if name and "operate" in scopes.split("+"):
            token = token or secret
    if not token:
        stop("no token with the scope operate is known: set API_TOKENS, or start `rapport up`")
    base = known.get("services", {}).get(service) or settings.service_url(service)
    return httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS
    )


def answer(service: str, response: httpx.Response) -> dict[str, Any]:
    """What the service answered; where it refused, the command ends with its reason."""
    if response.is_error:
        _refused(service, response)
    found: dict[str, Any] = response.json()
    return found


def _refused(service: str, response: httpx.Response) -> NoReturn:
    try:
        why = response.json().get("detail")
    except ValueError:
        why = response.reason_phrase
    err.print(f"the {service} refuses: {why}", highlight=False, markup=False)
    raise typer.Exit(2)
