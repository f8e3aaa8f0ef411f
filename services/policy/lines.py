"""Reads a YAML file and remembers on which line each value stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file, and how to mend it."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class FaultyFile(Exception):
    """The file can't be read as YAML at all."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


class Lines:
    """Line numbers (from 1) by path, such as ("caps", 0, "limit")."""

    def __init__(self, by_path: dict[tuple[str | int, ...], int]) -> None:
        self._by_path = by_path

    def of(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of the nearest enclosing one that exists."""
        where = tuple(path)
        while where and where not in self._by_path:
            where = where[:-1]
        return self._by_path.get(where, 1)


def read(file: Path) -> tuple[Any, Lines]:
    """Parse a YAML file (UTF-8). Raises FaultyFile, also for a key that stands twice."""
    try:
        text = file.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise FaultyFile(Fault(file, 1, "the file is empty"))
            by_path: dict[tuple[str | int, ...], int] = {}
            _note(file, node, (), by_path)
            return loader.construct_document(node), Lines(by_path)
        finally:
            loader.dispose()
    except UnicodeDecodeError:
        raise FaultyFile(Fault(file, 1, "the file is not UTF-8; save it as UTF-8")) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FaultyFile(Fault(file, line, f"not YAML: {error.problem}")) from None
    except yaml.YAMLError as error:
        raise FaultyFile(Fault(file, 1, f"not YAML: {error}")) from None


def _note(
    file: Path,
    node: yaml.Node,
    path: tuple[str | int, ...],
    by_path: dict[tuple[str | int, ...], int],
) -> None:
    by_path.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note(file, item, (*path, index), by_path)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise FaultyFile(Fault(file, line, f"key {name!r} stands twice; remove one"))
            seen.add(name)
            by_path[(*path, name)] = line
            _note(file, value, (*path, name), by_path)
