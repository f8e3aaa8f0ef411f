"""What is said to a mail server, command by command, by servers that take groups and that don't."""

import smtplib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from services.messenger.providers.smtp import SmtpConnection
from services.runtime.clock import Clock

OK, GO = "250 2.0.0 fine", "354 go ahead"


@dataclass
class Server:
    """Answers by verb, and at the content's end; all else is fine. `cut` hangs up."""

    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def serve(self, peer: socket.socket) -> None:
        waiting = {verb: list(answers) for verb, answers in self.answers.items()}
        content = False
        with peer, peer.makefile("rwb") as lines:
            for raw in lines:
                line = raw.rstrip(b"\r\n").decode()
                if content and line != ".":
                    continue
                verb = "." if content else line.partition(" ")[0].upper()
                self.said.append(verb)
                left = waiting.get(verb)
                answer = left.pop(0) if left else GO if verb == "DATA" else OK
                if answer == "cut":
                    return
                content = verb == "DATA" and answer.startswith("354")
                lines.write(f"{answer}\r\n".encode())
                lines.flush()


@contextmanager
def connected(
    server: Server, *, groups: bool, clock: Clock | None = None
) -> Iterator[SmtpConnection]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    client = smtplib.SMTP()
    client.sock = ours
    client.esmtp_features = {"pipelining": ""} if groups else {}
    serving = threading.Thread(target=server.serve, args=(theirs,))
    serving.start()
    try:
        yield SmtpConnection(client, clock or Clock())
    finally:
        client.close()
        serving.join(5)


def letters(count: int, to: str = "ana@example.com") -> list[Letter]:
    return [
        Letter(f"m-{number}@x", "care@bank.example", to, b"Subject: x\r\n\r\n.dot\r\n")
        for number in range(count)
    ]


def dialogue(
    server: Server, given: Iterator[Letter], *, groups: bool, clock: Clock | None = None
) -> list[Outcome]:
    with connected(server, groups=groups, clock=clock) as connection:
        return list(connection.send(given))


@pytest.mark.parametrize("groups", [True, False])
def test_each_letter_goes_once(groups: bool) -> None:
    server = Server()
    outcomes = dialogue(server, iter(letters(3)), groups=groups)
    assert outcomes == [Accepted(f"<m-{number}@x>") for number in range(3)]
    assert server.said == ["MAIL", "RCPT", "DATA", "."] * 3


@pytest.mark.parametrize("groups", [True, False])
def test_a_refused_recipient_costs_its_letter_alone(groups: bool) -> None:
    answers = {"RCPT": ["550 5.1.1 nobody"], "DATA": ["503 no recipient"] if groups else []}
    server = Server(answers)
    first, *rest = dialogue(server, iter(letters(3)), groups=groups)
    assert first == Rejected("recipient_refused", "550 5.1.1", retryable=False, dead_address=True)
    assert [type(one) for one in rest] == [Accepted, Accepted]
    assert server.said.count("RSET") == 1
    assert server.said.count(".") == 2


def test_a_server_that_wants_a_content_without_recipient_gets_an_empty_one() -> None:
    server = Server({"RCPT": ["450 4.2.1 later"], ".": ["554 no valid recipients"]})
    first, second = dialogue(server, iter(letters(2)), groups=True)
    assert first == Rejected("recipient_refused", "450 4.2.1", retryable=True)
    assert second == Accepted("<m-1@x>")


@pytest.mark.parametrize("groups", [True, False])
def test_silence_after_the_content_leaves_doubt_about_one_letter(groups: bool) -> None:
    given = iter(letters(4))
    outcomes = dialogue(Server({".": [OK, "cut"]}), given, groups=groups)
    assert isinstance(outcomes[1], Doubtful)
    assert [one for one in outcomes if isinstance(one, Doubtful)] == [outcomes[1]]
    assert all(isinstance(one, Rejected) and one.retryable for one in outcomes[2:])
    assert len(outcomes) + len(list(given)) == 4


@pytest.mark.parametrize("groups", [True, False])
def test_a_server_that_closes_takes_no_more(groups: bool) -> None:
    given = iter(letters(3))
    outcomes = dialogue(Server({"MAIL": ["421 4.3.2 closing"]}), given, groups=groups)
    assert outcomes == [Rejected("sender_refused", "421 4.3.2", retryable=True)]
    assert len(list(given)) == 2


@pytest.mark.parametrize("groups", [True, False])
def test_a_server_that_is_slow_to_ask_for_the_content_gets_none_that_is_late(groups: bool) -> None:
    server, begun = Server(), Clock().real()

    class WhenAsked(Clock):
        __slots__ = ()

        def real(self) -> datetime:
            return begun + timedelta(seconds=3 * server.said.count("DATA"))

    now, later = letters(2)
    given = [
        replace(now, fresh_until=begun + timedelta(seconds=4)),
        replace(later, fresh_until=begun + timedelta(seconds=5)),
    ]
    outcomes = dialogue(server, iter(given), groups=groups, clock=WhenAsked())
    assert outcomes == [Accepted("<m-0@x>"), CHECK_TOO_OLD]
    assert server.said == ["MAIL", "RCPT", "DATA", ".", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("groups", [True, False])
@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<eve@b.example", "a b@c.example", "a@b.example\n"]
)
def test_nothing_in_an_address_becomes_a_command(address: str, groups: bool) -> None:
    server = Server()
    given = [*letters(1), *letters(1, to=address), *letters(1)]
    outcomes = dialogue(server, iter(given), groups=groups)
    assert [type(one) for one in outcomes] == [Accepted, Rejected, Accepted]
    assert server.said == ["MAIL", "RCPT", "DATA", "."] * 2
