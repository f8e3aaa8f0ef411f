"""The mail catcher as tests see it: what arrived, and how the relay misbehaves."""

from typing import Any

import httpx

from services.runtime.embedded.mail import EmbeddedMail
from support.polling import poll_until


class Mailbox:
    """One running mail catcher; each test begins with it empty and well-behaved."""

    def __init__(self, catcher: EmbeddedMail) -> None:
        self._catcher = catcher
        self._http = httpx.Client(base_url=catcher.url, timeout=10, verify=False)

    @property
    def smtp_url(self) -> str:
        """For SMTP_URL."""
        return f"smtp://{self._catcher.smtp_address}"

    @property
    def url(self) -> str:
        """The inbox page."""
        return self._catcher.url

    def empty(self) -> None:
        """Forget what arrived, and mend what was broken."""
        self.fault("none")
        self._http.delete("/api/messages").raise_for_status()

    def fault(self, mode: str, **details: Any) -> None:
        """Misbehave from now on; `services.runtime.embedded.smtp.Fault` names the details."""
        self._http.post("/api/faults", json={"mode": mode, **details}).raise_for_status()

    def hits(self) -> int:
        """How often the fault in force has struck."""
        return int(self._http.get("/api/faults").raise_for_status().json()["hits"])

    def messages(self, to: str = "") -> list[dict[str, Any]]:
        """What arrived, oldest first, with headers, text, html and links."""
        asked = self._http.get("/api/messages", params={"to": to, "full": True, "limit": 100_000})
        found: list[dict[str, Any]] = asked.raise_for_status().json()["messages"]
        return found

    def recipients(self) -> list[str]:
        """Whom what arrived went to, oldest first."""
        asked = self._http.get("/api/messages", params={"limit": 100_000}).raise_for_status()
        return [one for message in asked.json()["messages"] for one in message["to"]]

    def raw(self, number: int) -> bytes:
        """The bytes of the message `number`, as they were received."""
        found = self._http.get(f"/messages/{number}/source").raise_for_status()
        return found.content

    def wait_for(self, count: int = 1, to: str = "", timeout: float = 20.0) -> list[dict[str, Any]]:
        """The messages, once there are at least `count`. Raises AssertionError."""
        return (
            poll_until(
                lambda: found if len(found := self.messages(to)) >= count else None,
                timeout,
                f"no {count} messages {to}",
            )
            or []
        )

    def close(self) -> None:
        """Let go of the catcher's page."""
        self._http.close()
