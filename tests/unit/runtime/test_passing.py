"""Which failures of the database are waited for, and which are a message's own fault."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.runtime.database import is_passing


@pytest.mark.parametrize(
    "cause",
    [
        errors.DeadlockDetected(),
        errors.SerializationFailure(),
        errors.AdminShutdown(),
        errors.CrashShutdown(),
        errors.TooManyConnections(),
        errors.IdleInTransactionSessionTimeout(),
        errors.DiskFull(),
        psycopg.OperationalError("the connection is lost"),
        psycopg.InterfaceError("the connection is closed"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_what_passes_by_itself_is_waited_for(cause: psycopg.Error) -> None:
    assert is_passing(cause)
    assert is_passing(OperationalError("SELECT 1", {}, cause))


@pytest.mark.parametrize(
    "error",
    [
        errors.NotNullViolation(),
        IntegrityError("INSERT", {}, errors.UniqueViolation()),
        DataError("INSERT", {}, errors.NumericValueOutOfRange()),
        DBAPIError("SELECT", {}, errors.UndefinedTable()),
        ValueError("nobody thought of this"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_message_causes_is_not(error: Exception) -> None:
    assert not is_passing(error)


def test_a_pool_that_is_used_up_and_a_connection_known_to_be_lost_pass() -> None:
    assert is_passing(PoolTimeout())
    lost = DBAPIError("SELECT", {}, errors.SyntaxError(), connection_invalidated=True)
    assert is_passing(lost)
