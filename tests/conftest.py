"""Fixtures for all tests: a broker, a database and a mailbox that are real and start fast."""

from collections.abc import Iterator

import pytest

from services.runtime.embedded.mail import EmbeddedMail
from services.runtime.embedded.postgres import EmbeddedPostgres
from support.broker import Broker, KafkaForTests, fresh_embedded
from support.database import Database, DatabasesForTests
from support.mail import Mailbox

pytest_plugins = ["support.browser", "support.brokers_report", "support.sharing"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL server for the run; no test survives its machine."""
    with EmbeddedPostgres(flushes=False) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> DatabasesForTests:
    """Where each test's database comes from."""
    return DatabasesForTests(postgres)


@pytest.fixture
def database(databases: DatabasesForTests) -> Iterator[Database]:
    """A migrated, empty database of the test's own."""
    with databases.fresh() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def kafka_for_tests() -> Iterator[KafkaForTests]:
    """One Apache Kafka for the run, started when first wanted."""
    shared = KafkaForTests()
    yield shared
    shared.stop()


@pytest.fixture
def broker(request: pytest.FixtureRequest, kafka_for_tests: KafkaForTests) -> Iterator[Broker]:
    """A broker without topics; the test runs once on each kind (see `support.brokers_report`)."""
    with kafka_for_tests.empty() if request.param == "kafka" else fresh_embedded() as running:
        yield running


@pytest.fixture(scope="session")
def mail_catcher() -> Iterator[Mailbox]:
    """One mail catcher for the run."""
    with EmbeddedMail() as catcher:
        mailbox = Mailbox(catcher)
        yield mailbox
        mailbox.close()


@pytest.fixture
def mailbox(mail_catcher: Mailbox) -> Mailbox:
    """An empty mailbox behind a relay that behaves."""
    mail_catcher.empty()
    return mail_catcher
