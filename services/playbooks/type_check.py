"""Checks the types of a condition before it ever runs.

CEL checks types as it evaluates, and calls two things of different types merely unequal: a date
compared with a number, or a word that an event can never say, would silently never hold. So each
comparison is judged here, by what its variables are known to be.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from services.playbooks import cel_engine as cel
from services.playbooks.cel_syntax import (
    Binary,
    Call,
    Choice,
    Items,
    Literal,
    Name,
    Node,
    Select,
    SyntaxFault,
    Unary,
    parse,
)
from services.playbooks.type_words import SAID, mismatch, nearest, never
from services.playbooks.types import (
    ANY,
    FLAG,
    FRACTION,
    NUMBER,
    TEXT,
    Kind,
    Type,
    list_of,
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DAYS})
_ORDERED = _NUMERIC | {Kind.DATE}
_SIGNS = {"<", "<=", ">", ">="}
_TEXT_METHODS = frozenset({"contains", "startsWith", "endsWith", "matches"})
_MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
FUNCTIONS = frozenset({"size", "int", "double", "string", "has"}) | _TEXT_METHODS | _MACROS


class _Wrong(ValueError):
    """What is wrong, and how to mend it."""


def type_fault(source: str, fields: Mapping[str, Type]) -> str | None:
    """What is wrong with the condition's names and types, with its remedy; None if nothing.

    `fields`: all that it may ask for, by name.
    """
    try:
        found = _Checker(fields).type_of(parse(source))
    except (SyntaxFault, _Wrong) as error:
        return str(error)
    if found.kind not in (Kind.FLAG, Kind.ANY):
        return f"gives {SAID[found.kind]}, where true or false is wanted; compare it with something"
    return None


def syntax_fault(source: str) -> str | None:
    """Where and why a condition can't be read; None where it can."""
    try:
        parse(source)
    except SyntaxFault as error:
        return str(error)
    return None


class _Checker:
    """Finds the type of each part, from the inside out."""

    def __init__(self, fields: Mapping[str, Type]) -> None:
        self._fields = dict(fields)

    def type_of(self, node: Node) -> Type:
        match node:
            case Literal():
                return self._literal(node)
            case Name(_, name):
                if name not in self._fields:
                    raise _Wrong(f"no variable {name!r} here; {nearest(name, self._fields)}")
                return self._fields[name]
            case Select():
                return self._select(node)
            case Items(_, items):
                return self._items(items)
            case Unary(text, sign, of):
                return self._unary(text, sign, self.type_of(of))
            case Choice(text, test, yes, no):
                self._flag(test)
                self._same(text, yes, no)
                return self.type_of(yes)
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
        raise _Wrong(f"`{node.text}` can't be used here")

    def _literal(self, node: Literal) -> Type:
        if node.value is None:
            raise _Wrong(
                'null is never met; write "" for unknown text: any other unknown matches nothing'
            )
        if isinstance(node.value, bool):
            return FLAG
        if isinstance(node.value, str):
            return Type(Kind.TEXT, words=frozenset({node.value}), constant=True)
        return Type(Kind.NUMBER, whole=isinstance(node.value, int), constant=True)

    def _select(self, node: Select) -> Type:
        of = self.type_of(node.of)
        if of.kind is Kind.ANY:
            return ANY
        if of.kind is not Kind.MAP:
            raise _Wrong(f"`{node.of.text}` is {SAID[of.kind]} and has no part {node.field!r}")
        if of.fields is None:
            return ANY
        if node.field not in of.fields:
            why = nearest(node.field, of.fields) if of.fields else "there are none"
            raise _Wrong(f"no {node.field!r} among {node.of.text}; {why}")
        return of.fields[node.field]

    def _items(self, items: tuple[Node, ...]) -> Type:
        types = [self.type_of(item) for item in items]
        for item in items[1:]:
            self._same(f"[{items[0].text}, {item.text}]", items[0], item)
        if not types:
            return list_of(ANY)
        said = [one.words for one in types]
        known = None if None in said else frozenset().union(*(one or () for one in said))
        return list_of(replace(types[0], words=known))

    def _unary(self, text: str, sign: str, of: Type) -> Type:
        if sign == "!":
            if of.kind not in (Kind.FLAG, Kind.ANY):
                raise _Wrong(f"`{text}`: ! wants true or false, not {SAID[of.kind]}")
            return FLAG
        if of.kind not in (*_NUMERIC, Kind.ANY):
            raise _Wrong(f"`{text}`: - wants a number, not {SAID[of.kind]}")
        return of

    def _flag(self, node: Node) -> None:
        found = self.type_of(node)
        if found.kind not in (Kind.FLAG, Kind.ANY):
            raise _Wrong(
                f"`{node.text}` is {SAID[found.kind]}, where true or false is wanted; "
                "compare it with something"
            )

    def _binary(self, node: Binary) -> Type:
        if node.sign in ("&&", "||"):
            self._flag(node.left)
            self._flag(node.right)
            return FLAG
        if node.sign == "in":
            return self._within(node)
        if node.sign in ("==", "!=") or node.sign in _SIGNS:
            self._same(node.text, node.left, node.right)
            if node.sign in _SIGNS:
                self._have_order(node)
            return FLAG
        return self._sum(node)

    def _have_order(self, node: Binary) -> None:
        for side in (node.left, node.right):
            kind = self.type_of(side).kind
            if kind not in _ORDERED and kind is not Kind.ANY:
                other = self.type_of(node.right if side is node.left else node.left).kind
                if other not in _ORDERED:
                    raise _Wrong(f"`{node.text}`: {SAID[kind]} has no order; use == or in")

    def _within(self, node: Binary) -> Type:
        right = self.type_of(node.right)
        if right.kind is Kind.MAP:
            if isinstance(node.left, Literal) and isinstance(node.left.value, str):
                self._select(Select(node.text, node.right, node.left.value))
                return FLAG
            raise _Wrong(f"`{node.text}`: write the name in quotes")
        if right.kind is Kind.ANY:
            return FLAG
        if right.kind is not Kind.LIST:
            remedy = f"use {node.right.text}.contains(...)" if right.kind is Kind.TEXT else "use =="
            raise _Wrong(f"`{node.text}`: {SAID[right.kind]} is no list; {remedy}")
        if isinstance(node.right, Items):
            for item in node.right.items:
                self._same(f"{node.left.text} in [{item.text}]", node.left, item)
            return FLAG
        self._agree(node.text, node.left, self.type_of(node.left), node.right, right.item or ANY)
        return FLAG

    def _same(self, text: str, left: Node, right: Node) -> None:
        self._agree(text, left, self.type_of(left), right, self.type_of(right))

    def _agree(self, text: str, left: Node, is_: Type, right: Node, to: Type) -> None:
        """Raise where two values can never be equal, or one has no order to the other."""
        if Kind.ANY in (is_.kind, to.kind):
            return
        for one, its, theirs in ((left, is_, to), (right, to, is_)):
            if its.kind is Kind.DATE and theirs.kind is Kind.TEXT and theirs.words is not None:
                for said in theirs.words:
                    if not _is_day(said):
                        raise _Wrong(f'`{text}`: {said!r} is no date; write it as "2026-03-31"')
                return
            if its.kind is Kind.MONEY and theirs.constant and not theirs.whole:
                raise _Wrong(
                    f"`{text}`: {one.text} is money in whole minor units; write 10.50 as 1050"
                )
            if its.kind in _NUMERIC and theirs.kind is Kind.NUMBER and theirs.constant:
                return
        if is_.kind is not to.kind:
            raise _Wrong(f"`{text}`: {mismatch(left, is_, right, to)}")
        if is_.kind is Kind.LIST:
            self._agree(text, left, is_.item or ANY, right, to.item or ANY)
        both_written = is_.constant and to.constant

        if not both_written and _apart(is_, to):
            raise _Wrong(f"`{text}`: {never(left, is_, right, to)}")

    def _sum(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if Kind.ANY in (left.kind, right.kind):
            return ANY
        if node.sign == "+" and left.kind is right.kind is Kind.TEXT:
            return TEXT
        if left.kind not in _NUMERIC or right.kind not in _NUMERIC:
            wrong = right if left.kind in _NUMERIC else left
            remedy = "; compare dates with each other" if wrong.kind is Kind.DATE else ""
            raise _Wrong(f"`{node.text}`: {SAID[wrong.kind]} can't be reckoned with{remedy}")
        if left.whole is not right.whole:
            raise _Wrong(
                f"`{node.text}`: whole numbers and fractions don't mix; "
                f"write double({(node.left if left.whole else node.right).text})"
            )
        if node.sign in "/%" and isinstance(node.right, Literal) and not node.right.value:
            raise _Wrong(f"`{node.text}`: divides by zero; name another number")
        return self._measure(node, left, right)

    def _measure(self, node: Binary, left: Type, right: Type) -> Type:
        """What a sum, product or ratio of two numbers is a measure of."""
        plain = replace(NUMBER, whole=left.whole, constant=left.constant and right.constant)
        measured = [one for one in (left, right) if one.kind is not Kind.NUMBER]
        if node.sign in "+-":
            if len(measured) == 1 and not (right if left in measured else left).constant:
                raise _Wrong(f"`{node.text}`: {mismatch(node.left, left, node.right, right)}")
            if len(measured) == 2 and left.kind is not right.kind:
                raise _Wrong(f"`{node.text}`: {mismatch(node.left, left, node.right, right)}")
            return replace(measured[0], constant=False) if measured else plain
        if node.sign == "*":
            if len(measured) == 2:
                said = f"{SAID[left.kind]} times {SAID[right.kind]}"
                raise _Wrong(f"`{node.text}`: {said}; multiply by a plain number")
            return measured[0] if measured else plain
        if right in measured and left.kind is not right.kind:
            said = f"{SAID[left.kind]} by {SAID[right.kind]}"
            raise _Wrong(f"`{node.text}`: {said}; divide like by like, or by a plain number")
        return plain if right in measured or not measured else left

    def _call(self, node: Call) -> Type:
        if node.name not in FUNCTIONS:
            raise _Wrong(f"no function {node.name!r}; {nearest(node.name, FUNCTIONS)}")
        if node.name in _MACROS:
            return self._macro(node)
        if node.name == "has":
            return self._has(node)
        if node.name in _TEXT_METHODS:
            return self._text_method(node)
        given = ((node.target,) if node.target else ()) + node.arguments
        if len(given) != 1 or (node.target and node.name != "size"):
            raise _Wrong(f"`{node.text}`: {node.name} takes one value: {node.name}(x)")
        of = self.type_of(given[0])
        wanted: dict[str, tuple[frozenset[Kind], Type]] = {
            "size": (frozenset({Kind.TEXT, Kind.LIST, Kind.MAP}), NUMBER),
            "int": (_NUMERIC, NUMBER),
            "double": (_NUMERIC, FRACTION),
            "string": (_NUMERIC | {Kind.TEXT, Kind.FLAG, Kind.DATE}, TEXT),
        }
        kinds, result = wanted[node.name]
        if of.kind not in kinds and of.kind is not Kind.ANY:
            raise _Wrong(f"`{node.text}`: {node.name} can't take {SAID[of.kind]}")
        return result

    def _text_method(self, node: Call) -> Type:
        if node.target is None or len(node.arguments) != 1:
            raise _Wrong(f"`{node.text}`: write it as text.{node.name}(part)")
        for one in (node.target, node.arguments[0]):
            if (kind := self.type_of(one).kind) not in (Kind.TEXT, Kind.ANY):
                remedy = "; use in" if kind is Kind.LIST else ""
                raise _Wrong(f"`{node.text}`: wants text, and {one.text} is {SAID[kind]}{remedy}")
        if node.name == "matches":
            pattern = node.arguments[0]
            if not isinstance(pattern, Literal):
                raise _Wrong(f"`{node.text}`: write the pattern in quotes")
            try:
                cel.evaluate(f'"".matches({pattern.text})')
            except (ValueError, RuntimeError):
                raise _Wrong(
                    f"`{node.text}`: {pattern.text} is no regular expression; mend the pattern"
                ) from None
        return FLAG

    def _has(self, node: Call) -> Type:
        if node.target or len(node.arguments) != 1 or not isinstance(node.arguments[0], Select):
            raise _Wrong(f"`{node.text}`: has takes a name within something: has(tags.name)")
        self.type_of(node.arguments[0])
        return FLAG

    def _macro(self, node: Call) -> Type:
        if node.target is None or len(node.arguments) != 2:
            raise _Wrong(f"`{node.text}`: write it as list.{node.name}(one, condition on one)")
        of, bound = self.type_of(node.target), node.arguments[0]
        if of.kind not in (Kind.LIST, Kind.ANY):
            raise _Wrong(f"`{node.text}`: {node.target.text} is {SAID[of.kind]}, not a list")
        if not isinstance(bound, Name) or bound.name in self._fields:
            raise _Wrong(f"`{node.text}`: choose a new name for the one item")
        with self._knowing(bound.name, of.item or ANY):
            if node.name == "map":
                return list_of(self.type_of(node.arguments[1]))
            self._flag(node.arguments[1])
        return of if node.name == "filter" else FLAG

    @contextmanager
    def _knowing(self, name: str, is_: Type) -> Iterator[None]:
        self._fields[name] = is_
        try:
            yield
        finally:
            del self._fields[name]


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _apart(one: Type, other: Type) -> bool:
    """Whether two texts have no word in common."""
    return one.words is not None and other.words is not None and not one.words & other.words
