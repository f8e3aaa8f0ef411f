"""How violations are planted in the good world, and what the audit must say of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.audit.world import World

Plant = Callable[[World], Any]


@dataclass(frozen=True)
class Planted:
    """A change of the good world; the promise and rule it breaks; the facts that show it."""

    name: str
    plant: Plant
    promise: int
    rule: str
    shown: frozenset[str]


class Cases(list[Planted]):
    """Planted violations, in the order in which they are written down."""

    def planted(self, promise: int, rule: str, *shown: str) -> Callable[[Plant], Plant]:
        """Register a change of the good world as a violation."""

        def register(plant: Plant) -> Plant:
            self.append(Planted(plant.__name__, plant, promise, rule, frozenset(shown)))
            return plant

        return register
