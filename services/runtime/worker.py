"""A service as one process: a Faust worker that consumes, publishes, serves and keeps time."""

import asyncio
import gc
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import faust
import uvloop
from fastapi import FastAPI
from faust.app.base import BootStrategy
from faust.contrib.asgi import serve_asgi
from sqlmodel import Session

from services.runtime import ledger, logging
from services.runtime.cluster import ClusterIds
from services.runtime.consuming import Consuming
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.following import Following
from services.runtime.outbox import Publisher
from services.runtime.processing import Handler, Processor
from services.runtime.records import Wanted
from services.runtime.settings import Settings

log = logging.get(__name__)

PRUNE_EVERY_SECONDS = 3600.0
STOP_SECONDS = 10.0


class Background(Protocol):
    """Something that runs beside the stream until it is told to stop."""

    async def run(self) -> None:
        """Work until `stop`; an exception ends the worker."""

    def stop(self) -> None:
        """Ask `run` to return soon. Callable from the loop."""


@dataclass(frozen=True)
class Timer:
    """A job done again and again, `every` real seconds, in a thread, never beside itself.

    The job returns True if there was more to do: then it is called again at once.
    """

    name: str
    every: float
    job: Callable[[], bool | None]


@dataclass(frozen=True)
class Service:
    """What one service is made of; its `main.py` puts it together."""

    name: str
    lead_topic: str
    handlers: Mapping[str, Handler]
    api: FastAPI
    refuses: frozenset[str] = frozenset()
    wants: Mapping[str, Wanted] = field(default_factory=dict)
    timers: Sequence[Timer] = ()
    background: Sequence[Background] = field(default_factory=tuple)
    follows: Sequence[Following] = ()
    rests_on: Mapping[str, str] = field(default_factory=dict)
    """By topic, the one that tells of what its messages rest on."""


class _OwnClients(BootStrategy):
    """Faust starts no Kafka client of its own: the processing rule brings its driver."""

    enable_kafka_producer = False


class _App(faust.App):
    BootStrategy = _OwnClients
    producer_only = True


def run(name: str, build: Callable[[Context], Service]) -> None:
    """Be the service `name` until SIGTERM or Ctrl-C; exits non-zero if a part crashes."""
    settings = Settings()
    logging.configure(name, settings.log_level)
    context = Context.from_settings(name, settings)
    service = build(context)
    collect_seldom()
    uvloop.install()
    app = create_app(context, service)
    worker = faust.Worker(
        app,
        loglevel="WARNING",
        override_logging=False,
        redirect_stdouts=False,
        blocking_timeout=0,
    )
    worker.execute_from_commandline()


def collect_seldom() -> None:
    """Look for cycles less often: next to none of a batch's objects are part of one.

    The threshold is more than what a batch lives on, or each would be looked through while it is
    worked on, which took a tenth of the scheduler's time.
    """
    gc.freeze()
    gc.set_threshold(400_000, 5, 10)


def create_app(context: Context, service: Service) -> faust.App:
    """The Faust app of a service; its worker drives everything in one event loop."""
    settings = context.settings
    app = _App(
        f"rapport-{service.name}",
        broker=f"kafka://{settings.kafka_bootstrap_servers}",
        web_in_thread=False,
        autodiscover=False,
        datadir=str(_scratch(service.name)),
    )
    serve_asgi(app, service.api, host=settings.host, port=settings.port(service.name))
    processor = Processor(context, service.handlers, service.refuses, service.wants)
    consuming = Consuming(
        context,
        processor,
        list(service.handlers),
        ClusterIds(settings),
        service.follows,
        service.rests_on,
    )
    publisher = Publisher(context, service.lead_topic)
    for part in ("broker", "database", "partitions"):
        context.health.down(part, "starting")
    # Stopped in this order: no new work, then what runs beside it, then what it left to publish.
    parts: list[Background] = [*service.follows, publisher, *service.background, consuming]
    for background in parts:
        _supervise(app, context, background)
    prune = Timer("prune-inbox", PRUNE_EVERY_SECONDS, lambda: _prune_inbox(context))
    for timer in (*service.timers, prune):
        _keep_time(app, context, timer)
    return app


def _scratch(service: str) -> Path:
    """A folder that Faust insists on, although no table of its own is kept."""
    folder = Path(tempfile.gettempdir()) / "rapport-faust" / service
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _supervise(app: faust.App, context: Context, background: Background) -> None:
    """Run `background` as a service of the app: its crash ends the worker with status 1."""

    @app.service
    class Supervised(faust.Service):
        label = type(background).__name__

        async def on_start(self) -> None:
            context.bind(asyncio.get_running_loop())
            self.work = asyncio.create_task(background.run())

        @faust.Service.task
        async def watch(self) -> None:
            await asyncio.shield(self.work)

        async def on_stop(self) -> None:
            background.stop()
            _, late = await asyncio.wait({self.work}, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()


def _keep_time(app: faust.App, context: Context, timer: Timer) -> None:
    async def tick() -> None:
        try:
            while await asyncio.to_thread(timer.job):
                continue
        except Exception as error:
            if not is_passing(error):
                raise
            context.health.down("database", f"waited for: {type(error).__name__}")

    app.timer(interval=timer.every, name=timer.name)(tick)


def _prune_inbox(context: Context) -> None:
    before = context.clock.real() - timedelta(days=context.settings.inbox_days)
    with Session(context.engine) as session:
        ledger.prune_inbox(session, before)
        session.commit()
