"""Starts Rapport: the parts that nobody has set, then the four services; ends what it started."""

import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Event

import httpx

from rapport.checkout import StandInCheckout
from rapport.connection import RUN_FILE
from rapport.playbook_folder import publish_folder
from rapport.topics import create_topics
from services.messenger.signatures import domain_of
from services.messenger.signatures import make as make_key
from services.messenger.tenants import load as load_tenants
from services.playbooks.load import PlaybookFaults
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.children import Child, StartError, answers, free_port
from services.runtime.embedded.kafka import ApacheKafka
from services.runtime.embedded.mail import EmbeddedMail
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import ROOT, SERVICES, Settings

READY_SECONDS = 60.0
READY_POLL_SECONDS = 0.1
STOP_SECONDS = 12.0
ALL_SCOPES = "publish+read+operate+desk"
Say = Callable[[str], None]


def _print(line: str) -> None:
    print(line, flush=True)


@dataclass
class Parts:
    """What a process of Rapport needs, as environment variables, and what was started for it."""

    environment: dict[str, str]
    mail_page: str | None = None
    token: str | None = None

    @property
    def settings(self) -> Settings:
        """The settings that these variables give."""
        return Settings(**{name.lower(): value for name, value in self.environment.items()})  # type: ignore[arg-type]


@contextmanager
def parts(data: Path | None = None, say: Say = _print) -> Iterator[Parts]:
    """Start the parts that no setting names; end them afterwards. Raises StartError.

    With `data`, broker (then Apache Kafka) and database keep what they hold in that folder.
    """
    settings = Settings()
    environment = dict(os.environ)
    prepared = Parts(environment)
    with ExitStack() as started:
        environment["SECRET_KEY"] = settings.secret_key or _secret(data)
        if settings.kafka_bootstrap_servers:
            say(f"broker {settings.kafka_bootstrap_servers}")
        else:
            broker = ApacheKafka(data / "kafka") if data else EmbeddedBroker()
            started.enter_context(broker)
            environment["KAFKA_BOOTSTRAP_SERVERS"] = broker.address
            say(f"broker {broker.address} (embedded)")
        if settings.database_url or all(
            getattr(settings, f"{service}_database_url") for service in SERVICES
        ):
            say("database as set")
        else:
            postgres = started.enter_context(EmbeddedPostgres(data / "postgres" if data else None))
            environment["DATABASE_URL"] = postgres.url
            say(f"database 127.0.0.1:{postgres.port} (embedded)")
        if settings.smtp_url:
            say("mail as set")
        else:
            replies = os.environ.get("REPLIES_SMTP_PORT") or str(free_port())
            environment["REPLIES_SMTP_PORT"] = replies
            mail = started.enter_context(EmbeddedMail(replies_port=int(replies)))
            environment["SMTP_URL"] = f"smtp://{mail.smtp_address}"
            prepared.mail_page = mail.url
            if "DKIM_KEYS_DIR" not in environment:
                keys = data or Path(
                    started.enter_context(tempfile.TemporaryDirectory(prefix="rapport-"))
                )
                environment["DKIM_KEYS_DIR"] = str(_sign_as_tenants(settings, keys / "dkim"))
            say(f"mail {mail.smtp_address} (embedded), inbox {mail.url}")
        if settings.clock and "@" not in settings.clock:
            environment["CLOCK"] = Clock.parse(settings.clock).text()
        if not settings.public_url and "PAYMENT_CHECKOUT_URL" not in environment:
            # Only on loopback: nobody in earnest may meet a page on which no money moves.
            notify = f"http://127.0.0.1:{settings.port('negotiator')}/payments/webhook"
            checkout = started.enter_context(StandInCheckout(notify, environment))
            environment["PAYMENT_CHECKOUT_URL"] = checkout.url
            environment["PAYMENT_SECRET"] = checkout.secret
            say(f"checkout {checkout.url} (stand-in, no money moves)")
        if not settings.api_tokens:
            prepared.token = secrets.token_urlsafe(24)
            environment["API_TOKENS"] = f"local={prepared.token}:{ALL_SCOPES}"
            say(f"token {prepared.token} (all scopes)")
        yield prepared


def _sign_as_tenants(settings: Settings, folder: Path) -> Path:
    """The folder, with a key for each domain that a tenant's mail comes from."""
    for tenant in load_tenants(settings.tenants_dir).values():
        make_key(folder, domain_of(tenant.address))
    return folder


def _secret(data: Path | None) -> str:
    """A fresh secret key; the same again where the data of an earlier run are kept."""
    if data is None:
        return secrets.token_urlsafe(48)
    kept = data / "secret"
    if not kept.exists():
        data.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text()


def prepare(settings: Settings, services: tuple[str, ...] = SERVICES) -> None:
    """Make roles, schemas, tables, topics and the folder's playbooks be there. Repeatable.

    Raises StartError where a playbook of the folder can't be used.
    """

    def migrate(service: str) -> None:
        database.provision(settings, service)
        migrations.upgrade(service, database.service_url(settings, service))

    # Alembic keeps its environment in a module-wide proxy: one service after the other.
    for service in services:
        migrate(service)
    create_topics(settings)
    try:
        publish_folder(settings)
    except PlaybookFaults as faults:
        raise StartError(str(faults)) from None


@dataclass
class Fleet:
    """The services as child processes; one that ends by itself is started again."""

    prepared: Parts
    say: Say = _print
    logs: Path = field(default_factory=lambda: Path(".rapport") / "logs")
    children: dict[str, Child] = field(default_factory=dict)

    def start(self) -> None:
        """Start all, and wait until each is ready. Raises StartError."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for service in SERVICES:
            port = self.prepared.settings.port(service)
            if answers(port):
                raise StartError(f"port {port} for {service} is taken: set PORT_BASE")
            self._launch(service)
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            for line in pool.map(self._until_ready, SERVICES):
                self.say(line)

    def mend(self) -> None:
        """Start again what has ended."""
        for service, child in self.children.items():
            if not child.running():
                self.say(f"{service} ended, starting it again (see {child.log})")
                self._launch(service)

    def stop(self) -> None:
        """End all: SIGTERM, then SIGKILL for those that still run after a while."""
        for child in self.children.values():
            if child.running():
                child.send(signal.SIGTERM)
        clock = Clock()
        deadline = clock.monotonic() + STOP_SECONDS
        for child in self.children.values():
            child.wait(max(0.0, deadline - clock.monotonic()))
            child.stop(grace=0.0)

    def _launch(self, service: str) -> None:
        self.children[service] = Child(
            service,
            [sys.executable, "-m", f"services.{service}.main"],
            log=self.logs / f"{service}.log",
            death_signal=signal.SIGTERM,
            env=self.prepared.environment,
            cwd=ROOT,
        )

    def _until_ready(self, service: str) -> str:
        url = f"http://127.0.0.1:{self.prepared.settings.port(service)}"

        # Loopback is plain HTTP: without this, each client would load certificates first.
        with httpx.Client(base_url=url, timeout=2, verify=False) as client:

            def ready() -> bool:
                try:
                    return client.get("/readyz").status_code == 200
                except httpx.TransportError:
                    return False

            self.children[service].wait_until(ready, READY_SECONDS, every=READY_POLL_SECONDS)
        return f"{service} {url}"


@contextmanager
def running(data: Path | None = None, say: Say = _print) -> Iterator[tuple[Parts, Fleet]]:
    """All of Rapport, ready; ended afterwards. Raises StartError."""
    with parts(data, say) as prepared:
        prepare(prepared.settings)
        fleet = Fleet(prepared, say)
        try:
            fleet.start()
            _write_run_file(prepared)
            yield prepared, fleet
        finally:
            RUN_FILE.unlink(missing_ok=True)
            fleet.stop()


def up(data: Path | None = None) -> int:
    """Run until SIGTERM or Ctrl-C; the process's exit status."""
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        with running(data) as (_, fleet):
            _print("ready")
            while not ended.wait(0.5):
                fleet.mend()
    except StartError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def run(service: str) -> int:
    """Be one service in this process until SIGTERM or Ctrl-C; the exit status."""
    if service not in SERVICES:
        print(f"no service {service}: one of {', '.join(SERVICES)}", file=sys.stderr)
        return 2
    try:
        with parts(say=lambda line: print(line, file=sys.stderr, flush=True)) as prepared:
            prepare(prepared.settings, (service,))
            os.environ.update(prepared.environment)
            import_module(f"services.{service}.main").main()
    except StartError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _write_run_file(prepared: Parts) -> None:
    """Leave the addresses where the other commands find them; readable by this user only."""
    settings = prepared.settings
    content: Mapping[str, object] = {
        "pid": os.getpid(),
        "kafka": settings.kafka_bootstrap_servers,
        "services": {name: f"http://127.0.0.1:{settings.port(name)}" for name in SERVICES},
        "mail": prepared.mail_page,
        "token": prepared.token,
        "clock": prepared.environment.get("CLOCK"),
    }
    RUN_FILE.parent.mkdir(parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=RUN_FILE.parent)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
    Path(path).replace(RUN_FILE)
