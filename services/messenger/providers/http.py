"""The one sender for all providers that are spoken to by HTTP.

Each failure is told apart by what it proves. Until the request has begun to go over a connection,
nothing can have been taken; from then on only an answer tells, so a silence after that is doubt.
A redirect is never followed, an answer is read up to a limit, and both it and the whole exchange
have a time-out that no drip of bytes prolongs.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import httpx
import msgspec

from services.messenger import metrics
from services.messenger.model import CHECK_TOO_OLD, Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers import Connection, Unavailable
from services.messenger.providers.adapters import (
    SIGNED_OUT,
    Adapter,
    Answer,
    Request,
    Unsendable,
)
from services.messenger.providers.endpoint import may_go_to
from services.messenger.rules.circuit import Circuit
from services.messenger.rules.http_answers import after_doubt, at_fault
from services.runtime.clock import Clock

LARGEST_ANSWER = 64 << 10
"""Bytes of an answer that are read; one that is longer is as good as none."""
REPEATS = (0.1, 0.3)
"""Real seconds before a message is handed over again, where that is safe."""
CLOSE_SECONDS = 5.0

Tried = Answer | Rejected | Doubtful


class HttpConnection:
    """A leave to speak with the provider; sockets are shared behind it."""

    def __init__(self, provider: "HttpProvider") -> None:
        self._provider = provider

    def send(self, letters: Iterator[Letter]) -> Iterator[Outcome]:
        """Hand messages over, one after the other, until the provider wants a rest."""
        for letter in letters:
            yield self._provider.hand_over(letter)
            if not self._provider.works:
                return

    def close(self) -> None:
        """Nothing is held."""


class HttpProvider:
    """A `Provider`. Safe to use from several threads; a loop of its own does the speaking."""

    def __init__(
        self,
        adapter: Adapter,
        hosts: frozenset[str],
        clock: Clock,
        *,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """hosts: to which requests may go. timeout: real seconds of one whole exchange."""
        self.name = adapter.name
        self._adapter = adapter
        self._hosts = hosts
        self._clock = clock
        self._timeout = timeout
        self._transport = transport
        self._circuit = Circuit()
        self._leased = 0
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._client: httpx.AsyncClient | None = None
        self._signing_in: asyncio.Lock | None = None
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"http-{self.name}", daemon=True
        )
        self._thread.start()

    @property
    def works(self) -> bool:
        """Whether nothing speaks against it just now."""
        with self._lock:
            return self._circuit.state(self._clock.monotonic()) == "closed"

    def lease(self) -> HttpConnection:
        """A leave to send. Raises Unavailable while it rests; after that, one leave at a time."""
        with self._lock:
            state = self._circuit.state(self._clock.monotonic())
            if state == "open" or (state == "half_open" and self._leased):
                raise Unavailable(f"{self.name} rests after {self._circuit.failures} failures")
            self._leased += 1
        return HttpConnection(self)

    def release(self, connection: Connection) -> None:
        """Take the leave back."""
        del connection
        with self._lock:
            self._leased -= 1

    def close(self) -> None:
        """Break off what is under way; it ends in doubt."""
        if self._loop.is_closed():
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def hand_over_aside(self, letter: Letter) -> None:
        """Hand one message over, once, without waiting; only a metric tells what became of it."""
        if not self._loop.is_closed() and self._thread.is_alive():
            waiting = asyncio.run_coroutine_threadsafe(self._hand_over(letter), self._loop)
            waiting.add_done_callback(self._note_aside)

    def _note_aside(self, done: "Future[Outcome]") -> None:
        broken = done.cancelled() or done.exception() is not None
        taken = not broken and isinstance(done.result(), Accepted)
        metrics.TEXTS_ANSWERED.labels(self.name, "sent" if taken else "not_sent").inc()

    def hand_over(self, letter: Letter) -> Outcome:
        """Hand one message over, and tell what became of it. Never raises."""
        if self._loop.is_closed() or not self._thread.is_alive():
            return Rejected("provider_closed", None, retryable=True)
        waiting = asyncio.run_coroutine_threadsafe(self._hand_over(letter), self._loop)
        try:
            outcome = waiting.result()
        except BaseException as error:  # broken off, or a fault of ours: nobody can tell
            outcome = Doubtful(f"provider_raised:{type(error).__name__}")
        self._learn(outcome)
        return outcome

    def _learn(self, outcome: Outcome) -> None:
        if outcome == CHECK_TOO_OLD:
            return  # nothing was handed over, and it is not the provider that was late
        with self._lock:
            now = self._clock.monotonic()
            known = self._circuit
            self._circuit = known.failed(now) if at_fault(outcome) else known.succeeded()
            works = self._circuit.rests_until is None
        metrics.PROVIDER_RESTS.labels(self.name).set(not works)

    async def _hand_over(self, letter: Letter) -> Outcome:
        refused = await self._sign_in()
        if refused is not None:
            return refused
        outcome = await self._once(letter)
        for pause in REPEATS:
            if not self._may_repeat(outcome):
                break
            await asyncio.sleep(pause)
            if letter.fresh_until is None or letter.is_late(self._clock.real()):
                break
            if await self._sign_in() is not None:
                break
            outcome = after_doubt(outcome, await self._once(letter))
        return outcome

    def _may_repeat(self, outcome: Outcome) -> bool:
        """Where nothing was handed over; or where the provider knows the message again."""
        if isinstance(outcome, Rejected):
            return outcome.reason.startswith(_NOT_CONNECTED) or outcome.reason == SIGNED_OUT
        return isinstance(outcome, Doubtful) and self._adapter.honours_key

    async def _sign_in(self) -> Rejected | None:
        """Get what a message needs to be sent at all; one asks for all."""
        self._signing_in = self._signing_in or asyncio.Lock()
        async with self._signing_in:
            asked = self._adapter.sign_in(self._clock.real())
            if asked is None:
                return None
            answer = await self._ask(asked)
            taken = isinstance(answer, Answer) and self._adapter.signed_in(
                answer, self._clock.real()
            )
            return None if taken else Rejected("not_signed_in", None, retryable=True)

    async def _once(self, letter: Letter) -> Outcome:
        try:
            request = self._adapter.request(letter, self._clock.real())
        except Unsendable as error:
            return Rejected(str(error), None, retryable=False)
        tried = await self._ask(request, letter)
        return self._adapter.judge(letter, tried) if isinstance(tried, Answer) else tried

    async def _ask(self, request: Request, letter: Letter | None = None) -> Tried:
        if not may_go_to(request.url, self._hosts):
            return Rejected("target_not_allowed", None, retryable=False)
        at = _Progress(lambda: letter is not None and letter.is_late(self._clock.real()))
        try:
            async with asyncio.timeout(self._timeout):
                await self._exchange(request, at)
        except _TooLate:
            return CHECK_TOO_OLD
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            if at.status is not None:
                return Answer(at.status)
            if at.connecting or isinstance(error, _NEVER_SENT):
                return Rejected(f"{_NOT_CONNECTED}{type(error).__name__}", None, retryable=True)
            return Doubtful(f"no_answer:{type(error).__name__}")
        assert at.status is not None
        return Answer(at.status, _object(at.content))

    async def _exchange(self, request: Request, at: "_Progress") -> None:
        async with self._session().stream(
            request.method,
            request.url,
            content=request.body,
            headers={**request.headers, "Accept-Encoding": "identity"},
            extensions={"trace": at.note},
        ) as response:
            at.status = response.status_code
            if response.headers.get("Content-Encoding", "identity") != "identity":
                return  # nobody asked for it, and what is packed may be larger than it looks
            received = bytearray()
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > LARGEST_ANSWER:
                    return
            at.content = bytes(received)

    def _session(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._timeout,
                follow_redirects=False,
                trust_env=False,
                transport=self._transport,
                limits=httpx.Limits(max_connections=256, keepalive_expiry=5.0),
            )
        return self._client

    async def _shut(self) -> None:
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()


_NOT_CONNECTED = "not_connected:"
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


class _TooLate(Exception):
    """Once there was a connection to send by, the letter was late."""


class _Progress:
    """How far one exchange has come. connecting: not a byte of the request has gone."""

    def __init__(self, too_late: Callable[[], bool]) -> None:
        self._too_late = too_late
        self.connecting = False
        self.status: int | None = None
        self.content: bytes | None = None

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore tells on its way (httpx, extension `trace`). Raises _TooLate."""
        del info
        if event == "connection.connect_tcp.started":
            self.connecting = True
        elif event.endswith("send_request_headers.started"):
            if self._too_late():
                raise _TooLate
            self.connecting = False


def _object(content: bytes | None) -> Mapping[str, Any] | None:
    try:
        found = msgspec.json.decode(content or b"")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None
