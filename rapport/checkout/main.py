"""`python -m rapport.checkout.main NOTIFY ANNOUNCE`: the stand-in alone, on a free port.

NOTIFY: where its webhooks go. ANNOUNCE: a file that gets its port. PAYMENT_SECRET and CLOCK are
read from the environment.
"""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from rapport.checkout.app import application
from services.runtime.clock import Clock
from services.runtime.settings import Settings


async def serve(secret: str, notify: str, announce: Path) -> None:
    """Run until SIGTERM or SIGINT."""
    text = Settings().clock
    clock = Clock.parse(text) if text else Clock()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app = application(secret, notify, clock)
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        partial = announce.with_suffix(".partial")
        partial.write_text(json.dumps(listening.getsockname()[1]))
        partial.replace(announce)
        await serving


if __name__ == "__main__":
    asyncio.run(serve(os.environ["PAYMENT_SECRET"], sys.argv[1], Path(sys.argv[2])))
