"""SMS by Twilio's Messages resource, and by those that speak as it does."""

from base64 import b64encode
from datetime import datetime
from urllib.parse import urlencode

from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers.adapters import Answer, OpenDoor, Request, Unsendable
from services.messenger.providers.doors.twilio import MESSAGE
from services.messenger.providers.endpoint import NUMBER, Endpoint
from services.messenger.rules.http_answers import refusal

_OPTED_OUT = 21610
_NOBODY = frozenset({21211, 21614})
"""Not a telephone number, and not one that takes SMS."""


class Twilio(OpenDoor):
    """`twilio+https://SID:TOKEN@api.twilio.com/2010-04-01/Accounts/SID/Messages.json?from=…`.

    from: a number, or a Messaging Service (MG…). Twilio is asked to tell what becomes of each
    message (StatusCallback), with our id of it in the address.
    """

    name = "twilio"
    honours_key = False

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises ValueError."""
        sender = endpoint.options.get("from", "")
        if not sender or not endpoint.secret:
            raise ValueError("twilio wants SID:TOKEN@ and ?from=, a number or a Messaging Service")
        self._url = endpoint.url
        self._from = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}
        self._reports_to = endpoint.reports_to
        token = b64encode(f"{endpoint.user}:{endpoint.secret}".encode()).decode()
        self._headers = {
            "Authorization": f"Basic {token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def request(self, letter: Letter, now: datetime) -> Request:
        """One form."""
        del now
        if not NUMBER.fullmatch(letter.recipient):
            raise Unsendable("address_not_usable")
        form = {"To": letter.recipient, "Body": letter.copy.decode(), **self._from}
        if self._reports_to:
            form["StatusCallback"] = f"{self._reports_to}?{urlencode({MESSAGE: letter.message_id})}"
        return Request(self._url, urlencode(form).encode(), self._headers)

    def judge(self, letter: Letter, answer: Answer) -> Outcome:
        """By status; a refusal's `code` tells of numbers that are none, and of opt-outs."""
        del letter
        content = answer.content or {}
        if (refused := refusal(answer.status)) is None:
            sid = content.get("sid")
            return Accepted(sid) if isinstance(sid, str) else Doubtful("answer_unreadable")
        code = content.get("code")
        if not isinstance(refused, Rejected) or refused.retryable or not isinstance(code, int):
            return refused
        status = f"{answer.status} {code}"
        if code == _OPTED_OUT:
            return Rejected("opted_out_at_provider", status, False, dead_address=True)
        return Rejected(refused.reason, status, False, dead_address=code in _NOBODY)
