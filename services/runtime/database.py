"""PostgreSQL: one role and one schema a service, sessions, and which failures pass."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from services.runtime.security import database_password
from services.runtime.settings import Settings

# A frozen worker must not hold rows that its successor needs: the server ends its session, be it
# idle in a transaction or not taking in what it asked for.
IDLE_IN_TRANSACTION_MS = 10_000
POOL = 12

# Serialization failures, deadlocks, lost connections, shutdowns, too many connections, and what
# an operator does by hand (57P01): the same transaction may succeed when tried again.
_PASSING_STATES = ("08", "40", "53", "57P", "55P03", "25P03")


def is_passing(error: BaseException) -> bool:
    """Whether a failure of the database may pass by itself, so that waiting is right."""
    if isinstance(error, PoolTimeout | InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    # COPY goes past SQLAlchemy, so that its failures come as the driver's own.
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_PASSING_STATES)


def psycopg_url(text: str) -> URL:
    """`text` (postgres://, postgresql://, …) as a SQLAlchemy URL for psycopg 3."""
    return make_url(text.replace("postgres://", "postgresql://", 1)).set(
        drivername="postgresql+psycopg"
    )


def service_url(settings: Settings, service: str) -> URL:
    """Where a service's tables are: its own URL if set, else its role in the shared database.

    Raises ValueError where neither is set.
    """
    own: str | None = getattr(settings, f"{service}_database_url")
    if own:
        return psycopg_url(own)
    if not settings.database_url or not settings.secret_key:
        raise ValueError("set DATABASE_URL and SECRET_KEY, or the service's own DATABASE_URL")
    return psycopg_url(settings.database_url).set(
        username=role_of(service), password=database_password(settings.secret_key, service)
    )


def role_of(service: str) -> str:
    """The database role of a service."""
    return f"rapport_{service}"


def open_engine(url: URL, service: str, pool: int = POOL) -> Engine:
    """An engine whose sessions see the service's schema only. Opens no connection yet."""
    options = (
        f"-csearch_path={service} -ctimezone=UTC "
        f"-cidle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} "
        f"-ctcp_user_timeout={IDLE_IN_TRANSACTION_MS} "
        # A plan made while a table was empty would be kept for hours after it has filled.
        "-cplan_cache_mode=force_custom_plan"
    )
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=True,
        pool_timeout=10,
        # An error's text must not quote what customers are called.
        hide_parameters=True,
        # A row has several documents, mostly small: the standard reader takes ten times as long.
        json_deserializer=msgspec.json.decode,
        connect_args={
            "options": options,
            "application_name": f"rapport-{service}",
            "connect_timeout": 5,
            # A server that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "prepare_threshold": 5,
        },
    )


def provision(settings: Settings, service: str) -> None:
    """Make the service's role and schema, if DATABASE_URL serves all; repeatable.

    Other services' roles get no right on the schema. Does nothing where the service has a
    database of its own. May block while the server answers; raises psycopg.Error.
    """
    if getattr(settings, f"{service}_database_url"):
        return
    url = service_url(settings, service)
    assert settings.database_url is not None
    assert url.password is not None
    role, schema = sql.Identifier(role_of(service)), sql.Identifier(service)
    with psycopg.connect(plain(psycopg_url(settings.database_url)), autocommit=False) as admin:
        # Four services may start at once; roles are shared by the whole server.
        admin.execute("SELECT pg_advisory_xact_lock(hashtext('rapport.provision'))")
        known = admin.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", (role_of(service),)
        ).fetchone()
        if not known:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        admin.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(url.password))
        )
        admin.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(schema, role)
        )
        admin.execute(sql.SQL("REVOKE ALL ON SCHEMA {} FROM PUBLIC").format(schema))


def plain(url: URL) -> str:
    """The URL as libpq reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def quoted(part: str) -> str:
    """A user name or password made safe for a URL."""
    return quote(part, safe="")


def array(values: Iterable[str | None]) -> str:
    """An array as PostgreSQL reads it from text, for `CAST(:name AS text[])`.

    A list would do, and takes the driver ten times as long.
    """
    return "{" + ",".join(map(_element, values)) + "}"


NO_ITEMS = "{}"
"""An `array` of nothing."""


def _element(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def driver(session: Session) -> "psycopg.Connection[tuple[Any, ...]]":
    """The driver's own connection, in the session's transaction: for COPY and binary rows."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
