"""What is said of a condition whose types don't fit, and how to mend it."""

from collections.abc import Mapping
from difflib import get_close_matches

from services.playbooks.cel_syntax import Literal, Node
from services.playbooks.types import Kind, Type

SAID = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.MONEY: "money",
    Kind.DAYS: "a number of days",
    Kind.DATE: "a date",
    Kind.FLAG: "true or false",
    Kind.LIST: "a list",
    Kind.MAP: "a set of names",
}
"""Each kind in words."""


def nearest(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    """What to write in place of a name that nobody knows."""
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(sorted(known))}" if len(known) <= 40 else "look it up"


def mismatch(left: Node, is_: Type, right: Node, to: Type) -> str:
    """What to say where two values of different types meet."""
    said = f"{left.text} is {SAID[is_.kind]}, {right.text} is {SAID[to.kind]}"
    return f"{said}; {_remedy(left, is_, right, to)}"


def _remedy(left: Node, is_: Type, right: Node, to: Type) -> str:
    kinds = {is_.kind, to.kind}
    written = left if isinstance(left, Literal) else right
    if Kind.LIST in kinds:
        other = left if to.kind is Kind.LIST else right
        return f"write {other.text} in {(right if to.kind is Kind.LIST else left).text}"
    if Kind.FLAG in kinds:
        flag = left if is_.kind is Kind.FLAG else right
        return f"write {flag.text} or !{flag.text}"
    if Kind.DATE in kinds:
        return 'compare a date with a date, such as "2026-03-31"'
    if Kind.TEXT in kinds and isinstance(written, Literal):
        if isinstance(written.value, str):
            return f"write a number, not {written.text}"
        return f'put {written.text} in quotes: "{written.text}"'
    return "compare like with like, or with a plain number"


def never(left: Node, is_: Type, right: Node, to: Type) -> str:
    """What to say where a text can never be the word that it is compared with."""
    name, known, said = (left, is_, to) if to.constant else (right, to, is_)
    wrong = sorted(said.words or ())
    words = " or ".join(repr(word) for word in wrong)
    return f"{name.text} is never {words}; {nearest(wrong[0], known.words or frozenset())}"
