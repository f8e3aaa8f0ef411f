"""What the end-to-end tests share: all services as processes, on parts of the test's own."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from support.broker import Broker
from support.database import Database
from support.mail import Mailbox
from support.system import System, whole_system

Launch = Callable[..., AbstractContextManager[System]]


@pytest.fixture
def launch(broker: Broker, database: Database, mailbox: Mailbox, tmp_path: Path) -> Launch:
    """`with launch(clock, NAME="value") as system`: the four services on the test's parts."""
    return partial(whole_system, broker, database, mailbox, tmp_path)
