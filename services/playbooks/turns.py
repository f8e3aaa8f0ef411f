"""Which turns a template takes, told from the values without running it.

Most values are only printed: whatever they are, the rest of the text is the same. What a template
makes of the others decides how it reads. So a letter can be laid out once for all who take the
same turns, and only what is printed be filled in.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from services.playbooks.wording import Told, ToldUrl, Url, parsed, plain

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Reading:
    """What templates make of their variables, by path.

    shown: printed as it is, or asked whether there is any. used: anything else.
    """

    shown: tuple[str, ...]
    used: tuple[str, ...]

    def turn(self, values: Mapping[str, Any]) -> Hashable | None:
        """The same for values with which the text reads the same, but for what is printed.

        None where that cannot be told, or would be different each time.
        """
        try:
            return (
                tuple([_kind(at(values, path)) for path in self.shown]),
                tuple([_frozen(at(values, path)) for path in self.used]),
            )
        except _Changing:
            return None

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, those that are only shown and have a text marked with their paths."""
        marked: dict[str, Any] = dict(values)
        for path in self.shown:
            value = at(values, path)
            if _kind(value) is not True:
                continue
            name, _, part = path.partition(".")
            text = (ToldUrl if isinstance(value, Url) else Told)(value)
            text.path = path
            marked[name] = {**marked[name], part: text} if part else text
        return marked


class _Changing(Exception):
    """A value that is another one in each letter decides how it reads."""


@lru_cache(maxsize=4096)
def reading(sources: tuple[str, ...]) -> Reading:
    """What these templates make of their variables. Raises WordingError."""
    found: dict[str, set[str]] = {"shown": set(), "used": set()}
    for source in sources:
        tree = parsed(source)
        _read(tree.body, found)
        # A name that the template gives to something itself may hide a variable.
        found["used"] |= {n.name for n in tree.find_all(nodes.Name) if n.ctx != "load"}
    shown, used = found["shown"] - found["used"], found["used"]
    # Where both a whole and parts of it are asked for, nothing is taken out of it.
    parts = {path.partition(".")[0] for path in shown | used if "." in path}
    mixed = {path for path in shown if path.partition(".")[0] in parts & (shown | used)}
    return Reading(tuple(sorted(shown - mixed)), tuple(sorted(used | mixed)))


def at(values: Mapping[str, Any], path: str) -> Any:
    """The value that a path leads to."""
    name, _, part = path.partition(".")
    value = values.get(name, _ABSENT)
    if not part:
        return value
    return value.get(part, _ABSENT) if isinstance(value, Mapping) else _ABSENT


def _read(body: Iterable[nodes.Node], found: Mapping[str, set[str]]) -> None:
    for node in body:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if (path := _path(part)) is not None:
                        found["shown"].add(path)
                    else:
                        found["used"].update(_paths(part))
            case nodes.If():
                _weigh(node.test, found)
                _read([*node.body, *node.elif_, *node.else_], found)
            case nodes.For():
                found["used"].update(_paths(node.iter), _paths(node.test) if node.test else ())
                _read([*node.body, *node.else_], found)
            case _:
                found["used"].update(_paths(node))


def _weigh(test: nodes.Node, found: Mapping[str, set[str]]) -> None:
    match test:
        case nodes.Not():
            _weigh(test.node, found)
        case nodes.And() | nodes.Or():
            _weigh(test.left, found)
            _weigh(test.right, found)
        case _ if (path := _path(test)) is not None:
            found["shown"].add(path)
        case _:
            found["used"].update(_paths(test))


def _path(node: nodes.Node) -> str | None:
    """The path of a variable, or of a part of one; None for anything else."""
    match node:
        case nodes.Name(ctx="load"):
            return node.name
        case nodes.Getattr(node=nodes.Name(ctx="load") as whole):
            return f"{whole.name}.{node.attr}"
    return None


def _paths(node: nodes.Node) -> Iterator[str]:
    """The paths anywhere in an expression."""
    if (path := _path(node)) is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _kind(value: Any) -> Hashable:
    """What a shown value is to the rest of the text: True where there is one and it has a text."""
    if value is None or value is _ABSENT:
        return value is None and None
    if isinstance(value, Mapping) or not value:
        return _frozen(value)
    text = str(value)
    return True if text[0].isalnum() or plain(text) else _frozen(value)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, Url):
        raise _Changing
    if isinstance(value, Mapping):
        return tuple((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    # 1, 1.0 and True are equal, and print differently.
    return type(value), value
