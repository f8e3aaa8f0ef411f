"""The shared sender by HTTP against a real socket that misbehaves."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from services.messenger.model import (
    CHECK_TOO_OLD,
    Accepted,
    Doubtful,
    Letter,
    Outcome,
    Rejected,
)
from services.messenger.providers import Unavailable
from services.messenger.providers.adapters import Adapter
from services.messenger.providers.adapters.twilio import Twilio
from services.messenger.providers.adapters.webhook import SignedWebhook
from services.messenger.providers.endpoint import Endpoint
from services.messenger.providers.http import HttpProvider
from services.messenger.rules.circuit import PROVIDER
from services.runtime.clock import Clock

LETTER = Letter("m-1", "Harbour Lane", "+491701234567", b"A note.")
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

Deed = Callable[[socket.socket], None]


@dataclass
class Server:
    """Reads a request, then does the next of its deeds; without one it says yes."""

    deeds: list[Deed] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                peer, _ = listening.accept()
                threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer, suppress(OSError):
            while head := _head(peer):
                self.keys.append(head.get("webhook-id", ""))
                deed = self.deeds.pop(0) if self.deeds else saying(NO_CONTENT)
                deed(peer)


def _head(peer: socket.socket) -> dict[str, str]:
    received = b""
    while b"\r\n\r\n" not in received:
        part = peer.recv(65536)
        if not part:
            return {}
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    named = {name.lower(): value for name, _, value in lines}
    missing = int(named.get("content-length", "0")) - len(body)
    while missing > 0:
        missing -= len(peer.recv(65536))
    return named


def saying(answer: bytes) -> Deed:
    return lambda peer: peer.sendall(answer)


def silent(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def hang_up(peer: socket.socket) -> None:
    peer.shutdown(socket.SHUT_RDWR)
    peer.close()


def dripping(head: bytes) -> Deed:
    """A byte now and then, for as long as anybody listens: no single wait is ever long."""

    def drip(peer: socket.socket) -> None:
        for byte in head:
            peer.sendall(bytes([byte]))
        while True:
            peer.sendall(b"x")
            if threading.Event().wait(0.02):
                return

    return drip


def ten_megabytes(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000)


@contextmanager
def serving(*deeds: Deed) -> Iterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(list(deeds), port=listening.getsockname()[1])
    thread = threading.Thread(target=server.serve, args=(listening,))
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@contextmanager
def speaking(
    server: Server, *, webhook: bool = True, clock: Clock | None = None, timeout: float = 5.0
) -> Iterator[HttpProvider]:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = f"127.0.0.1:{server.port}/in"
    adapter: Adapter
    if webhook:
        adapter = SignedWebhook(Endpoint.parse("X", f"webhook+http://:{secret}@{at}"))
    else:
        adapter = Twilio(Endpoint.parse("X", f"twilio+http://a:b@{at}?from=1"))
    provider = HttpProvider(adapter, frozenset({"127.0.0.1"}), clock or Clock(), timeout=timeout)
    try:
        yield provider
    finally:
        provider.close()


def fresh(seconds: float = 60.0) -> Letter:
    return replace(LETTER, fresh_until=Clock().real() + timedelta(seconds=seconds))


def outcome(provider: HttpProvider, letter: Letter = LETTER) -> Outcome:
    return provider.hand_over(letter)


def test_a_connection_is_used_for_several_messages() -> None:
    with serving() as server, speaking(server) as provider:
        taken = list(provider.lease().send(iter([LETTER, LETTER, LETTER])))

    assert taken == [Accepted("m-1")] * 3


def test_nobody_there_means_nothing_was_handed_over() -> None:
    with serving() as server:
        pass
    with speaking(server) as provider:
        refused = outcome(provider)

    assert isinstance(refused, Rejected)
    assert refused.retryable
    assert refused.reason.startswith("not_connected")


@pytest.mark.parametrize("deed", [silent, hang_up, dripping(b"HTTP/1.1 "), saying(b"nonsense\r\n")])
def test_silence_after_the_request_is_doubt_and_takes_no_longer_than_the_time_out(
    deed: Deed,
) -> None:
    with serving(deed) as server, speaking(server, timeout=0.8) as provider:
        begun = Clock().monotonic()
        doubt = outcome(provider)
        lasted = Clock().monotonic() - begun

    assert isinstance(doubt, Doubtful)
    assert lasted < 10.0
    assert len(server.keys) == 1


@pytest.mark.parametrize(
    "deed",
    [
        ten_megabytes,
        dripping(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n"),
    ],
)
def test_an_endless_answer_is_left_at_what_its_status_says(deed: Deed) -> None:
    with serving(deed, deed) as server, speaking(server, timeout=0.8) as provider:
        by_status = outcome(provider, LETTER)
    with serving(deed) as server, speaking(server, webhook=False, timeout=0.8) as provider:
        by_content = outcome(provider, LETTER)

    assert by_status == Accepted("m-1")
    assert by_content == Doubtful("answer_unreadable")


def test_doubt_is_repeated_only_where_the_key_is_honoured() -> None:
    with serving(hang_up) as server, speaking(server) as provider:
        assert outcome(provider, fresh()) == Accepted("m-1")
        assert server.keys == ["m-1", "m-1"]
    with serving(hang_up) as server, speaking(server, webhook=False) as provider:
        assert isinstance(outcome(provider, fresh()), Doubtful)
        assert len(server.keys) == 1


def test_doubt_is_not_repeated_once_the_letter_is_late() -> None:
    class OnceAsked(Clock):
        __slots__ = ()

        def real(self) -> datetime:
            return Clock().real() + timedelta(hours=len(server.keys))

    with serving(hang_up) as server, speaking(server, clock=OnceAsked()) as provider:
        assert isinstance(outcome(provider, fresh()), Doubtful)
        assert len(server.keys) == 1


def test_what_is_late_once_there_is_a_connection_is_not_handed_over() -> None:
    with serving() as server, speaking(server) as provider:
        assert outcome(provider, fresh(-0.001)) == CHECK_TOO_OLD
        assert server.keys == []
        assert outcome(provider, fresh()) == Accepted("m-1")


def test_late_letters_tell_nothing_of_the_provider() -> None:
    with serving(saying(BUSY), saying(BUSY)) as server, speaking(server) as provider:
        for _ in range(PROVIDER.failures):
            assert outcome(provider, fresh(-0.001)) == CHECK_TOO_OLD
        assert provider.works
        # Neither for it: what failed before is still in a row with what fails next.
        for letter in (fresh(), fresh(-0.001), fresh()):
            outcome(provider, letter)
        assert provider._circuit.failures == 2


def test_a_no_to_the_second_time_leaves_the_first_in_doubt() -> None:
    refusing = saying(b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n")
    with serving(hang_up, refusing, refusing) as server, speaking(server) as provider:
        assert isinstance(outcome(provider, fresh()), Doubtful)


def test_who_fails_again_and_again_is_left_alone_and_tried_with_one_message() -> None:
    moment = [0.0]

    class Moving(Clock):
        __slots__ = ()

        def monotonic(self) -> float:
            return moment[0]

    many = iter([LETTER] * 50)
    with (
        serving(*[saying(BUSY)] * (PROVIDER.failures + 1)) as server,
        speaking(server, clock=Moving()) as provider,
    ):
        first = provider.lease()
        assert len(list(first.send(many))) == PROVIDER.failures
        provider.release(first)
        with pytest.raises(Unavailable):
            provider.lease()
        moment[0] = 6.0
        trial = provider.lease()
        with pytest.raises(Unavailable):
            provider.lease()
        assert len(list(trial.send(many))) == 1  # it fails still
        provider.release(trial)
        moment[0] = 60.0
        trial = provider.lease()
        assert list(trial.send(iter([LETTER] * 3))) == [Accepted("m-1")] * 3
        assert provider.works


def test_a_closed_provider_ends_what_is_under_way_in_doubt() -> None:
    with serving(silent) as server, speaking(server, timeout=30.0) as provider:
        found: list[Outcome] = []
        waiting = threading.Thread(target=lambda: found.append(outcome(provider)))
        waiting.start()
        while not server.keys:
            waiting.join(0.01)
        provider.close()
        waiting.join(5)
        assert isinstance(outcome(provider), Rejected)

    assert isinstance(found[0], Doubtful)
