"""Two workers of each service; one of each is frozen in the middle of a transaction and woken.

Each is held there by a row that the test has locked, so that it really has something to write
when it wakes up, long after another took over.
"""

import re
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import LiteralString

import httpx
import psutil
import psycopg
import pytest
from psycopg import sql

from e2e.conftest import Launch
from e2e.crowd import Crowd, clock
from e2e.proofs import POOL, kept, settled
from rapport.launcher import Fleet, Parts
from services.runtime.database import plain, psycopg_url
from services.runtime.embedded.children import answers, free_port
from services.runtime.partitioning import PARTITIONS
from services.runtime.settings import SERVICES
from support.polling import poll_until
from support.system import System

CUSTOMERS = {service: "profile" if service == "segmenter" else "customer" for service in SERVICES}
"""Where each service keeps the row that is its lock on a customer."""


@pytest.fixture
def system(launch: Launch) -> Iterator[System]:
    with launch(clock()) as running:
        running.mailbox.fault("slow", stage="data", seconds=0.1)
        _note_moves(running)
        yield running


@pytest.fixture
def second(system: System, tmp_path: Path) -> Iterator[Fleet]:
    """Another worker of each service."""
    parts = Parts({**system.parts.environment, "PORT_BASE": str(_free_ports())})
    fleet = Fleet(parts, say=lambda _: None, logs=tmp_path / "second")
    try:
        fleet.start()
        yield fleet
    finally:
        fleet.stop()


def _free_ports() -> int:
    while True:
        base = free_port()
        if not any(answers(base + number) for number in range(1, len(SERVICES) + 1)):
            return base


@pytest.mark.brokers("kafka")
def test_a_frozen_worker_that_wakes_up_writes_nothing(system: System, second: Fleet) -> None:
    assert second.children
    with Crowd(system) as crowd:
        poll_until(lambda: len(crowd.one_a_lane()) == PARTITIONS, 60, "a lane without customers")
        # The last first: each must still be given something to do by those before it.
        for service in reversed(SERVICES):
            _freeze_deciding(system, crowd, service)
        came = len(crowd.customers)
        poll_until(lambda: len(crowd.customers) >= came + 20, 90, "nobody has taken over")
    settled(system, crowd)
    for service in SERVICES:
        system.fleet.children[service].send(signal.SIGCONT)
    for service in SERVICES:
        poll_until(partial(_fenced, system, service), 30, f"{service} wrote, or did not try")
    with crowd:
        came = len(crowd.customers)
        poll_until(lambda: len(crowd.customers) >= came + 20, 90, "the woken stand in the way")
    settled(system, crowd)
    _epochs_only_rise(system)
    # What was on a connection of either worker when its lanes were given on.
    kept(system, crowd, unknown=2 * POOL)


def _freeze_deciding(system: System, crowd: Crowd, service: str) -> None:
    """Freeze the service's first worker while it waits for rows in a transaction."""
    child = system.fleet.children[service]
    hostages = crowd.one_a_lane()
    poll_until(partial(_knows, system, service, hostages), 60, f"{service} does not know them")
    with _locked(system, service, hostages):
        for who in hostages:
            crowd.moves(who)
        poll_until(
            partial(_waits, system, service, child.pid), 30, f"{service} does not touch them"
        )
        child.send(signal.SIGSTOP)


@contextmanager
def _locked(system: System, service: str, customers: list[str]) -> Iterator[None]:
    with psycopg.connect(plain(psycopg_url(system.database.url))) as holding:
        holding.execute(_rows_of(service, " ORDER BY customer FOR UPDATE"), (customers,))
        yield


def _knows(system: System, service: str, customers: list[str]) -> bool:
    with psycopg.connect(plain(psycopg_url(system.database.url))) as looking:
        found = looking.execute(_rows_of(service, ""), (customers,)).fetchall()
    return len(found) == len(customers)


def _rows_of(service: str, tail: LiteralString) -> sql.Composed:
    table = sql.Identifier(service, CUSTOMERS[service])
    return sql.SQL("SELECT 1 FROM {} WHERE customer = ANY(%s)" + tail).format(table)


def _waits(system: System, service: str, pid: int) -> bool:
    """Whether a transaction of this process that has moved a watermark waits for a row."""
    ports = [one.laddr.port for one in psutil.Process(pid).net_connections("tcp") if one.laddr]
    return bool(
        system.database.rows(
            "SELECT 1 FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE client_port = ANY(%s)"
            " AND wait_event_type = 'Lock' AND relation = to_regclass(%s || '.watermark')"
            " AND mode = 'RowExclusiveLock' AND granted",
            ports,
            service,
        )
    )


def _fenced(system: System, service: str) -> bool:
    """Whether the service's first worker says that a transaction of its was fenced off."""
    try:
        text = system.http.get(system.url(service, "/metrics")).text
    except httpx.TransportError:
        return False
    found = re.search(r"^rapport_fenced_total ([\d.e+]+)$", text, re.MULTILINE)
    return found is not None and float(found[1]) > 0


def _note_moves(system: System) -> None:
    """Let the database itself note each change of a watermark, in order."""
    system.database.rows(
        "CREATE TABLE public.moves (id bigserial, service text, topic text, partition int,"
        " epoch bigint, next_offset bigint)"
    )
    system.database.rows(
        "CREATE FUNCTION public.note_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN INSERT INTO public.moves (service, topic, partition, epoch, next_offset)"
        " VALUES (TG_TABLE_SCHEMA, NEW.topic, NEW.partition, NEW.epoch, NEW.next_offset);"
        " RETURN NULL; END $$"
    )
    with psycopg.connect(plain(psycopg_url(system.database.url)), autocommit=True) as admin:
        for service in SERVICES:
            admin.execute(
                sql.SQL(
                    "CREATE TRIGGER note_move AFTER INSERT OR UPDATE ON {}"
                    " FOR EACH ROW EXECUTE FUNCTION public.note_move()"
                ).format(sql.Identifier(service, "watermark"))
            )


def _epochs_only_rise(system: System) -> None:
    """No transaction of an owner was committed after its successor's first."""
    history = defaultdict(list)
    for service, topic, partition, epoch, offset in system.database.rows(
        "SELECT service, topic, partition, epoch, next_offset FROM public.moves ORDER BY id"
    ):
        history[service, topic, partition].append((epoch, offset))
    assert {service for service, _, _ in history} == set(SERVICES)
    for lane, moves in history.items():
        assert moves == sorted(moves), lane
        assert [offset for _, offset in moves] == sorted(offset for _, offset in moves), lane
