"""SMTP by persistent connections, with each failure told apart by what it proves (RFC 5321)."""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.messenger.model import CHECK_TOO_OLD, Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers import Connection, Unavailable
from services.runtime.clock import Clock

# A reply this young proves the connection as well as a NOOP would.
PROOF_SECONDS = 1.0
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
# Nobody receives there: unknown mailbox, bad domain, moved, null MX, disabled (RFC 3463, 7505).
_DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_BREAKS = re.compile(r"[\x00-\x20\x7f<>]")
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

    def __init__(self, client: smtplib.SMTP, clock: Clock) -> None:
        self._client = client
        self._groups = client.has_extn("pipelining")
        self._clock = clock
        self._answered = clock.monotonic()
        self.usable = True

    def alive(self) -> bool:
        """Whether the server answers now: a reply of the last second, or one to NOOP."""
        if not self.usable:
            return False
        if self._clock.monotonic() - self._answered < PROOF_SECONDS:
            return True
        try:
            code, _ = self._client.noop()
        except (OSError, smtplib.SMTPException):
            self.usable = False
            return False
        self.usable = code == 250
        self._answered = self._clock.monotonic()
        return self.usable

    def send(self, letters: Iterator[Letter]) -> Iterator[Outcome]:
        """Hand letters over, one after the other; see `Connection.send`.

        Until the server has answered DATA with 354 it cannot have taken anything; once the
        content is on its way only its answer tells, so a silence after that is doubt. Where the
        server takes commands in groups (RFC 2920), the next letter is announced together with
        the content of the one before: a letter then costs one wait and not four.
        """
        letter = next(letters, None)
        announced = False
        try:
            while letter is not None:
                refusal = self._announce(letter, announced)
                announced = False
                if refusal is not None:
                    yield refusal
                    letter = next(letters, None) if self.usable else None
                    continue
                following = next(letters, None) if self._groups else None
                lines = b"" if following is None else self._group(following)
                announced = bool(lines)
                yield self._content(letter, lines)
                if self.usable:
                    letter = following if self._groups else next(letters, None)
                    continue
                if following is not None:
                    yield Rejected("connection_lost:before_content", None, retryable=True)
                return
        finally:
            if announced:
                self.usable = False

    def _content(self, letter: Letter, following: bytes) -> Outcome:
        """Send the content, and what announces the next letter; what the server made of it.

        A server that took too long to ask for the content does not get it: only by hanging up is
        a letter taken back that it waits for (RFC 5321 4.1.1.10).
        """
        if letter.is_late(self._clock.real()):
            self.usable = False
            self.abort()
            return CHECK_TOO_OLD
        try:
            self._client.send(_dot_stuffed(letter.copy) + following)
            code, reply = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.usable = False
            return Doubtful(f"no_answer_after_data:{type(error).__name__}")
        if not 200 <= code < 600:
            self.usable = False
            return Doubtful("answer_unreadable")
        return self._judge("content", code, reply) or Accepted(f"<{letter.message_id}>")

    def _announce(self, letter: Letter, announced: bool) -> Rejected | None:
        """Name sender and recipient, unless that is done, and ask to send the content."""
        try:
            if not _sendable(letter):
                return Rejected("address_not_sendable", None, retryable=False)
            if not letter.recipient.isascii() and not self._client.has_extn("smtputf8"):
                return Rejected("relay_lacks_smtputf8", None, retryable=False)
            if not self._groups:
                return self._announce_in_turn(letter)
            if not announced:
                self._client.send(self._group(letter))
            return self._answers_to_group()
        except (OSError, smtplib.SMTPException) as error:
            self.usable = False
            return Rejected(f"connection_lost:{type(error).__name__}", None, retryable=True)

    def _announce_in_turn(self, letter: Letter) -> Rejected | None:
        for stage, line in zip(_STAGES, _commands(letter), strict=True):
            self._client.send(line)
            code, reply = self._client.getreply()
            if code != 354 if stage == "data" else not 200 <= code < 300:
                self._reset()
                return self._judge(stage, _refusing(code), reply)
        return None

    def _group(self, letter: Letter) -> bytes:
        """The commands that announce a letter, in one piece; none where it cannot be sent."""
        plain = letter.recipient.isascii() or self._client.has_extn("smtputf8")
        return b"".join(_commands(letter)) if plain and _sendable(letter) else b""

    def _answers_to_group(self) -> Rejected | None:
        refusal: Rejected | None = None
        for stage in _STAGES:
            code, reply = self._client.getreply()
            taken = code == 354 if stage == "data" else 200 <= code < 300
            if not taken and refusal is None:
                refusal = self._judge(stage, _refusing(code), reply)
            if code in (421, -1):
                self.usable = False
                return refusal
        if refusal is not None:
            if code == 354:
                # It wants a content all the same (RFC 2920 3.1): an empty one, whatever it says.
                self._client.send(b".\r\n")
                self._client.getreply()
            else:
                self._reset()
        return refusal

    def _reset(self) -> None:
        try:
            self._client.rset()
        except (OSError, smtplib.SMTPException):
            self.usable = False

    def _judge(self, stage: str, code: int, reply: bytes) -> Rejected | None:
        self._answered = self._clock.monotonic()
        if 200 <= code < 300:
            return None
        if code in (421, -1):
            self.usable = False
        return rejection(stage, code, reply.decode("utf-8", "replace"))

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


_STAGES = ("sender", "recipient", "data")


def _commands(letter: Letter) -> tuple[bytes, bytes, bytes]:
    options = b"" if letter.recipient.isascii() else b" SMTPUTF8 BODY=8BITMIME"
    return (
        b"MAIL FROM:<%b>%b\r\n" % (letter.sender.encode(), options),
        b"RCPT TO:<%b>\r\n" % letter.recipient.encode(),
        b"DATA\r\n",
    )


def _sendable(letter: Letter) -> bool:
    """Whether both addresses are one word each: nothing in them can end a command or begin one."""
    return not (_BREAKS.search(letter.sender) or _BREAKS.search(letter.recipient))


def _refusing(code: int) -> int:
    """The code of a refusal. A server that says yes out of turn is out of step: leave it (421)."""
    return code if code >= 400 or code == -1 else 421


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
    """The content as it goes over the line, and its end."""
    if copy.count(b"\n") != copy.count(b"\r\n") or copy.count(b"\r") != copy.count(b"\r\n"):
        copy = re.sub(rb"(?:\r\n|\n|\r(?!\n))", b"\r\n", copy)
    stuffed = copy.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")


class SmtpPool:
    """Persistent connections to one relay; as many as are leased at once."""

    name = "smtp"

    def __init__(self, relay: Relay, clock: Clock, timeout: float = 10.0) -> None:
        self._relay = relay
        self._clock = clock
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
            connection = SmtpConnection(self._session(), self._clock)
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
