"""Child processes that never outlive this one, even when it is killed."""

import contextlib
import ctypes
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from services.runtime.clock import Clock

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_POLL_SECONDS = 0.02
_PORTS = range(20_000, 32_000)
_PORT_TRIES = 50
_CLOCK = Clock()


class StartError(RuntimeError):
    """A part did not come up; the text says which, why, and what it printed last."""


class Child:
    """One running child process in a session of its own, so that Ctrl-C reaches only its owner.

    On Linux the kernel sends it `death_signal` when this process ends in whatever way. Elsewhere
    it ends only through `stop()`.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        death_signal: signal.Signals = signal.SIGKILL,
        uid: int | None = None,
        gid: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start `argv`; what it prints is appended to the file `log`. Raises OSError."""
        self.name = name
        self.log = log
        parent = os.getpid()

        def spawn() -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=lambda: _die_with(parent, death_signal),
                    user=uid,
                    group=gid,
                    extra_groups=[] if uid is not None else None,
                    env=dict(env) if env is not None else None,
                    cwd=cwd,
                )

        self._process = _in_nursery(spawn)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens where it has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False where it still runs after `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, *, grace: float, first: signal.Signals = signal.SIGTERM) -> None:
        """End it: `first`, and SIGKILL where it still runs after `grace` seconds."""
        if not self.running():
            return
        self.send(first)
        if not self.wait(grace):
            self._process.kill()
            self._process.wait()

    def wait_until(
        self, ready: Callable[[], bool], seconds: float, *, every: float = _POLL_SECONDS
    ) -> None:
        """Poll `ready` until it is true. Raises StartError where the child ends or time runs out.

        The child is stopped before the error is raised.
        """
        deadline = _CLOCK.monotonic() + seconds
        while not ready():
            if not self.running():
                raise StartError(f"{self.name} ended while starting: {self.last_words()}")
            if _CLOCK.monotonic() > deadline:
                self.stop(grace=0.0, first=signal.SIGKILL)
                raise StartError(
                    f"{self.name} did not answer within {seconds:g} s: {self.last_words()}"
                )
            time.sleep(every)

    def last_words(self) -> str:
        """The end of what it printed."""
        try:
            return self.log.read_text(errors="replace")[-2000:].strip() or "it printed nothing"
        except OSError as error:
            return str(error)


def free_port() -> int:
    """A loopback TCP port that nothing listens on.

    It lies below those that the system gives to outgoing connections, so only another server can
    take it before its user does, or while its user restarts. Raises StartError.
    """
    for _ in range(_PORT_TRIES):
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise StartError("no free port on the loopback interface")


def answers(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _die_with(parent: int, number: signal.Signals) -> None:
    """Runs in the child between fork and exec, after it took its user's identity."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:  # the parent was gone before the kernel was asked
        os._exit(1)


# Linux ties the death signal to the *thread* that forked, so all children are born in one thread
# that lives as long as the process.
_Birth = tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]
_births: queue.SimpleQueue[_Birth] = queue.SimpleQueue()
_nursery_lock = threading.Lock()
_nursery_of: int | None = None


def _in_nursery(spawn: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    global _nursery_of
    with _nursery_lock:
        if _nursery_of != os.getpid():
            threading.Thread(target=_nurse, name="nursery", daemon=True).start()
            _nursery_of = os.getpid()
    born: Future[subprocess.Popen[bytes]] = Future()
    _births.put((spawn, born))
    return born.result()


def _nurse() -> None:
    while True:
        spawn, born = _births.get()
        try:
            born.set_result(spawn())
        except BaseException as error:
            born.set_exception(error)
