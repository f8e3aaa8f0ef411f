"""Reads conditions into trees, so that their types can be checked before they ever run.

It reads the part of CEL that conditions may use; the grammar is that of the CEL specification
(github.com/google/cel-spec, doc/langdef.md). The library that evaluates gives no tree away.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*)+)
    |(?P<string>[rR]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<int>0[xX][0-9a-fA-F]+|\d+)(?![\w.])
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|(.))", re.DOTALL
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
_DEEPEST = 60


class SyntaxFault(ValueError):
    """The text is outside what conditions may use. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a condition. `text`: as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written out."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """A field of something: `of.field`, or `of["field"]`."""

    of: Node
    field: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, or where `target` is given a method of it."""

    name: str
    target: Node | None
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items(Node):
    """A list written out."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!x` or `-x`."""

    sign: str
    of: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left sign right`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node


def parse(source: str) -> Node:
    """The tree of a condition. Raises SyntaxFault."""
    reader = _Reader(source)
    tree = reader.choice()
    if reader.kind:
        raise reader.fault(f"{reader.token!r} stands where nothing is expected")
    return tree


def renamed(source: str, names: Mapping[str, str]) -> str:
    """The condition with variables under other names; fields (`x.name`) keep theirs."""
    parts: list[str] = []
    after_dot = False
    for found in _TOKEN.finditer(source):
        token, kind = found[0], found.lastgroup
        parts.append(names.get(token, token) if kind == "name" and not after_dot else token)
        if kind != "space":
            after_dot = token == "."
    return "".join(parts)


class _Reader:
    """Reads one condition from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._next = 0
        self._end = 0
        self._depth = 0
        self.kind = ""
        self.token = ""
        self._start = 0
        self._advance()

    def fault(self, why: str) -> SyntaxFault:
        return SyntaxFault(f"column {self._start + 1}: {why}")

    def choice(self) -> Node:
        start = self._start
        test = self._level(0)
        if not self._take("?"):
            return test
        yes = self._level(0)
        self._want(":")
        no = self.choice()
        return Choice(self._text(start), test, yes, no)

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        start = self._start
        left = self._level(level + 1)
        while self.token in _LEVELS[level] and self.kind in ("sign", "name"):
            sign = self.token
            self._advance()
            right = self._level(level + 1)
            left = Binary(self._text(start), sign, left, right)
        return left

    def _unary(self) -> Node:
        start = self._start
        for sign in ("!", "-"):
            if self._take(sign):
                of = self._guarded(self._unary)
                return Unary(self._text(start), sign, of)
        return self._member()

    def _member(self) -> Node:
        start = self._start
        node = self._primary()
        while True:
            if self._take("."):
                name = self._name()
                if self._take("("):
                    node = Call("", name, node, self._until(")"))
                    node = Call(self._text(start), name, node.target, node.arguments)
                else:
                    node = Select(self._text(start), node, name)
            elif self._take("["):
                key = self.choice()
                self._want("]")
                if not isinstance(key, Literal) or not isinstance(key.value, str):
                    raise self.fault("[ ] takes a name in quotes here; to look into a list use in")
                node = Select(self._text(start), node, key.value)
            else:
                return node

    def _primary(self) -> Node:
        start, kind, token = self._start, self.kind, self.token
        if self._take("("):
            node = self._guarded(self.choice)
            self._want(")")
            return node
        if self._take("["):
            items = self._guarded(lambda: Items("", self._until("]")))
            assert isinstance(items, Items)
            return Items(self._text(start), items.items)
        if kind not in ("string", "int", "float", "name"):
            raise self.fault(
                f"expected a value, not {token!r}" if token else "something is missing"
            )
        self._advance()
        if kind == "name":
            if token in ("true", "false", "null"):
                return Literal(token, {"true": True, "false": False, "null": None}[token])
            if self._take("("):
                arguments = self._until(")")
                return Call(self._text(start), token, None, arguments)
            return Name(token, token)
        if kind == "string":
            return Literal(token, _unquoted(token))
        return Literal(
            token,
            float(token) if kind == "float" else int(token, 0 if "x" in token.lower() else 10),
        )

    def _until(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._take(closing):
            if found:
                self._want(",")
                if self._take(closing):
                    break
            found.append(self.choice())
        return tuple(found)

    def _guarded(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.fault("is nested too deeply; split it")
        node = read()
        self._depth -= 1
        return node

    def _name(self) -> str:
        if self.kind != "name":
            raise self.fault("expected a name after the dot")
        token = self.token
        self._advance()
        return token

    def _take(self, sign: str) -> bool:
        if self.kind != "sign" or self.token != sign:
            return False
        self._advance()
        return True

    def _want(self, sign: str) -> None:
        if not self._take(sign):
            raise self.fault(f"expected {sign!r}")

    def _text(self, start: int) -> str:
        return self._source[start : self._end]

    def _advance(self) -> None:
        self._end = self._next
        while True:
            self._start = self._next
            if self._next == len(self._source):
                self.kind = self.token = ""
                return
            found = _TOKEN.match(self._source, self._next)
            if found is None:
                raise self.fault(f"{self._source[self._next]!r} can't be used here")
            self._next = found.end()
            if found.lastgroup != "space":
                self.kind, self.token = found.lastgroup or "", found[0]
                return


def _unquoted(token: str) -> str:
    raw = token[0] in "rR"
    body = token[1:] if raw else token
    width = 3 if body[:3] in ('"""', "'''") else 1
    body = body[width:-width]
    return body if raw else _ESCAPE.sub(_unescaped, body)


def _unescaped(found: re.Match[str]) -> str:
    hexadecimal = found[1] or found[2] or found[3]
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    if found[4]:
        return chr(int(found[4], 8))
    return _PLAIN.get(found[5], found[5])
