"""Reads YAML and remembers on which line each value stands.

Plain words mean what YAML 1.2 says: only `true` and `false` are flags, so that the key `on` and
the country code `NO` stay text, and `10:30` is text, not a number in base 60.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, order=True)
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


@dataclass(frozen=True)
class LinedFile:
    """A YAML file's data, and the line (from 1) of each value by its path."""

    file: Path
    data: Any
    by_path: dict[tuple[str | int, ...], int]

    def fault(self, path: Sequence[str | int], message: str) -> Fault:
        """A fault at the value at `path`, or at the nearest enclosing one that exists."""
        where = tuple(path)
        while where and where not in self.by_path:
            where = where[:-1]
        return Fault(self.file, self.by_path.get(where, 1), message)


_MEND = "mend what stands there or just above: an indent, a quote or a bracket"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - so declared by its base


class _QuickLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same by libyaml, ten times as fast, where the installed PyYAML has it."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", list("tf")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read(file: Path) -> LinedFile:
    """Parse a YAML file (UTF-8). Raises FaultyFile, also for a key that stands twice."""
    try:
        text = file.read_text(encoding="utf-8")
        try:
            return _parse(file, _QuickLoader(text))
        except yaml.YAMLError:
            # Of a fault, the words and the line are the slower parser's, wherever it is read.
            return _parse(file, _Loader(text))
    except UnicodeDecodeError:
        raise FaultyFile(Fault(file, 1, "not UTF-8; save it as UTF-8")) from None
    except OSError as error:
        raise FaultyFile(Fault(file, 1, f"can't be read: {error.strerror}")) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FaultyFile(Fault(file, line, f"not YAML: {error.problem}; {_MEND}")) from None
    except yaml.YAMLError as error:
        raise FaultyFile(Fault(file, 1, f"not YAML: {error}; {_MEND}")) from None


def _parse(file: Path, loader: Any) -> LinedFile:
    node = loader.get_single_node()
    if node is None:
        raise FaultyFile(Fault(file, 1, "the file is empty"))
    by_path: dict[tuple[str | int, ...], int] = {}
    _note(file, node, (), by_path)
    return LinedFile(file, loader.construct_document(node), by_path)


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
