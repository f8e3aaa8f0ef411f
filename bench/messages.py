"""Messages rendered, checked, recorded and handed to a mail server, a second.

Two sending workers own half of the lanes each, as two processes of the messenger would; the mail
server of the bench is on the same machine, and so is PostgreSQL. Facts are counted as far as the
outbox. In the same run, smtplib sends finished mail of the same size: what a program would reach
that decides, writes and records nothing. Processor time is told of each, too: it says what two
cores can do, whatever else the machine is doing meanwhile.
"""

import os
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from bench.message_load import fill
from bench.sink import Sink, sink
from schemas.topics import OUTREACH_DISPATCHES, declared
from services.messenger.main import NAME
from services.playbooks.load import load_playbooks
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import Settings

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "100000"))
SENDERS = int(os.environ.get("BENCH_SENDERS", "2"))
PLAIN = 3000
"""Letters that smtplib sends."""
BAR = 1500.0
GROWTH = 1.10
"""Memory at the end, at most so many times that after the first fifth."""
GIVE_UP_SECONDS = 300.0
LEFT = (
    "SELECT 1 FROM dispatch WHERE state = 'pending'"
    " UNION ALL SELECT 1 FROM message WHERE state = 'intended' LIMIT 1"
)
BUSINESS = "2026-03-02T10:00:00Z*1"
"""A Monday morning in Berlin, so that every letter may go out."""
CLOCK = Clock()


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time, by who used them."""

    senders: float
    postgres: float
    sink: float

    @property
    def all(self) -> float:
        """Of all together."""
        return self.senders + self.postgres + self.sink


@dataclass
class Sender:
    """One worker: its process, and what it told of itself."""

    process: "subprocess.Popen[str]"
    memory: list[tuple[float, int]] = field(default_factory=list)
    cpu: float = 0.0
    ready: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        """Take in what the worker prints, until its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, value = line.strip().partition(" ")
            if word == "ready":
                self.ready.set()
            elif word == "memory":
                self.memory.append((CLOCK.monotonic(), int(value)))
            elif word == "cpu":
                self.cpu = float(value)


def run() -> bool:
    """Run once, print the table; whether the bar is reached and memory stays flat."""
    with EmbeddedPostgres() as postgres, sink() as server:
        settings = Settings(database_url=postgres.url, secret_key="bench")
        database.provision(settings, NAME)
        url = database.service_url(settings, NAME)
        migrations.upgrade(NAME, url)
        clock = Clock.parse(f"{BUSINESS}@{CLOCK.real().timestamp() + 3600}")
        versions = {
            name: playbook.version
            for name, playbook in load_playbooks(settings.playbooks_dir).items()
        }
        environment = {
            **os.environ,
            "DATABASE_URL": postgres.url,
            "SECRET_KEY": "bench",
            "SMTP_URL": server.url,
            "PUBLIC_URL": "https://mail.example.com",
            "CLOCK": clock.text(),
        }
        with psycopg.connect(
            database.plain(url), autocommit=True, options=f"-csearch_path={NAME}"
        ) as connection:
            fill(connection, MESSAGES, clock.now(), versions)
            before = _used(postgres.pid), _used(server.pid)
            with _senders(environment) as senders, _fresh(connection):
                seconds, taken = _watch(connection, server, senders)
            after = _used(postgres.pid), _used(server.pid)
            ended = _ended(connection)
            letter = _a_letter(connection)
        plain = _plain_rate(server, *letter)
    used = (late - early for early, late in zip(before, after, strict=True))
    cpu = Cpu(sum(one.cpu for one in senders), *used)
    return _report(senders, cpu, seconds, taken, ended, plain, len(letter[2]))


@contextmanager
def _senders(environment: dict[str, str]) -> Iterator[list[Sender]]:
    lanes = range(declared(os.environ)[OUTREACH_DISPATCHES].partitions)
    senders = []
    for number in range(SENDERS):
        own = ",".join(str(lane) for lane in lanes if lane % SENDERS == number)
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bench.message_sender"],
            env={**environment, "BENCH_LANES": own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        senders.append(Sender(process))
    listeners = [threading.Thread(target=one.listen, daemon=True) for one in senders]
    for listener in listeners:
        listener.start()
    try:
        for one in senders:
            one.ready.wait(60)
        yield senders
    finally:
        for one in senders:
            assert one.process.stdin is not None
            one.process.stdin.close()
        for one in senders:
            one.process.wait(30)
        for listener in listeners:
            listener.join(5)


@contextmanager
def _fresh(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """What the log's heartbeats do: tell that every lane is read up to now."""
    stopping = threading.Event()

    def beat() -> None:
        while not stopping.wait(0.2):
            connection.execute(
                "INSERT INTO lane (lane, fresh_at) SELECT partition, clock_timestamp()"
                " FROM watermark WHERE topic = %s"
                " ON CONFLICT (lane) DO UPDATE SET fresh_at = excluded.fresh_at",
                (OUTREACH_DISPATCHES,),
            )

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        yield
    finally:
        stopping.set()
        beating.join()


def _watch(
    connection: "psycopg.Connection[Any]", server: Sink, senders: Sequence[Sender]
) -> tuple[float, int]:
    """Real seconds from the first letter to the last, and how many came."""
    deadline = CLOCK.monotonic() + GIVE_UP_SECONDS
    first, at_first, last, seen = 0.0, 0, 0.0, 0
    while seen < MESSAGES and CLOCK.monotonic() < deadline:
        time.sleep(0.02)
        now, taken = CLOCK.monotonic(), server.taken.value
        if taken and not first:
            first, at_first = now, taken
        if taken != seen:
            last, seen = now, taken
        if now - last > 1.0 and not connection.execute(LEFT).fetchone():
            break
        if any(one.process.poll() is not None for one in senders):
            break
    return last - first, seen - at_first


def _ended(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """How the orders ended, by state."""
    return dict(connection.execute("SELECT state, count(*) FROM dispatch GROUP BY 1").fetchall())


def _a_letter(connection: "psycopg.Connection[Any]") -> tuple[str, str, bytes]:
    row = connection.execute("SELECT copy FROM message ORDER BY dispatch_id LIMIT 1").fetchone()
    assert row is not None
    return "care@harbourlane.example", "customer@example.com", bytes(row[0])


def _plain_rate(server: Sink, sender: str, recipient: str, copy: bytes) -> float:
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        begun = CLOCK.monotonic()
        for _ in range(PLAIN):
            client.sendmail(sender, [recipient], copy)
        return PLAIN / (CLOCK.monotonic() - begun)


def _used(pid: int | None) -> float:
    """Seconds of processor time that a process and its children have used, ended ones included."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    running = [child.cpu_times() for child in process.children()]
    ended = own.children_user + own.children_system
    return float(sum(one.user + one.system for one in (own, *running)) + ended)


def _growth(sender: Sender) -> float:
    """Memory at the end as a multiple of that after the first fifth."""
    if len(sender.memory) < 5:
        return 1.0
    return sender.memory[-1][1] / sender.memory[len(sender.memory) // 5][1]


def _report(
    senders: Sequence[Sender],
    cpu: Cpu,
    seconds: float,
    taken: int,
    ended: dict[str, int],
    plain: float,
    size: int,
) -> bool:
    rate = taken / seconds if seconds else 0.0
    growth = max(_growth(one) for one in senders)
    table = Table(title=f"{MESSAGES:,} messages of {size:,} bytes, {len(senders)} senders")
    table.add_column("measured")
    table.add_column("value", justify="right")
    table.add_row("rendered, recorded and handed over", f"{rate:,.0f}/s")
    table.add_row("smtplib, finished mail, one connection", f"{plain:,.0f}/s")
    table.add_row("ratio", f"{rate / plain:.2f}")
    for name, used in (
        ("the senders", cpu.senders),
        ("PostgreSQL", cpu.postgres),
        ("the mail server", cpu.sink),
    ):
        table.add_row(f"CPU of {name} a message", f"{used / MESSAGES * 1000:.2f} ms")
    table.add_row("two cores of their own could do", f"{2 * MESSAGES / cpu.all:,.0f}/s")
    for number, one in enumerate(senders):
        peak = max((size for _, size in one.memory), default=0)
        table.add_row(f"memory of sender {number + 1}, peak", f"{peak / 2**20:.0f} MB")
    table.add_row("memory, end against first fifth", f"{growth:.2f} times")
    table.add_row("orders by their end", ", ".join(f"{k} {v:,}" for k, v in ended.items()))
    Console().print(table)
    whole = ended == {"sent": MESSAGES}
    reached = whole and rate >= BAR and growth <= GROWTH
    print(
        f"messages: {rate:,.0f}/s, bar {BAR:,.0f}; memory {growth:.2f} times, bar {GROWTH:.2f}; "
        f"{'all sent' if whole else 'NOT ALL SENT'}: {'reached' if reached else 'MISSED'}"
    )
    return reached
