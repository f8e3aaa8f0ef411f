"""Where a channel's provider is, who it is, and how we are known there, read from one setting."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A telephone number by E.164."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Read from `KIND+https://[USER:SECRET@]HOST/PATH[?OPTION=VALUE…]`.

    url: without user, secret and options. reports_to: where the provider is asked to tell what
    becomes of a message; empty: nowhere. Its text names no secret.
    """

    kind: str
    url: str
    host: str
    user: str = ""
    secret: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    reports_to: str = ""

    @classmethod
    def parse(cls, variable: str, text: str) -> "Endpoint":
        """Read the setting of this name. Raises ValueError, which does not repeat the secret."""
        parts = urlsplit(text)
        kind, _, scheme = parts.scheme.partition("+")
        host = parts.hostname or ""
        if not kind or scheme not in ("https", "http") or not host:
            raise ValueError(f"{variable} must be KIND+https://[USER:SECRET@]HOST/PATH")
        if scheme == "http" and host not in LOOPBACK:
            raise ValueError(f"{variable} must be https: the message would travel in the clear")
        port = f":{parts.port}" if parts.port else ""
        named = f"[{host}]" if ":" in host else host
        return cls(
            kind,
            f"{scheme}://{named}{port}{parts.path or '/'}",
            host,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            dict(parse_qsl(parts.query)),
        )


def may_go_to(url: str, hosts: frozenset[str]) -> bool:
    """Whether a request may go there: to a host that is allowed, encrypted unless it stays here.

    This is all that keeps a customer's data from an address that somebody else has chosen.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    return safe and host in hosts and parts.username is None and parts.password is None
