"""The stand-in as a child process, beside the other parts that `rapport up` starts."""

import base64
import json
import secrets
import sys
from pathlib import Path

from services.runtime.embedded import folders
from services.runtime.embedded.children import Child
from services.runtime.settings import ROOT

_START_SECONDS = 20.0
_STOP_SECONDS = 3.0


class StandInCheckout:
    """Takes orders on loopback until it is stopped. notify: where its webhooks go."""

    def __init__(self, notify: str, environment: dict[str, str]) -> None:
        self.secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        self.url = ""
        self._environment = {**environment, "PAYMENT_SECRET": self.secret}
        self._notify = notify
        self._child: Child | None = None
        self._folder: Path | None = None

    def __enter__(self) -> "StandInCheckout":
        """Start, and wait until it answers. Raises StartError."""
        self._folder = folders.temporary("checkout")
        announced = self._folder / "port"
        self._child = Child(
            "the stand-in checkout",
            [sys.executable, "-m", "rapport.checkout.main", self._notify, str(announced)],
            log=self._folder / "checkout.log",
            env=self._environment,
            cwd=ROOT,
        )
        self._child.wait_until(announced.exists, _START_SECONDS)
        self.url = f"http://127.0.0.1:{json.loads(announced.read_text())}"
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            self._child.stop(grace=_STOP_SECONDS)
            self._child = None
        if self._folder:
            folders.remove(self._folder)
            self._folder = None
