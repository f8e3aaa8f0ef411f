"""Alembic's entry; the work is the runtime's."""

from services.runtime.migrations import run

run()
