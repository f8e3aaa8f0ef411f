"""Alembic for every service: its own schema, its own history, and the runtime's tables."""

from pathlib import Path
from types import ModuleType

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Session

from services.runtime import outbox_rows
from services.runtime.database import open_engine
from services.runtime.settings import ROOT


def upgrade(service: str, url: sa.URL) -> None:
    """Bring the service's schema to its newest version. Safe to run from many processes."""
    engine = open_engine(url, service, pool=1)
    config = Config()
    config.set_main_option("script_location", str(location(service)))
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('rapport.migrate'))"))
            if service not in sa.inspect(connection).get_schema_names():
                connection.execute(sa.text(f"CREATE SCHEMA {service}"))
            config.attributes["connection"] = connection
            config.attributes["service"] = service
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def location(service: str) -> Path:
    """The folder of a service's migrations."""
    return ROOT / "services" / service / "migrations"


def run() -> None:
    """What every service's `migrations/env.py` calls."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        version_table_schema=attributes["service"],
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def create_runtime_tables(op: ModuleType) -> None:
    """The four tables of the processing rule (design section 4), in each service's schema."""
    op.create_table(
        "watermark",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("cluster_id", sa.Text, nullable=False),
        sa.Column("topic_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "inbox",
        sa.Column("id", pg.UUID, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("inbox_at", "inbox", ["at"], postgresql_using="brin")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "parked",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    # A message is read once and dropped: compressing it, or storing it apart, would only cost.
    op.execute("ALTER TABLE outbox SET (toast_tuple_target = 8160)")
    # Queues that are filled and emptied all day: keep them small without waiting for the default.
    for table in ("outbox", "parked"):
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.01,"
            " autovacuum_vacuum_threshold = 5000)"
        )


def pack_outbox(op: ModuleType) -> None:
    """Messages of a lane and topic stand in the outbox many to a row, as the ledger packs them."""
    connection = op.get_bind()
    kept = connection.execute(
        sa.text("SELECT lane, topic, key, value FROM outbox ORDER BY id")
    ).fetchall()
    op.execute("DELETE FROM outbox")
    op.drop_column("outbox", "key")
    op.drop_column("outbox", "value")
    op.add_column("outbox", sa.Column("count", sa.Integer, nullable=False))
    op.add_column("outbox", sa.Column("messages", sa.LargeBinary, nullable=False))
    with Session(connection) as session:
        outbox_rows.add(session, [tuple(row) for row in kept])
