"""Where the broker is, and how kafka-python speaks to it.

An address comes from `--bootstrap`, else `KAFKA_BOOTSTRAP_SERVERS`, else the file that a running
`rapport up` leaves in the working directory (`.rapport/run.json`).
"""

import json
from pathlib import Path
from typing import Any

from services.runtime import kafka
from services.runtime.settings import Settings

RUN_FILE = Path(".rapport/run.json")
PATIENCE_SECONDS = 10.0
"""How long a broker may take to answer at first."""


class NoBroker(RuntimeError):
    """Nothing says where the broker is; the text says how to name one."""


def running(file: Path = RUN_FILE) -> dict[str, Any]:
    """What `rapport up` wrote about itself: `kafka`, `services`, `token`; empty where none runs."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def bootstrap_servers(given: str | None, settings: Settings) -> list[str]:
    """Brokers as `host:port`. Raises NoBroker where none is named."""
    text = given or settings.kafka_bootstrap_servers or running().get("kafka")
    if not text:
        raise NoBroker(
            "no broker is named: give --bootstrap HOST:PORT, set KAFKA_BOOTSTRAP_SERVERS, "
            "or start one with `rapport up` in this folder"
        )
    return [server.strip() for server in str(text).split(",") if server.strip()]


def connection(given: str | None = None, settings: Settings | None = None) -> dict[str, Any]:
    """Keyword arguments for kafka-python's consumer, producer and admin client.

    Raises NoBroker where no address is known, OSError where a certificate can't be read.
    """
    settings = settings or Settings()
    servers = ",".join(bootstrap_servers(given, settings))
    known = settings.model_copy(update={"kafka_bootstrap_servers": servers})
    return {
        **kafka.connection(known),
        "client_id": "rapport-cli",
        "bootstrap_timeout_ms": int(PATIENCE_SECONDS * 1000),
    }
