"""Apache Kafka itself, one KRaft node without Docker: jars by Maven, data on disk, Java 17."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from string import Template
from xml.etree import ElementTree

from services.runtime.embedded import folders
from services.runtime.embedded.children import Child, StartError, answers, free_port
from services.runtime.ids import fresh
from services.runtime.settings import ROOT

_RECIPE = ROOT / "deploy" / "kafka"
_JARS = ROOT / ".rapport" / "kafka"
_FETCH_SECONDS = 300.0
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_JAVA = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
)
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dlog4j2.level=off",
)


def available() -> str | None:
    """Make the broker's jars be there, fetching them once; None, or why they cannot be had."""
    if not shutil.which("java"):
        return "java is not installed"
    if _classes().is_dir():
        return None
    if not shutil.which("mvn"):
        return "mvn is not installed"
    partial = Path(tempfile.mkdtemp(dir=_made(_JARS), prefix="fetching-"))
    try:
        fetched = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "--file", str(_RECIPE / "pom.xml")]
            + ["dependency:copy-dependencies", "-DincludeScope=runtime"]
            + [f"-DoutputDirectory={partial / 'lib'}"],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if fetched.returncode:
            return f"Maven could not fetch it: {fetched.stdout.strip()[:400]}"
        # Whole or not at all: a half-fetched folder must never look like a finished one. Another
        # process may have been faster.
        with contextlib.suppress(OSError):
            (partial / "lib").rename(_classes())
    except subprocess.TimeoutExpired:
        return f"Maven did not finish within {_FETCH_SECONDS:g} s"
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return None if _classes().is_dir() else f"the jars could not be put at {_classes()}"


def version() -> str:
    """The Kafka release that `deploy/kafka/pom.xml` names."""
    pom = ElementTree.parse(_RECIPE / "pom.xml")
    found = pom.findtext("{*}properties/{*}kafka.version")
    if not found:
        raise StartError(f"{_RECIPE / 'pom.xml'} names no kafka.version")
    return found


class ApacheKafka:
    """One Kafka node on loopback, broker and controller in one process.

    Without `data` its log lives in a new temporary folder that `stop()` removes.
    """

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        """Keep topics in the folder `data`; `port` 0 takes a free one, and keeps it."""
        self._kept = data is not None
        self._folder = data.resolve() if data else None
        self._port = port
        self._child: Child | None = None

    @property
    def address(self) -> str:
        """`host:port` for KAFKA_BOOTSTRAP_SERVERS; known once started."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The broker's process."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Format the storage where it is new, start, and wait until it answers.

        Raises StartError, also where `available()` gives a reason.
        """
        if self.running():
            return
        if reason := available():
            raise StartError(f"Apache Kafka: {reason}")
        folder = self._folder or folders.temporary("kafka")
        self._folder = _made(folder)
        self._port = self._port or free_port()
        if answers(self._port):
            raise StartError(f"port {self._port} is taken")
        settings = folder / "server.properties"
        template = Template((_RECIPE / "server.properties").read_text())
        settings.write_text(
            template.substitute(port=self._port, controller_port=free_port(), data=folder / "data")
        )
        if not (folder / "data" / "meta.properties").exists():
            self._format(folder, settings)
        self._child = Child(
            "Apache Kafka",
            _command("kafka.Kafka", str(settings)),
            log=folder / "kafka.log",
            death_signal=signal.SIGKILL,
            cwd=folder,
        )
        port = self._port
        self._child.wait_until(lambda: answers(port), _START_SECONDS)

    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.running()

    def last_words(self) -> str:
        """The end of its log: why it ended."""
        return self._child.last_words() if self._child else "it was not started"

    def stop(self) -> None:
        """End it in order, and remove the folder where it was a temporary one."""
        if self._child:
            # A log that nobody will read again need not be closed with care.
            first = signal.SIGTERM if self._kept else signal.SIGKILL
            self._child.stop(grace=_STOP_SECONDS, first=first)
            self._child = None
        if self._folder and not self._kept:
            folders.remove(self._folder)
            self._folder = None

    def kill(self) -> None:
        """End it as a crash would; `start()` recovers from its log."""
        if self._child:
            self._child.stop(grace=0.0, first=signal.SIGKILL)

    def __enter__(self) -> "ApacheKafka":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _format(self, folder: Path, settings: Path) -> None:
        done = subprocess.run(
            _command("kafka.tools.StorageTool", "format")
            + ["--cluster-id", fresh(), "--config", str(settings)],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        if done.returncode:
            raise StartError(f"Kafka could not format its storage: {done.stderr.strip()[-2000:]}")


def _classes() -> Path:
    return _JARS / version()


def _command(main: str, *arguments: str) -> list[str]:
    return ["java", *_JAVA, *_LOGGING, "-cp", f"{_classes()}/*", main, *arguments]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
