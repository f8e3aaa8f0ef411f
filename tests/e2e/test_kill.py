"""Services, broker and database are killed under load: nothing is lost, nothing done twice."""

import signal
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from e2e.conftest import Launch
from e2e.crowd import Crowd, clock
from e2e.proofs import POOL, intended, kept, settled
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import SERVICES
from support.polling import poll_until
from support.system import System

ROUNDS = 2


@pytest.fixture
def system(launch: Launch) -> Iterator[System]:
    with launch(clock()) as running:
        # A relay that takes its time: at any moment letters are on their way.
        running.mailbox.fault("slow", stage="data", seconds=0.1)
        yield running


@pytest.mark.brokers("kafka")
def test_all_are_killed_in_turn_under_load(system: System, postgres: EmbeddedPostgres) -> None:
    in_flight = 0
    with Crowd(system) as crowd:
        for _ in range(ROUNDS):
            for service in SERVICES:
                poll_until(partial(_busy, system, service), 60, f"{service} has nothing to do")
                in_flight += _kill(system, service)
                system.fleet.mend()
                poll_until(partial(_ready, system, service), 60, f"{service} does not come back")
        workers = {service: child.pid for service, child in system.fleet.children.items()}
        poll_until(partial(_busy, system, "messenger"), 60, "nothing to lose")
        system.broker.kill()
        system.broker.start()
        _come_back(system, crowd)
        poll_until(partial(_busy, system, "messenger"), 60, "nothing to lose")
        in_flight += POOL
        postgres.kill()
        postgres.start()
        _come_back(system, crowd)
    settled(system, crowd)
    kept(system, crowd, unknown=in_flight)
    system.fleet.mend()
    assert workers == {service: child.pid for service, child in system.fleet.children.items()}


def _come_back(system: System, crowd: Crowd) -> None:
    """Wait until all are ready again, and go on."""
    for service in SERVICES:
        poll_until(partial(_ready, system, service), 60, f"{service} does not come back")
    came = len(crowd.customers)
    poll_until(lambda: len(crowd.customers) > came + 5, 60, "nothing goes on")


def _kill(system: System, service: str) -> int:
    """Kill it; how many messages it left on their way."""
    child = system.fleet.children[service]
    child.stop(grace=0, first=signal.SIGKILL)
    poll_until(partial(_gone, system, service), 20, "the database still serves the dead")
    left = intended(system) if service == "messenger" else 0
    assert left <= POOL
    return left


def _ready(system: System, service: str) -> bool:
    try:
        return system.ready(service)[0] == 200
    except httpx.TransportError:
        return False


def _gone(system: System, service: str) -> bool:
    return not system.database.rows(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = %s",
        f"rapport-{service}",
    )


def _busy(system: System, service: str) -> bool:
    """Whether it is in the middle of something that a crash could lose or double."""
    match service:
        case "segmenter":
            return bool(system.database.rows("SELECT 1 FROM segmenter.outbox"))
        case "scheduler":
            return bool(system.database.rows("SELECT 1 FROM scheduler.outbox"))
        case "messenger":
            return intended(system) > 0
        case _:
            return _behind(system)


def _behind(system: System) -> bool:
    """Whether the negotiator has yet to apply what the segmenter has."""
    rows = system.database.rows(
        "SELECT 1 FROM negotiator.watermark AS it JOIN segmenter.watermark AS first"
        " USING (topic, partition) WHERE it.next_offset < first.next_offset"
    )
    return bool(rows)
