"""What nobody can use any more is dropped."""

from services.messenger import short_link_store
from services.runtime.context import Context


def prune_links(context: Context) -> None:
    """Drop short links that have expired."""
    with context.unit() as work:
        short_link_store.prune(work.session, work.now)
