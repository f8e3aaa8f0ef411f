"""Each service has its own role, and sees nothing of the others."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.runtime.database import open_engine
from services.runtime.settings import SERVICES
from support.database import Database


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_reads_and_makes_tables_in_its_own_schema_only(
    database: Database, service: str
) -> None:
    engine = open_engine(database.service_url(service), service, pool=1)
    try:
        with engine.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 0
            assert (
                connection.execute(text("SELECT current_user")).scalar_one() == f"rapport_{service}"
            )
            connection.execute(text("CREATE TABLE own (id int)"))
        for other in SERVICES:
            if other == service:
                continue
            for statement in (
                f"SELECT * FROM {other}.inbox",
                f"DELETE FROM {other}.outbox",
                f"CREATE TABLE {other}.foreign_body (id int)",
                f"SET ROLE rapport_{other}",
            ):
                with (
                    pytest.raises(ProgrammingError, match="permission denied"),
                    engine.begin() as c,
                ):
                    c.execute(text(statement))
        with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as c:
            c.execute(text("CREATE TABLE public.foreign_body (id int)"))
    finally:
        engine.dispose()
