"""The messenger's SQL that forgets a customer. Nothing here commits."""

from sqlalchemy import text
from sqlmodel import Session

from services.messenger.tables import CustomerRow

_OF_CUSTOMER = (
    "UPDATE message SET copy = '', links = '{}', choices = '{}'"
    " WHERE tenant = :tenant AND customer = :customer AND copy <> ''",
    "DELETE FROM reply WHERE tenant = :tenant AND customer = :customer",
    "DELETE FROM choice WHERE tenant = :tenant AND customer = :customer",
    # The row stays: the same mail, come twice, is still the same.
    "UPDATE inbound SET content = '', sender = '', recipients = '{}', state = 'done'"
    " WHERE (content <> '' OR sender <> '') AND ((tenant = :tenant AND customer = :customer)"
    " OR lower(sender) = lower(CAST(:email AS text))"
    " OR sender IN (CAST(:phone AS text), CAST(:webhook AS text)))",
)


def forget(session: Session, row: CustomerRow) -> int:
    """Drop what was sent and what came back; from how many tables."""
    values = {
        "tenant": row.tenant,
        "customer": row.customer,
        "email": row.email,
        "phone": row.phone,
        "webhook": row.webhook,
    }
    return sum(
        session.connection().execute(text(statement), values).rowcount > 0
        for statement in _OF_CUSTOMER
    )


def ids_of(session: Session, tenant: str, customer: str) -> list[str]:
    """The customer's id and all those merged into it, directly or by others."""
    found = session.connection().execute(
        text(
            "WITH RECURSIVE one(id) AS (SELECT CAST(:customer AS text) UNION"
            " SELECT c.customer FROM customer AS c JOIN one ON c.merged_into = one.id"
            " WHERE c.tenant = :tenant) SELECT id FROM one"
        ),
        {"tenant": tenant, "customer": customer},
    )
    return [row.id for row in found]
