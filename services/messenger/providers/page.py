"""The customer's own page in the portal: what is intended for it stands there already."""

from collections.abc import Iterator

from services.messenger.model import PAGE, Accepted, Letter, Outcome
from services.messenger.providers import Connection


class Page:
    """A `Provider`, and a `Connection`, that speaks with nobody: the copy is kept with the intent,
    and the portal shows it from there.
    """

    name = PAGE

    def send(self, letters: Iterator[Letter]) -> Iterator[Outcome]:
        """Each is delivered."""
        for letter in letters:
            yield Accepted(letter.message_id)

    def lease(self) -> Connection:
        """Always to be had."""
        return self

    def release(self, connection: Connection) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""
