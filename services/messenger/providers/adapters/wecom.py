"""Chat by WeCom's (企业微信) messages of an application."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers.adapters import SIGNED_OUT, Answer, Request, Unsendable
from services.messenger.providers.endpoint import Endpoint
from services.messenger.rules.http_answers import refusal

_TOKEN_OVER = frozenset({40014, 42001})
_BUSY = frozenset({-1, 45009})
_NO_SUCH_USER = frozenset({60111, 81013})
_EARLY = timedelta(minutes=5)
"""A token is renewed so long before it ends."""


class WeCom:
    """`wecom+https://CORPID:SECRET@qyapi.weixin.qq.com/cgi-bin/message/send?agentid=1000002`.

    Its answers have status 200 whatever happened: `errcode` tells. A message that comes again
    within half an hour is taken once (`enable_duplicate_check`), but by its content, and not by a
    key of ours: so nothing is repeated on the strength of that.
    """

    name = "wecom"
    honours_key = False

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises ValueError."""
        agent = endpoint.options.get("agentid", "")
        if not endpoint.user or not endpoint.secret or not agent.isdigit():
            raise ValueError("wecom wants CORPID:SECRET@ before the host, and ?agentid=")
        self._url = endpoint.url
        self._agent = int(agent)
        self._credentials = {"corpid": endpoint.user, "corpsecret": endpoint.secret}
        self._token = ""
        self._good_until: datetime | None = None

    def sign_in(self, now: datetime) -> Request | None:
        """Ask for a token, where there is none that lasts."""
        if self._good_until is not None and now < self._good_until:
            return None
        query = urlencode(self._credentials)
        whole = urlsplit(self._url)._replace(path="/cgi-bin/gettoken", query=query)
        return Request(urlunsplit(whole), method="GET")

    def signed_in(self, answer: Answer, now: datetime) -> bool:
        """Keep the token."""
        content = answer.content or {}
        token, lasts = content.get("access_token"), content.get("expires_in")
        if content.get("errcode") != 0 or not isinstance(token, str) or not isinstance(lasts, int):
            return False
        self._token = token
        self._good_until = now + max(timedelta(seconds=lasts) - _EARLY, timedelta(seconds=1))
        return True

    def request(self, letter: Letter, now: datetime) -> Request:
        """One text to one member."""
        del now
        if not letter.recipient or "|" in letter.recipient or letter.recipient.startswith("@"):
            raise Unsendable("address_not_usable")  # these stand for several people, or for all
        body = {
            "touser": letter.recipient,
            "msgtype": "text",
            "agentid": self._agent,
            "text": {"content": letter.copy.decode()},
            "enable_duplicate_check": 1,
        }
        url = f"{self._url}?{urlencode({'access_token': self._token})}"
        return Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def judge(self, letter: Letter, answer: Answer) -> Outcome:
        """By errcode."""
        if (refused := refusal(answer.status)) is not None:
            return refused
        content = answer.content or {}
        code = content.get("errcode")
        if not isinstance(code, int):
            return Doubtful("answer_unreadable")
        if code == 0 and not content.get("invaliduser"):
            return Accepted(str(content.get("msgid") or letter.message_id))
        if code == 0 or code in _NO_SUCH_USER:
            return Rejected("provider_refused", str(code), retryable=False, dead_address=True)
        if code in _TOKEN_OVER:
            self._good_until = None
            return Rejected(SIGNED_OUT, str(code), retryable=True)
        return Rejected("provider_refused", str(code), retryable=code in _BUSY)
