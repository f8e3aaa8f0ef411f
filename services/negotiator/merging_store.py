"""The SQL by which one customer becomes another. Nothing here commits."""

from sqlalchemy import text
from sqlmodel import Session


def move_to(session: Session, tenant: str, old: str, new: str) -> None:
    """Give all that is kept under a merged customer's id to the one that stays.

    Where the one that stays has a case about the same obligation, or evidence of the same kind,
    theirs is kept and the other rests where it was.
    """
    names = {"tenant": tenant, "old": old, "new": new}
    connection = session.connection()
    for table, same in (
        ("case_file", "obligation_id"), ("evidence", "kind"), ("enrolment", "enrolment_id"),
        ("affordability", "obligation_id"),
    ):  # fmt: skip
        connection.execute(
            text(
                f"UPDATE {table} AS t SET customer = :new"
                " WHERE tenant = :tenant AND customer = :old AND NOT EXISTS"
                f" (SELECT 1 FROM {table} AS n WHERE n.tenant = :tenant AND n.customer = :new"
                f" AND n.{same} = t.{same})"
            ),
            names,
        )
    connection.execute(
        text(
            "INSERT INTO hold (tenant, customer, kind, obligation_id, until)"
            " SELECT tenant, :new, kind, obligation_id, until FROM hold"
            " WHERE tenant = :tenant AND customer = :old ON CONFLICT DO NOTHING"
        ),
        names,
    )
    for table in ("offer", "proposal", "agreement", "handoff", "attempt", "session"):
        connection.execute(
            text(
                f"UPDATE {table} AS t SET customer = :new FROM case_file AS c"
                " WHERE t.case_id = c.case_id AND c.tenant = :tenant AND c.customer = :new"
                " AND t.customer = :old"
            ),
            names,
        )
    connection.execute(
        text("UPDATE checkout SET customer = :new WHERE tenant = :tenant AND customer = :old"),
        names,
    )
    session.expire_all()
