"""The pages of what was written to a customer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi.responses import HTMLResponse

from services.negotiator.api.portal_pages import Pages
from services.negotiator.pages.formats import Formats
from services.negotiator.pages.letters import paragraphs

RETRY_SECONDS = 60
LONGEST = 4000
"""Characters of an answer."""


@dataclass(frozen=True, slots=True)
class InboxPages:
    """Made while the visit is looked at, used when the messenger has answered."""

    pages: Pages
    formats: Formats

    @property
    def here(self) -> str:
        """The list's own address."""
        return f"{self.pages.base}/messages"

    def listed(self, found: Mapping[str, Any], first: bool) -> HTMLResponse:
        """A page of the list. first: nothing newer was left out."""
        return self.pages.render(
            "inbox.html",
            messages=[
                {**self._summary(one), "path": f"{self.here}/{one['message_id']}"}
                for one in found["messages"]
            ],
            older=f"{self.here}?before={found['next']}" if found["next"] else None,
            newest=None if first else self.here,
        )

    def message(self, found: Mapping[str, Any]) -> HTMLResponse:
        """One message, word for word."""
        return self.pages.render(
            "inbox_message.html",
            back=self.here,
            message=self._summary(found),
            locale=found["locale"],
            paragraphs=paragraphs(found["text"]),
            path=f"{self.here}/{found['message_id']}",
            longest=LONGEST,
        )

    def away(self) -> HTMLResponse:
        """The messenger does not answer; all else on the page does."""
        pages = replace(self.pages, status=503)
        answer = pages.message("inbox_away", back=self.pages.base)
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer

    def unknown(self) -> HTMLResponse:
        """There is no such message of theirs, whoever else's it may be."""
        pages = replace(self.pages, status=404)
        return pages.message("unknown_message", back=self.here)

    def _summary(self, one: Mapping[str, Any]) -> dict[str, Any]:
        words = self.pages.words["inbox"]
        at = datetime.fromisoformat(one["at"])
        return {
            "title": one["title"] or words["untitled"],
            "locale": one["locale"],
            "at": one["at"],
            "when": self.formats.moment(at),
            "by": words["channels"].get(one["channel"], one["channel"]),
            "new": not one["read"],
        }
