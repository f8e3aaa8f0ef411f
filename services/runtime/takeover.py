"""How a worker takes partitions over: epochs are raised, and a frozen former owner is evicted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Engine
from sqlmodel import Session

from services.runtime import ledger, logging
from services.runtime.database import is_passing
from services.runtime.ledger import Ownership

log = logging.get(__name__)

# Real seconds that a partition's new owner waits for its former owner's transaction.
EVICT_AFTER_SECONDS = 5.0


def take_over(
    engine: Engine,
    partitions: Sequence[tuple[str, int]],
    cluster_id: str,
    topic_ids: Mapping[str, str],
) -> list[Ownership]:
    """Own the (topic, partition) pairs from their watermarks on. Raises WrongCluster."""
    with Session(engine) as session, _evicting(engine, session):
        owned = [
            ledger.take_over(session, topic, partition, cluster_id, topic_ids[topic])
            for topic, partition in partitions
        ]
        session.commit()
    return owned


@contextmanager
def _evicting(engine: Engine, session: Session) -> Iterator[None]:
    """Meanwhile, end whoever blocks `session` for long: a former owner that froze."""
    pid, over = ledger.session_pid(session), Event()

    def watch() -> None:
        while not over.wait(EVICT_AFTER_SECONDS):
            try:
                with Session(engine) as other:
                    evicted = ledger.evict_blockers(other, pid)
            except Exception as error:
                if not is_passing(error):
                    raise
            else:
                if evicted:
                    log.warning("evicted", sessions=evicted)

    watching = Thread(target=watch, name="evict-blockers", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
