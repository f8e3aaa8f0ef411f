"""Tells the log which authority matrices are in force here."""

from schemas.facts import AuthorityInForce
from services.negotiator.authorities import Authorities
from services.runtime.context import Context


class Announcing:
    """The timer that writes `authority.in_force` for each matrix, once a process.

    The same matrix is the same fact, whichever process tells of it.
    """

    def __init__(self, context: Context, authorities: Authorities) -> None:
        self._context = context
        self._authorities = authorities
        self._done = False

    def __call__(self) -> None:
        """Write what was not written yet."""
        if self._done:
            return
        with self._context.unit() as work:
            for one in self._authorities.in_force:
                matrix = one.matrix
                work.fact(
                    AuthorityInForce.TYPE,
                    AuthorityInForce(
                        name=matrix.name,
                        version=matrix.version,
                        sha256=one.sha256,
                        content=dict(one.content),
                    ),
                    subject=f"authority:{matrix.name}",
                    tenant=one.tenant,
                    key=(matrix.name, one.sha256),
                )
        self._done = True
