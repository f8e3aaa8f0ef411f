"""The policy packs in force, while their folder may change under a running service."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import overload

from services.policy.model import Pack
from services.policy.packs import PolicyFaults, load
from services.yaml_lines import Fault

LOOK_AGAIN_SECONDS = 5.0
"""How often a service looks whether the folder has changed, in real time."""


class PacksInForce(Sequence[Pack]):
    """The packs of a folder as they were when they last were sound: all of them, or none.

    Reads like a tuple of packs; what it holds changes only by `look_again`. Raises PolicyFaults
    where the folder is at fault from the start: no rule would be known then. A pack is withdrawn
    by a start without it only: while running, one that is gone is a fault.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen = _fingerprint(directory)
        self._packs = load(directory)

    def look_again(self) -> bool:
        """Put the folder's packs into force if it has changed; whether others are in force now.

        Raises PolicyFaults, once for a change, where they can't be used: those in force stay.
        """
        seen = _fingerprint(self._directory)
        if seen == self._seen:
            return False
        self._seen = seen
        found = load(self._directory)
        if faults := [*self._missing(found), *self._contradictions(found)]:
            raise PolicyFaults(faults)
        before = {pack.sha256 for pack in self._packs}
        if {pack.sha256 for pack in found} == before:
            return False
        self._packs = found
        return True

    def follow(self) -> None:
        """Look again; what is at fault with the folder, the scheduler tells for all."""
        with suppress(PolicyFaults):
            self.look_again()

    def _missing(self, found: Sequence[Pack]) -> Iterator[Fault]:
        """A file that is gone may be half of a deployment: to withdraw a pack takes a start."""
        names = {pack.name for pack in found}
        for pack in self._packs:
            if pack.name not in names:
                why = f"{pack.name} is in force and gone: put it back, or restart to withdraw it"
                yield Fault(self._directory / f"{pack.name}.yaml", 1, why)

    def _contradictions(self, found: Sequence[Pack]) -> Iterator[Fault]:
        """A version stands for one content: facts that cite it must stay true."""
        known = {(pack.name, pack.version): pack.sha256 for pack in self._packs}
        for pack in found:
            if known.get((pack.name, pack.version), pack.sha256) != pack.sha256:
                file = self._directory / f"{pack.name}.yaml"
                yield Fault(file, 1, f"{pack.name} has changed: raise its version")

    @overload
    def __getitem__(self, index: int) -> Pack: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pack]: ...
    def __getitem__(self, index: int | slice) -> Pack | Sequence[Pack]:
        return self._packs[index]

    def __len__(self) -> int:
        return len(self._packs)

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._packs)


def _fingerprint(directory: Path) -> frozenset[tuple[str, int, int]]:
    """Names, sizes and times of the folder's packs: what a change shows in, read cheaply."""
    found = []
    for file in directory.glob("*.yaml"):
        try:
            stat = file.stat()
        except FileNotFoundError:  # it is being replaced; the next look sees the new one
            continue
        found.append((file.name, stat.st_size, stat.st_mtime_ns))
    return frozenset(found)
