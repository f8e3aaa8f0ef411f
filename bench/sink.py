"""A mail server that takes everything, counts it and keeps nothing: the other end of a bench.

It speaks SMTP with pipelining (RFC 5321, 2920) and acknowledges each letter when it has come whole.
"""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_ulonglong
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import uvloop

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

GREETING = b"220 sink.example ESMTP\r\n"
EXTENSIONS = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
OK = b"250 2.0.0 OK\r\n"
GO_AHEAD = b"354 go ahead\r\n"
ANSWERS = {b"EHLO": EXTENSIONS, b"QUIT": b"221 2.0.0 bye\r\n"}
END = b"\r\n.\r\n"


@dataclass(frozen=True)
class Sink:
    """A running sink: its port and process, and how many letters it has taken."""

    port: int
    pid: int
    taken: c_ulonglong

    @property
    def url(self) -> str:
        """For SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink in a process of its own, for as long as the context lasts."""
    spawn = multiprocessing.get_context("spawn")
    # Only the sink writes it, so it wants no lock.
    taken = spawn.RawValue(c_ulonglong, 0)
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(taken, theirs), daemon=True)
    process.start()
    try:
        yield Sink(int(ours.recv()), process.pid or 0, taken)
    finally:
        process.terminate()
        process.join(5)


class _Session(asyncio.Protocol):
    """One client; commands may come pipelined (RFC 2920)."""

    def __init__(self, taken: c_ulonglong) -> None:
        self._taken = taken
        self._held = bytearray()
        self._in_content = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own is none of asyncio's, but for what it does.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        held, answers = self._held, bytearray()
        # An end may lie across two pieces.
        looked = max(0, len(held) - len(END))
        held += data
        while (end := held.find(END if self._in_content else b"\r\n", looked)) >= 0:
            looked = 0
            if self._in_content:
                del held[: end + len(END)]
                self._in_content = False
                self._taken.value += 1
                answers += OK
            else:
                verb = bytes(held[:4]).upper()
                del held[: end + 2]
                answers += self._answer(verb)
        if answers:
            self._transport.write(bytes(answers))

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self._in_content = True
            return GO_AHEAD
        return ANSWERS.get(verb, OK)


def _serve(taken: c_ulonglong, told: "Connection[int, int]") -> None:
    async def forever() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Session(taken), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(forever())
