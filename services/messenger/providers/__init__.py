"""Ways out: each provider takes finished letters over a connection that was proven alive."""

from collections.abc import Iterator
from typing import Protocol

from services.messenger.model import Letter, Outcome


class Unavailable(Exception):
    """The provider cannot be reached now; nothing was handed over. The text names no secret."""


class Connection(Protocol):
    """One live way to the provider, used by one thread at a time."""

    def send(self, letters: Iterator[Letter]) -> Iterator[Outcome]:
        """Hand letters over: an outcome for each that was taken from `letters`, in order.

        One is taken only where it goes on its way at once, so that what is left when the
        connection breaks is known not to have been begun. Blocks up to the time-out for each;
        never raises, never tries twice.
        """

    def close(self) -> None:
        """Give the connection up."""


class Provider(Protocol):
    """A pool of connections. Safe to use from several threads."""

    name: str

    def lease(self) -> Connection:
        """A connection that has just answered. May block; raises Unavailable."""

    def release(self, connection: Connection) -> None:
        """Take a leased connection back, or drop it if it is broken."""

    def close(self) -> None:
        """Close every connection; a letter that is on one ends in doubt."""
