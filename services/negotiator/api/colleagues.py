"""What other services know of a customer, asked for with the token of whoever looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import Any
from urllib.parse import quote

import httpx

from services.negotiator.settings import NegotiatorSettings
from services.runtime.settings import Settings

PATIENCE = httpx.Timeout(2.0)
NEWEST = 40


@cache
def _tls() -> SSLContext:
    """Loaded once: certificates take longer to read than most answers to come."""
    return httpx.create_ssl_context()


@dataclass(slots=True)
class Story:
    """What was found; `missing`: what could not be shown, and why."""

    tags: Mapping[str, Any] = field(default_factory=dict)
    holds: list[Mapping[str, Any]] = field(default_factory=list)
    facts: list[Mapping[str, Any]] = field(default_factory=list)
    replies: list[Mapping[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def bases(settings: Settings, own: NegotiatorSettings) -> dict[str, str]:
    """Where each of the other services' internal APIs is, by its name."""
    told = {
        "segmenter": own.segmenter_api,
        "scheduler": own.scheduler_api,
        "messenger": own.messenger_api,
    }
    return {
        service: base or f"http://{settings.host}:{settings.port(service)}"
        for service, base in told.items()
    }


class Colleagues:
    """The other services' internal APIs."""

    def __init__(self, settings: Settings, own: NegotiatorSettings) -> None:
        self._bases = bases(settings, own)

    def copy(self, message_id: str, token: str) -> Mapping[str, Any] | None:
        """The exact copy of a message, or None where it cannot be had."""
        url = f"{self._bases['messenger']}/messages/{quote(message_id, safe='')}/copy"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = httpx.get(
                url, headers=headers, timeout=PATIENCE, trust_env=False, verify=_tls()
            )
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        content: Mapping[str, Any] = answer.json()
        return content

    def story(self, tenant: str, customer: str, token: str) -> Story:
        """All of it, in the order of the services; what is away is named, and never waited for."""
        found = Story()
        path = f"/customers/{quote(customer, safe='')}"
        with httpx.Client(
            timeout=PATIENCE,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            verify=_tls(),
        ) as client:

            def ask(service: str, what: str, path: str, **query: Any) -> Mapping[str, Any]:
                url = f"{self._bases[service]}{path}"
                try:
                    answer = client.get(url, params={"tenant": tenant, **query})
                except httpx.HTTPError:
                    found.missing.append(f"{what}: the {service} does not answer")
                    return {}
                if answer.status_code in (401, 403):
                    found.missing.append(f"{what}: this token lacks the scope for it")
                if answer.status_code != 200:
                    return {}
                content: Mapping[str, Any] = answer.json()
                return content

            known = ask("segmenter", "tags", path)
            found.tags = known.get("tags", {})
            found.holds = known.get("profile", {}).get("holds", [])
            found.facts = ask("scheduler", "timeline", f"{path}/timeline", limit=NEWEST).get(
                "facts", []
            )
            talk = f"/conversations/{quote(customer, safe='')}"
            found.replies = ask("messenger", "what they wrote", talk).get("replies", [])
        return found
