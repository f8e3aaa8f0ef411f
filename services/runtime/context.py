"""What a running service hands to its handlers, routes and timers."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlmodel import Session

from services.runtime import unit_of_work
from services.runtime.clock import Clock
from services.runtime.database import open_engine, service_url
from services.runtime.health import Health
from services.runtime.ledger import Ownership
from services.runtime.security import Caller, Signer, parse_api_tokens
from services.runtime.settings import Settings
from services.runtime.unit_of_work import UnitOfWork


@dataclass
class Context:
    """One service in one process. Safe to share between threads."""

    service: str
    settings: Settings
    clock: Clock
    engine: Engine
    signer: Signer
    callers: Mapping[str, Caller]
    health: Health = field(default_factory=Health)
    owned: dict[tuple[str, int], Ownership] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None
    _outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def from_settings(cls, service: str, settings: Settings) -> "Context":
        """Everything from the environment. Raises ValueError on a setting that is missing."""
        if not settings.secret_key:
            raise ValueError("SECRET_KEY is not set: links and hashes cannot be signed")
        return cls(
            service=service,
            settings=settings,
            clock=Clock.parse(settings.clock),
            engine=open_engine(service_url(settings, service), service),
            signer=Signer(settings.secret_key),
            callers=parse_api_tokens(settings.api_tokens),
        )

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """A transaction of its own, for HTTP handlers and timers; publishes after the commit."""
        with unit_of_work.unit(
            Session(self.engine), self.service, self.clock.now(), self.clock.real()
        ) as work:
            yield work
        if work.emitted:
            self.wake_publisher()

    def owned_lanes(self, topic: str) -> list[Ownership]:
        """The partitions of `topic` that this worker owns now."""
        return [own for (name, _), own in list(self.owned.items()) if name == topic]

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the worker's loop, so that threads can wake what runs in it."""
        self._loop = loop

    def wake_publisher(self) -> None:
        """Tell the outbox's publisher that rows wait. Callable from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._outbox_filled.set)

    async def outbox_filled(self, timeout: float) -> None:
        """Wait until rows wait for publishing, or the time-out (real seconds)."""
        try:
            await asyncio.wait_for(self._outbox_filled.wait(), timeout)
        except TimeoutError:
            return
        finally:
            self._outbox_filled.clear()
