"""Signed tokens for customers' links, keyed hashes, and bearer tokens for internal callers."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from fastapi import HTTPException, Request
from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

SCOPES = frozenset({"publish", "read", "operate", "desk"})


class InvalidToken(Exception):
    """A token that is forged, for another purpose, or expired (`expired` tells which)."""

    def __init__(self, expired: bool = False) -> None:
        super().__init__("expired" if expired else "forged")
        self.expired = expired


class Signer:
    """Signs and checks what leaves through links; everything hangs on the secret key."""

    def __init__(self, secret_key: str) -> None:
        self._key = secret_key
        self._serializers: dict[str, URLSafeSerializer] = {}
        self._token_keys: dict[str, bytes] = {}

    def sign(self, purpose: str, payload: dict[str, Any], expires: datetime) -> str:
        """A URL-safe token of `payload` (small, no personal data), good until `expires`."""
        body = {**payload, "x": int(expires.timestamp())}
        # As the serializer writes it, but for its tries at packing what is too short to pack.
        encoded = base64_encode(msgspec.json.encode(body))
        signature = hmac.digest(self._token_key(purpose), encoded, "sha256")
        return (encoded + b"." + base64_encode(signature)).decode()

    def verify(self, purpose: str, token: str, now: datetime) -> dict[str, Any]:
        """The payload of a token made for `purpose`. Raises InvalidToken."""
        try:
            body = self._serializer(purpose).loads(token)
        except BadData:
            raise InvalidToken from None
        if not isinstance(body, dict) or not isinstance(body.get("x"), int):
            raise InvalidToken
        if body.pop("x") < now.timestamp():
            raise InvalidToken(expired=True)
        return body

    def keyed_hash(self, text: str) -> str:
        """A hex HMAC-SHA256 that only holders of the key can compare with a guess."""
        return hmac.digest(self._key.encode(), text.encode(), "sha256").hex()

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        if purpose not in self._serializers:
            self._serializers[purpose] = URLSafeSerializer(
                self._key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
            )
        return self._serializers[purpose]

    def _token_key(self, purpose: str) -> bytes:
        if purpose not in self._token_keys:
            self._token_keys[purpose] = self._serializer(purpose).make_signer(purpose).derive_key()
        return self._token_keys[purpose]


def database_password(secret_key: str, service: str) -> str:
    """The password of a service's database role where one DATABASE_URL serves all."""
    return hmac.new(secret_key.encode(), f"database:{service}".encode(), "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls an internal route: the token's name is the actor in the log."""

    name: str
    scopes: frozenset[str]
    tenant: str | None

    def may_see(self, tenant: str) -> bool:
        """Whether this caller may touch the tenant's data."""
        return self.tenant is None or self.tenant == tenant


def parse_api_tokens(text: str | None) -> dict[str, Caller]:
    """Read `name=token:scope+scope,...`; a scope `tenant:NAME` binds it. Raises ValueError."""
    callers: dict[str, Caller] = {}
    for entry in filter(None, (part.strip() for part in (text or "").split(","))):
        name, found, rest = entry.partition("=")
        token, separator, scopes_text = rest.partition(":")
        scopes = set(scopes_text.split("+")) if scopes_text else set()
        tenants = {scope for scope in scopes if scope.startswith("tenant:")}
        scopes -= tenants
        if not (found and separator and name and token) or scopes - SCOPES or len(tenants) > 1:
            raise ValueError(
                f"API_TOKENS: entry of {name!r} is not name=token:scope+scope with scopes "
                f"{', '.join(sorted(SCOPES))} and at most one tenant:NAME"
            )
        tenant = tenants.pop().removeprefix("tenant:") if tenants else None
        callers[token] = Caller(name, frozenset(scopes), tenant)
    return callers


def require(scope: str) -> Callable[[Request], Caller]:
    """A FastAPI dependency: the caller, if its bearer token has `scope`; else 401 or 403."""

    def caller(request: Request) -> Caller:
        presented = request.headers.get("authorization", "")
        found = find_caller(request.app.state.context.callers, presented)
        if found is None:
            raise HTTPException(
                401, "Send Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
            )
        if scope not in found.scopes:
            raise HTTPException(403, f"This token lacks the scope {scope}.")
        return found

    return caller


def find_caller(callers: dict[str, Caller], authorization: str) -> Caller | None:
    """The caller whose token the header carries, compared in constant time."""
    kind, _, presented = authorization.partition(" ")
    if kind.lower() != "bearer":
        return None
    match = None
    for token, candidate in callers.items():
        if hmac.compare_digest(token.encode(), presented.strip().encode()):
            match = candidate
    return match
