"""The mail catcher's SMTP side: a relay that takes everything, or fails as it is told to."""

import asyncio
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import BaseModel, Field

from services.runtime.clock import Clock
from services.runtime.embedded.children import free_port
from services.runtime.embedded.inbox import Inbox

Mode = Literal[
    "none",
    "refuse_connections",
    "tempfail",
    "permfail",
    "drop_before_data",
    "drop_after_data",
    "slow",
]
Stage = Literal["mail", "rcpt", "data"]
_DEFAULT_REPLIES = {"tempfail": "451 4.3.0 try again later", "permfail": "550 5.1.1 no such user"}


class Fault(BaseModel):
    """How the relay misbehaves from now on, on the real socket.

    refuse_connections: nothing listens, and open connections are cut. tempfail, permfail: an
    answer 4xx or 5xx at `stage`. drop_before_data: the connection is cut when DATA is asked for,
    so nothing was taken. drop_after_data: it is cut after the whole message came and before the
    answer; the message is taken if `keep`. slow: every answer at `stage` comes `seconds` late.
    """

    mode: Mode = "none"
    stage: Stage = "rcpt"
    reply: str | None = Field(None, description="The answer of tempfail and permfail, with code.")
    seconds: float = Field(5.0, ge=0, description="Real seconds that slow waits.")
    keep: bool = True
    to: str | None = Field(None, description="Only what is sent to this address fails.")
    times: int | None = Field(None, ge=1, description="So often, then all is well; unset: always.")


class Relay:
    """Listens for SMTP and puts what comes into the inbox."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self.inbox = inbox
        self.fault = Fault()
        self.hits = 0
        self.connections: set[asyncio.BaseTransport] = set()
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._address = ("127.0.0.1", 0)

    @property
    def port(self) -> int:
        """The port it listens on, or would."""
        return self._address[1]

    async def listen(self, host: str, port: int) -> None:
        """Accept connections; port 0 takes a free one. Raises OSError where it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), host, port or free_port()
        )
        self._address = (host, self._server.sockets[0].getsockname()[1])

    async def misbehave(self, fault: Fault) -> None:
        """Behave by `fault` from now on."""
        self.fault, self.hits = fault, 0
        if fault.mode == "refuse_connections":
            self.close()
        elif self._server is None:
            await self.listen(*self._address)

    def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server:
            self._server.close()
            self._server = None
        for transport in list(self.connections):
            cut(transport)

    def strikes(self, mode: Mode, recipients: list[str]) -> bool:
        """Whether the fault of that mode hits what is sent to `recipients`; counts the hit."""
        fault = self.fault
        if fault.mode != mode or (fault.to and fault.to not in recipients):
            return False
        if fault.times is not None and self.hits >= fault.times:
            return False
        self.hits += 1
        return True

    async def reply(self, stage: Stage, recipients: list[str]) -> str | None:
        """The bad answer due at `stage`, waiting first where it is slow; None: a good one."""
        if self.fault.stage != stage:
            return None
        if self.strikes("slow", recipients):
            await asyncio.sleep(self.fault.seconds)
        for mode in ("tempfail", "permfail"):
            if self.strikes(mode, recipients):
                return self.fault.reply or _DEFAULT_REPLIES[mode]
        return None

    # aiosmtpd calls these; what they return is the answer.

    async def handle_EHLO(
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """What it can do: also take commands in groups, which it reads in turn anyway."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """The sender."""
        if bad := await self.reply("mail", []):
            return bad
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """A recipient."""
        if bad := await self.reply("rcpt", [address]):
            return bad
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 recipient ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The whole message."""
        recipients = list(envelope.rcpt_tos)
        if self.strikes("drop_after_data", recipients):
            if self.fault.keep:
                self._keep(envelope)
            cut(server.transport)
            raise asyncio.CancelledError
        if bad := await self.reply("data", recipients):
            return bad
        return f"250 2.0.0 taken as {self._keep(envelope)}"

    def _keep(self, envelope: Envelope) -> int:
        content = envelope.original_content or b""
        return self.inbox.add(
            self._clock.real(), envelope.mail_from or "", envelope.rcpt_tos, content
        ).number


class _Connection(SMTP):
    """One client's connection; knows how to fail before the message comes."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(
            relay,
            hostname="localhost",
            ident="Rapport mail catcher",
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._relay = relay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._relay.connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport:
            self._relay.connections.discard(self.transport)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:
        recipients = list(self.envelope.rcpt_tos) if self.envelope else []
        if recipients and self._relay.strikes("drop_before_data", recipients):
            cut(self.transport)
            raise asyncio.CancelledError
        await super().smtp_DATA(arg)


def cut(transport: Any) -> None:
    """Close a connection at once, without a word."""
    if transport:
        transport.abort()
