"""What was written to a customer, asked of the messenger for one who has proved who they are.

The messenger keeps its messages; it shows them to whoever brings a pass that this service signs. A
pass names one customer, and holds for a minute.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from services.negotiator.api.colleagues import PATIENCE, bases
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context

PASS = "inbox"
"""Purpose of the signed pass: {t: tenant, c: [customer ids]}, by real time."""
PASS_HOLDS = timedelta(minutes=1)


class Away(Exception):
    """The messenger does not answer, or not in time."""


class Holder(NamedTuple):
    """A customer under all their ids."""

    tenant: str
    ids: Sequence[str]


class Postbox:
    """The messenger's list of a customer's messages. Blocks for PATIENCE at the most."""

    def __init__(self, context: Context, own: NegotiatorSettings) -> None:
        self._context = context
        self._base = bases(context.settings, own)["messenger"]

    def newest(self, who: Holder, before: str | None) -> Mapping[str, Any]:
        """Their messages, newest first, and where the next page begins. Raises Away."""
        found: Mapping[str, Any] = self._ask(who, "GET", "", before=before).json()
        return found

    def one(self, who: Holder, message_id: str) -> Mapping[str, Any]:
        """One message with its words. Raises LookupError where it is none of theirs, and Away."""
        found: Mapping[str, Any] = self._ask(who, "GET", f"/{quote(message_id, safe='')}").json()
        return found

    def read(self, who: Holder, message_id: str) -> None:
        """Tell that they have read it. Raises LookupError and Away."""
        self._ask(who, "POST", f"/{quote(message_id, safe='')}/read")

    def reply(self, who: Holder, message_id: str, words: str) -> None:
        """Pass on what they answer to a message. Raises LookupError and Away."""
        path = f"/{quote(message_id, safe='')}/reply"
        self._ask(who, "POST", path, words={"text": words})

    def _ask(
        self,
        who: Holder,
        method: str,
        path: str,
        before: str | None = None,
        words: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        now = self._context.clock.real()
        shown = self._context.signer.sign(
            PASS, {"t": who.tenant, "c": list(who.ids)}, now + PASS_HOLDS
        )
        try:
            answer = httpx.request(
                method,
                f"{self._base}/inbox{path}",
                params={"before": before} if before else {},
                json=words,
                headers={"Authorization": f"Bearer {shown}"},
                timeout=PATIENCE,
                trust_env=False,
            )
        except httpx.HTTPError:
            raise Away from None
        if answer.status_code == 404:
            raise LookupError(path)
        if not answer.is_success:
            raise Away
        return answer
