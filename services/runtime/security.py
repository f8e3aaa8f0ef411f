"""Signed tokens for customers' links, keyed hashes, and bearer tokens for internal callers."""

import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from fastapi import HTTPException, Request
from itsdangerous import BadData, URLSafeSerializer

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
        self._hashes = _Keyed(secret_key.encode())
        self._serializers: dict[str, URLSafeSerializer] = {}
        self._tokens: dict[str, _Keyed] = {}

    def sign(self, purpose: str, payload: dict[str, Any], expires: datetime) -> str:
        """A URL-safe token of `payload` (small, no personal data), good until `expires`."""
        body = {**payload, "x": int(expires.timestamp())}
        # As the serializer writes it, but for its tries at packing what is too short to pack.
        encoded = _url_safe(msgspec.json.encode(body))
        signature = self._token(purpose).digest(encoded)
        return (encoded + b"." + _url_safe(signature)).decode()

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
        return self._hashes.digest(text.encode()).hex()

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        if purpose not in self._serializers:
            self._serializers[purpose] = URLSafeSerializer(
                self._key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
            )
        return self._serializers[purpose]

    def _token(self, purpose: str) -> "_Keyed":
        if purpose not in self._tokens:
            key = self._serializer(purpose).make_signer(purpose).derive_key()
            self._tokens[purpose] = _Keyed(key)
        return self._tokens[purpose]


class _Keyed:
    """HMAC-SHA256 with one key, whose part of the work is done once (RFC 2104, 4).

    A letter carries a dozen; the library's own would begin with the key each time.
    """

    _BLOCK = 64

    def __init__(self, key: bytes) -> None:
        if len(key) > self._BLOCK:
            key = hashlib.sha256(key).digest()
        padded = key.ljust(self._BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(one ^ 0x36 for one in padded))
        self._outer = hashlib.sha256(bytes(one ^ 0x5C for one in padded))

    def digest(self, content: bytes) -> bytes:
        """The 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _url_safe(content: bytes) -> bytes:
    """Base64 for addresses (RFC 4648, 5), without its padding."""
    return binascii.b2a_base64(content, newline=False).translate(_TO_URL_SAFE).rstrip(b"=")


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
