"""A service as a process: how it ends when it is told to, and when it must not go on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from running import on

from rapport.playbook_folder import publish_folder
from schemas.topics import CUSTOMER_EVENTS
from services.runtime.embedded.children import free_port
from services.runtime.settings import ROOT, Settings
from support.broker import Broker
from support.database import Database
from support.polling import poll_until, says_200

pytestmark = pytest.mark.brokers("embedded")


@contextmanager
def segmenter(broker: Broker, database: Database) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The process, and where it says that it is ready."""
    settings, port = on(broker), free_port()
    publish_folder(Settings(), broker.address)
    environment = {
        **os.environ,
        **database.environment,
        "KAFKA_BOOTSTRAP_SERVERS": broker.address,
        "KAFKA_SESSION_TIMEOUT": str(settings["kafka_session_timeout"]),
        "PORT_BASE": str(port - 1),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "services.segmenter.main"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process, f"http://127.0.0.1:{port}/readyz"
        finally:
            process.kill()


def test_the_wrong_cluster_ends_it_with_a_clear_message(broker: Broker, database: Database) -> None:
    database.rows(
        "INSERT INTO segmenter.watermark VALUES (%s, 0, 'of last week', 'some', 1, 1000)",
        CUSTOMER_EVENTS,
    )
    with segmenter(broker, database) as (process, _):
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "this database was filled from cluster of last week" in said
    assert "Point the service at its own broker, or at an empty database" in said
    [(offset,)] = database.rows("SELECT next_offset FROM segmenter.watermark WHERE epoch = 1")
    assert offset == 1000


def test_it_ends_in_order_when_told_even_while_the_broker_is_away(
    broker: Broker, database: Database
) -> None:
    with segmenter(broker, database) as (process, url):
        poll_until(lambda: says_200(url), 60, "not ready")
        broker.kill()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
    assert process.returncode == 0
