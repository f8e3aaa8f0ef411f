"""What a browser sends and keeps: form fields, the session's cookie, the signed form token."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from fastapi import Request, Response

from services.runtime.security import InvalidToken, Signer
from services.runtime.web import Problem

MAX_FORM_BYTES = 16 * 1024
MAX_FIELDS = 20


async def form_fields(request: Request) -> Mapping[str, str]:
    """The fields of a posted form (URL-encoded); the last one of each name. Raises Problem."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_FORM_BYTES:
            raise Problem(413, "Too large", f"A form may have {MAX_FORM_BYTES} bytes at the most.")
    try:
        pairs = parse_qsl(received.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Problem(400, "Not a form", "Send a URL-encoded form in UTF-8.") from None
    # PostgreSQL keeps no NUL, and nobody types one.
    return {name: value.strip() for name, value in pairs if "\x00" not in name + value}


class Binding:
    """Ties forms and cookies to one visit or sign-in; `purpose` keeps the two apart."""

    def __init__(self, signer: Signer, purpose: str, lasts: timedelta, secure: bool) -> None:
        """Tokens and cookies last for `lasts` of business time; `secure`: over HTTPS only."""
        self._signer = signer
        self._purpose = purpose
        self._lasts = lasts
        self._secure = secure

    def form_token(self, to: str, now: datetime) -> str:
        """What a form must carry so that only its own page can have sent it."""
        return self._signer.sign(f"{self._purpose}-form", self._body(to), now + self._lasts)

    def is_own_form(self, fields: Mapping[str, str], to: str, now: datetime) -> bool:
        """Whether the form came from a page made for `to`."""
        try:
            body = self._signer.verify(f"{self._purpose}-form", fields.get("form", ""), now)
        except InvalidToken:
            return False
        return hmac.compare_digest(str(body.get("b")), self._body(to)["b"])

    def set_cookie(
        self, response: Response, name: str, payload: dict[str, str], expires: datetime
    ) -> None:
        """Give the browser a signed cookie that ends with the browser, or at `expires`."""
        response.set_cookie(
            name,
            self._signer.sign(f"{self._purpose}-session", payload, expires),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def read_cookie(self, request: Request, name: str, now: datetime) -> dict[str, str]:
        """What the cookie says; nothing where it is missing, forged or over."""
        try:
            return self._signer.verify(
                f"{self._purpose}-session", request.cookies.get(name, ""), now
            )
        except InvalidToken:
            return {}

    def drop_cookie(self, response: Response, name: str) -> None:
        """Let the browser forget the cookie."""
        response.delete_cookie(name, httponly=True, samesite="lax", secure=self._secure)

    def _body(self, to: str) -> dict[str, str]:
        return {"b": self._signer.keyed_hash(f"{self._purpose}-form:{to}")[:32]}
