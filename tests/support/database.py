"""Databases for tests: one PostgreSQL for the run, and for each test a copy of a migrated one."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import URL

from services.runtime import database, migrations
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import SERVICES, Settings

SECRET_KEY = "a secret that only tests know, long enough to be one"
_TEMPLATE = "rapport_template"


@dataclass(frozen=True)
class Database:
    """One test's own database, with every service's role, schema and tables in it."""

    url: str
    """SQLAlchemy URL of the superuser."""
    _looking: "_Looking" = field(default_factory=lambda: _Looking(), repr=False, compare=False)

    @property
    def settings(self) -> Settings:
        """Settings whose services use this database."""
        return Settings(database_url=self.url, secret_key=SECRET_KEY)

    @property
    def environment(self) -> dict[str, str]:
        """The same for processes."""
        return {"DATABASE_URL": self.url, "SECRET_KEY": SECRET_KEY}

    def service_url(self, service: str) -> URL:
        """Where the service's role enters."""
        return database.service_url(self.settings, service)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """What the superuser reads, or changes, by one statement with %s places."""
        return self._looking.rows(_plain(self.url), query, values)

    def close(self) -> None:
        """Let go of the server."""
        self._looking.close()


class _Looking:
    """One connection for all that a test asks: to enter by password takes longer than to ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def rows(
        self, url: str, query: LiteralString, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        """Raises psycopg.OperationalError while the server is away."""
        with self._lock:
            kept = self._connection
            if kept is not None:
                try:
                    return _ask(kept, query, values)
                except psycopg.OperationalError:
                    # The server has been away; anything else would be the same again.
                    if not kept.closed:
                        raise
            self._connection = psycopg.connect(url, autocommit=True)
            return _ask(self._connection, query, values)

    def close(self) -> None:
        """The next question opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _ask(
    connection: "psycopg.Connection[tuple[Any, ...]]",
    query: LiteralString,
    values: tuple[object, ...],
) -> list[tuple[Any, ...]]:
    cursor = connection.execute(query, values or None)
    return cursor.fetchall() if cursor.description else []


class DatabasesForTests:
    """Makes each test's database from the template, which is made when first wanted."""

    def __init__(self, server: EmbeddedPostgres, services: tuple[str, ...] = SERVICES) -> None:
        self._server = server
        self._services = services
        self._made = False
        self._numbers = itertools.count(1)

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        """Lend a migrated, empty database; it is dropped afterwards."""
        if not self._made:
            self._make_template()
            self._made = True
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        try:
            yield Database(self._url(name))
        finally:
            self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _make_template(self) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)")
        self._execute(f"CREATE DATABASE {_TEMPLATE}")
        template = Database(self._url(_TEMPLATE))
        for service in self._services:
            database.provision(template.settings, service)
            migrations.upgrade(service, template.service_url(service))

    def _url(self, name: str) -> str:
        return self._server.url.rpartition("/")[0] + f"/{name}"

    def _execute(self, statement: LiteralString) -> None:
        with psycopg.connect(_plain(self._server.url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement))


def _plain(url: str) -> str:
    return database.plain(database.psycopg_url(url))
