"""The one life that the tests of this folder look at."""

from functools import partial

import pytest

from e2e.life.answers import Answers
from e2e.life.living import Life, live, standing_still
from e2e.life.mile import Mile
from e2e.life.several import Several
from e2e.life.strategies import Strategies
from support.broker import KafkaForTests
from support.database import DatabasesForTests
from support.mail import Mailbox
from support.system import whole_system


@pytest.fixture(scope="session")
def life(
    kafka_for_tests: KafkaForTests,
    databases: DatabasesForTests,
    mail_catcher: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Life:
    """Ten days on Apache Kafka, lived once; nothing runs any more when the tests look."""
    mail_catcher.empty()
    folder = tmp_path_factory.mktemp("logs")
    with (
        kafka_for_tests.empty() as broker,
        databases.fresh() as database,
        standing_still(partial(whole_system, broker, database, mail_catcher, folder)) as found,
    ):
        system, replies_port = found
        with system.log() as log:
            life = Life(system, log, replies_port)
            # First those of whom something is to be seen within a minute.
            live(life, [story(life) for story in (Strategies, Mile, Answers, Several)])
    return life
