"""Doors for mail: an SMTP listener and a maildir. What is taken is committed first."""

import asyncio
import os
from collections.abc import Sequence
from logging import ERROR, getLogger
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from services.messenger import metrics
from services.messenger.handlers.intake import Letterbox
from services.messenger.inbound.reading import Unreadable, read
from services.runtime import logging

log = logging.get(__name__)
# It names the addresses of every mail.
getLogger("mail.log").setLevel(ERROR)

LARGEST_MAIL = 5 << 20
"""Bytes. More is refused before it is kept."""
MOST_CONNECTIONS = 64
IDLE_SECONDS = 60
MOST_RECIPIENTS = 20


class SmtpDoor:
    """Listens for mail to our addresses; answers 250 once it is committed."""

    def __init__(self, letterbox: Letterbox, host: str, port: int) -> None:
        self._letterbox = letterbox
        self._where = (host, port)
        self._stopped = asyncio.Event()
        self.connections = 0

    async def run(self) -> None:
        """Listen until `stop`. Raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), *self._where)
        async with server:
            await self._stopped.wait()

    def stop(self) -> None:
        """Take no more."""
        self._stopped.set()

    # aiosmtpd calls these; what they return is the answer.

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """A recipient: one of ours, or none."""
        if not self._letterbox.takes(address):
            metrics.INBOUND.labels("unknown", "not_ours").inc()
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The whole mail."""
        content = envelope.original_content or b""
        sender, recipients = envelope.mail_from or "", list(envelope.rcpt_tos)
        try:
            kept = await asyncio.to_thread(
                self._letterbox.keep, "smtp", sender, recipients, content
            )
        except SQLAlchemyError as error:
            log.warning("mail cannot be kept now", error=type(error).__name__)
            return "451 4.3.0 try again later"
        return "250 2.0.0 kept" if kept else "250 2.0.0 kept already"


class _Connection(SMTP):
    """One client."""

    def __init__(self, door: SmtpDoor) -> None:
        super().__init__(
            door,
            data_size_limit=LARGEST_MAIL,
            hostname="localhost",
            ident="Rapport",
            enable_SMTPUTF8=True,
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._door.connections += 1
        super().connection_made(transport)
        if self._door.connections > MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._door.connections -= 1
        super().connection_lost(error)


def sweep(letterbox: Letterbox, folder: Path) -> None:
    """Take what a mail server has put into a maildir: from `new`, once kept, to `cur`."""
    for file in _new(folder):
        content = _content(file)
        recipients = _recipients(content)
        letterbox.keep("maildir", "", recipients, content)
        (folder / "cur").mkdir(exist_ok=True)
        os.replace(file, folder / "cur" / f"{file.name}:2,S")


def _new(folder: Path) -> list[Path]:
    files = (folder / "new").glob("*") if (folder / "new").is_dir() else ()
    return sorted(file for file in files if file.is_file() and not file.is_symlink())[:200]


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(LARGEST_MAIL)


def _recipients(content: bytes) -> Sequence[str]:
    try:
        return read(content).recipients
    except Unreadable:
        return ()
