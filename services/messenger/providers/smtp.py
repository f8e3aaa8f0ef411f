"""SMTP by persistent connections, with each failure told apart by what it proves (RFC 5321)."""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers import Connection, Unavailable

# A reply this young proves the connection as well as a NOOP would.
PROOF_SECONDS = 1.0
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
# Nobody receives there: unknown mailbox, bad domain, moved, null MX, disabled (RFC 3463, 7505).
_DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}


_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class LoginInClear(smtplib.SMTPException):
    """The relay offers no TLS: a password would be readable on the way."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over, read from SMTP_URL."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    implicit_tls: bool = False

    @classmethod
    def parse(cls, url: str) -> "Relay":
        """Read `smtp://[user:pass@]host:port` or `smtps://…`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://[user:pass@]host:port")
        implicit = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            parts.port or (465 if implicit else 25),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            implicit,
        )


class SmtpConnection:
    """One session. Not safe to share between threads."""

    def __init__(self, client: smtplib.SMTP, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._monotonic = monotonic
        self._answered = monotonic()
        self.usable = True

    def alive(self) -> bool:
        """Whether the server answers now: a reply of the last second, or one to NOOP."""
        if not self.usable:
            return False
        if self._monotonic() - self._answered < PROOF_SECONDS:
            return True
        try:
            code, _ = self._client.noop()
        except (OSError, smtplib.SMTPException):
            self.usable = False
            return False
        self.usable = code == 250
        self._answered = self._monotonic()
        return self.usable

    def send(self, letter: Letter) -> Outcome:
        """Hand one letter over.

        Until the server has answered DATA with 354 it cannot have taken anything; once the
        content is on its way only its answer tells, so a silence after that is doubt.
        """
        try:
            refusal = self._announce(letter)
        except ValueError:
            self.usable = False
            return Rejected("address_not_sendable", None, retryable=False)
        except (OSError, smtplib.SMTPException) as error:
            self.usable = False
            return Rejected(f"connection_lost:{type(error).__name__}", None, retryable=True)
        if refusal is not None:
            return refusal
        try:
            self._client.send(_dot_stuffed(letter.copy))
            code, reply = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.usable = False
            return Doubtful(f"no_answer_after_data:{type(error).__name__}")
        if not 200 <= code < 600:
            self.usable = False
            return Doubtful("answer_unreadable")
        return self._judge("content", code, reply) or Accepted(f"<{letter.message_id}>")

    def close(self) -> None:
        """Say goodbye if the server listens, and close."""
        self.usable = False
        with suppress(OSError, smtplib.SMTPException):
            self._client.quit()
        self._client.close()

    def abort(self) -> None:
        """Cut the connection under whoever waits on it. Callable from another thread."""
        sock = self._client.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _announce(self, letter: Letter) -> Rejected | None:
        if not letter.recipient.isascii() and not self._client.has_extn("smtputf8"):
            return Rejected("relay_lacks_smtputf8", None, retryable=False)
        options = [] if letter.recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        code, reply = self._client.mail(letter.sender, options)
        refusal = self._judge("sender", code, reply)
        if refusal is None:
            code, reply = self._client.rcpt(letter.recipient)
            refusal = self._judge("recipient", code, reply)
        if refusal is None:
            code, reply = self._client.docmd("DATA")
            if code != 354:
                # A 2xx to DATA comes from a server out of step with us: leave it (421).
                refusal = self._judge("data", code if code >= 400 else 421, reply)
        return refusal

    def _judge(self, stage: str, code: int, reply: bytes) -> Rejected | None:
        self._answered = self._monotonic()
        if 200 <= code < 300:
            return None
        refusal = rejection(stage, code, reply.decode("utf-8", "replace"))
        if code in (421, -1):
            self.usable = False
        else:
            try:
                self._client.rset()
            except (OSError, smtplib.SMTPException):
                self.usable = False
        return refusal


def rejection(stage: str, code: int, reply: str) -> Rejected:
    """What a refusing reply means: 4xx may pass, 5xx will not (RFC 5321 4.2.1).

    `stage` is sender, recipient, data or content. The reply's text may quote the address, so only
    its codes are kept.
    """
    found = _ENHANCED.match(reply)
    enhanced = found.group(1) if found else None
    permanent = 500 <= code < 600
    status = f"{code} {enhanced}" if enhanced else str(code)
    return Rejected(
        f"{stage}_refused",
        status,
        retryable=not permanent,
        dead_address=permanent and stage in ("recipient", "content") and enhanced in _DEAD,
    )


def _dot_stuffed(copy: bytes) -> bytes:
    lines = re.sub(rb"(?:\r\n|\n|\r(?!\n))", b"\r\n", copy)
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


class SmtpPool:
    """Persistent connections to one relay; as many as are leased at once."""

    name = "smtp"

    def __init__(self, relay: Relay, monotonic: Callable[[], float], timeout: float = 10.0) -> None:
        self._relay = relay
        self._monotonic = monotonic
        self._timeout = timeout
        self._idle: list[SmtpConnection] = []
        self._open: set[SmtpConnection] = set()
        self._lock = threading.Lock()

    def lease(self) -> SmtpConnection:
        """A connection that has just answered. Blocks up to the time-out; raises Unavailable."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if connection.alive():
                return connection
            self._drop(connection)

    def release(self, connection: Connection) -> None:
        """Keep it for the next letter if it still works."""
        assert isinstance(connection, SmtpConnection)
        if connection.usable:
            with self._lock:
                self._idle.append(connection)
        else:
            self._drop(connection)

    def close(self) -> None:
        """Close every connection; a letter that is on one ends in doubt."""
        with self._lock:
            idle, self._idle = self._idle, []
            busy = self._open - set(idle)
        for connection in busy:
            connection.abort()
        for connection in idle:
            self._drop(connection)

    def _drop(self, connection: SmtpConnection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _connect(self) -> SmtpConnection:
        try:
            connection = SmtpConnection(self._session(), self._monotonic)
            with self._lock:
                self._open.add(connection)
            return connection
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(
                f"{self._relay.host}:{self._relay.port} {type(error).__name__}"
            ) from error

    def _session(self) -> smtplib.SMTP:
        relay = self._relay
        tls = ssl.create_default_context()
        client: smtplib.SMTP
        if relay.implicit_tls:
            client = smtplib.SMTP_SSL(relay.host, relay.port, timeout=self._timeout, context=tls)
        else:
            client = smtplib.SMTP(relay.host, relay.port, timeout=self._timeout)
        try:
            if client.sock is not None:
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.ehlo_or_helo_if_needed()
            if not relay.implicit_tls and client.has_extn("starttls"):
                client.starttls(context=tls)
                client.ehlo()
            if relay.user is not None:
                if not isinstance(client.sock, ssl.SSLSocket) and relay.host not in _LOOPBACK:
                    raise LoginInClear
                client.login(relay.user, relay.password or "")
        except BaseException:
            client.close()
            raise
        return client
