"""The embedded mail catcher: SMTP in, an inbox page out, nothing ever leaves the machine.

`python -m services.runtime.embedded.mail` runs one; `EmbeddedMail` runs it as a child process.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from services.runtime.clock import Clock
from services.runtime.embedded import folders
from services.runtime.embedded.children import Child
from services.runtime.embedded.inbox import Inbox
from services.runtime.embedded.inbox_app import application
from services.runtime.embedded.smtp import Relay

_HOST = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 3.0


class EmbeddedMail:
    """A relay on loopback that delivers to a page instead of to people; its memory is bounded."""

    def __init__(self, smtp_port: int = 0, http_port: int = 0, replies_port: int = 0) -> None:
        """Port 0 takes a free one. replies_port: where mail is taken that answers; 0: nowhere."""
        self._replies_port = replies_port
        self._ports = {"smtp": smtp_port, "http": http_port}
        self._child: Child | None = None
        self._folder: Path | None = None

    @property
    def smtp_address(self) -> str:
        """`host:port` for SMTP_URL; known once started."""
        return f"{_HOST}:{self._ports['smtp']}"

    @property
    def url(self) -> str:
        """The inbox page, and the base of its API; known once started."""
        return f"http://{_HOST}:{self._ports['http']}"

    @property
    def pid(self) -> int | None:
        """The catcher's process."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start and wait until both ports answer. Raises StartError."""
        if self._child and self._child.running():
            return
        self._folder = folders.temporary("mail")
        announced = self._folder / "ports"
        self._child = Child(
            "the mail catcher",
            [sys.executable, "-m", "services.runtime.embedded.mail"]
            + [f"--smtp-port={self._ports['smtp']}", f"--http-port={self._ports['http']}"]
            + [f"--announce={announced}", f"--replies-port={self._replies_port}"],
            log=self._folder / "mail.log",
            cwd=Path(__file__).resolve().parents[3],
        )
        self._child.wait_until(announced.exists, _START_SECONDS)
        self._ports = json.loads(announced.read_text())

    def stop(self) -> None:
        """End it; its messages are gone."""
        if self._child:
            self._child.stop(grace=_STOP_SECONDS)
            self._child = None
        if self._folder:
            folders.remove(self._folder)
            self._folder = None

    def __enter__(self) -> "EmbeddedMail":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


async def serve(
    smtp_port: int, http_port: int, announce: Path | None, replies_port: int = 0
) -> None:
    """Run until SIGTERM or SIGINT; the ports taken are written to `announce` as JSON."""
    inbox = Inbox()
    relay = Relay(inbox, Clock())
    await relay.listen(_HOST, smtp_port)
    with socket.create_server((_HOST, http_port)) as listening:
        ports = {"smtp": relay.port, "http": listening.getsockname()[1]}
        config = uvicorn.Config(
            application(inbox, relay, replies_port),
            log_level="warning",
            access_log=False,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        if announce:
            _write_whole(announce, json.dumps(ports))
        else:
            print(f"SMTP {_HOST}:{ports['smtp']}, inbox http://{_HOST}:{ports['http']}", flush=True)
        await serving
    relay.close()


def _write_whole(path: Path, text: str) -> None:
    """Write so that nobody sees half of it."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    os.replace(partial, path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--http-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--replies-port", type=int, default=0, help="SMTP; 0: no replies")
    parser.add_argument("--announce", type=Path, help="file that gets the ports, as JSON")
    given = parser.parse_args()
    asyncio.run(serve(given.smtp_port, given.http_port, given.announce, given.replies_port))


if __name__ == "__main__":
    main()
