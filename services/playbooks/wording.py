"""Fills a template's words with values. Pure: the same values give the same text.

Values are data, never markup: in a body every character of theirs that Markdown would read is
escaped, and in both subject and body control characters and line ends become spaces.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_timedelta
from babel.lists import format_list
from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]+"
)
_SPACES = re.compile(r" {2,}")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_UNSAFE_IN_URL = re.compile(r"[\s()<>\"'\\]")
FILTERS = ("first", "last", "length", "upper", "lower", "series", "days", "plural")


class WordingError(ValueError):
    """A template can't be filled. `line`: within its text, from 1, where known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Url(str):
    """An address to be put into a link as it is."""


class Told(str):
    """The text of a value that is only shown. `path`: the variable, such as `creditor`."""

    path: str


class ToldUrl(Url):
    """The same of an address; `path` is such as `links.pay`."""

    path: str


Clean = Callable[[object], str]
"""What a printed value goes through."""


_FIRST_SLOT = 0xF0000
"""The first of the places that stand for values: of a plane that no language is written in."""
_SLOT_URL = "https://slot.invalid/"


@dataclass(slots=True)
class Slots:
    """Values taken out of a text, each with a mark left in its place.

    What is made of the marked text is the same for all readers whose values differ, as long as the
    template takes the same turns: it can be made once and kept. `values`: by mark. `sources`: of
    those that are known, by mark: the variable's path, and what its value goes through.
    """

    values: dict[str, str] = field(default_factory=dict)
    sources: dict[str, tuple[str, Clean]] = field(default_factory=dict)

    def take(self, value: str, path: str = "", clean: Clean = str) -> str:
        """The mark for a text: one character that neither Markdown nor HTML reads."""
        return self._take(chr(_FIRST_SLOT + len(self.values)), value, path, clean)

    def take_url(self, value: str, path: str = "", clean: Clean = str) -> str:
        """The mark for an address: an address itself, so that it may stand in a link."""
        return self._take(f"{_SLOT_URL}{len(self.values)}/", value, path, clean)

    def _take(self, mark: str, value: str, path: str, clean: Clean) -> str:
        self.values[mark] = value
        if path:
            self.sources[mark] = path, clean
        return mark


MARK = re.compile(f"([{chr(_FIRST_SLOT)}-{chr(_FIRST_SLOT + 0xFFFD)}]|{_SLOT_URL}[0-9]+/)")
"""Finds the marks of `Slots`."""


@dataclass(frozen=True)
class Needs:
    """What a template asks for: variables, and the names of links and choices.

    item_links: links of one of `items`.
    """

    variables: frozenset[str]
    links: frozenset[str]
    choices: frozenset[str]
    item_links: frozenset[str]


def plain(value: object) -> str:
    """Text on one line without control or direction-changing characters."""
    return _one_line(str(value).replace("\u00a0", " "))


def escape_markdown(value: object) -> str:
    """Text that Markdown shows as it is. Spaces that must not break a line stay such."""
    return _MARKDOWN.sub(r"\\\1", _one_line(value))


def _one_line(value: object) -> str:
    return _SPACES.sub(" ", _CONTROL.sub(" ", str(value))).strip()


def fill(source: str, values: Mapping[str, Any], *, markdown: bool) -> str:
    """The template's text with the values in it. Raises WordingError.

    `values` must hold `locale` (a Babel locale identifier) for the filters `series`, `days` and
    `plural`.
    """
    try:
        return _compiled(source, markdown).render(values)
    except WordingError:
        raise
    except TemplateSyntaxError as error:
        raise WordingError(_jinja(error), error.lineno) from error
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise WordingError(str(error)) from error


def fill_slots(source: str, values: Mapping[str, Any], slots: Slots, *, markdown: bool) -> str:
    """As `fill`, with a mark for each value; the values are in `slots`. Raises WordingError."""
    try:
        return _compiled_slots(source, markdown).render(values, **{_SLOTS: slots})
    except WordingError:
        raise
    except TemplateSyntaxError as error:
        raise WordingError(_jinja(error), error.lineno) from error
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise WordingError(str(error)) from error


def _jinja(error: TemplateSyntaxError) -> str:
    return f"{error.message or 'not Jinja'}; mend the {{{{ }}}} or {{% %}} there"


@lru_cache(maxsize=64)
def parsed(source: str) -> nodes.Template:
    """The template as a tree, which nobody may change. Raises WordingError where it can't be
    parsed."""
    try:
        return _environment(True).parse(source)
    except TemplateSyntaxError as error:
        raise WordingError(_jinja(error), error.lineno) from error


@lru_cache(maxsize=4096)
def needs(source: str) -> Needs:
    """What a template asks for. Raises WordingError where it can't be parsed."""
    # Walked once: of a start's time, much goes into trees.
    found = list(parsed(source).find_all((nodes.Name, nodes.Filter, nodes.Getattr)))
    names = [n for n in found if isinstance(n, nodes.Name)]
    parts = [n for n in found if isinstance(n, nodes.Getattr)]
    bound = {n.name for n in names if n.ctx in ("store", "param")}
    unknown = {n.name for n in found if isinstance(n, nodes.Filter)} - set(FILTERS)
    if unknown:
        raise WordingError(f"no filter {sorted(unknown)[0]!r}; there are {', '.join(FILTERS)}")
    return Needs(
        frozenset({n.name for n in names if n.ctx == "load"} - bound),
        _of_name(parts, "links"),
        _of_name(parts, "choices"),
        _own_links(parts),
    )


def _of_name(parts: Iterable[nodes.Getattr], whole: str) -> frozenset[str]:
    """The names after the dot: of `links.pay`, pay."""
    return frozenset(
        n.attr for n in parts if isinstance(n.node, nodes.Name) and n.node.name == whole
    )


def _own_links(parts: Iterable[nodes.Getattr]) -> frozenset[str]:
    """The names after `.links.` of something else: of `item.links.pay`, pay."""
    return frozenset(
        n.attr for n in parts if isinstance(n.node, nodes.Getattr) and n.node.attr == "links"
    )


_SLOTS = "slots of this text"
"""A name that no template can say."""


def _safe_url(value: object) -> str:
    return _UNSAFE_IN_URL.sub(lambda found: f"%{ord(found[0]):02X}", str(value))


def _finalize(escape: Callable[[object], str]) -> Callable[[object], object]:
    def finalize(value: object) -> object:
        if value is None:
            raise TypeError("prints a value that is not known")
        if isinstance(value, Url):
            return _safe_url(value)
        return value if isinstance(value, StrictUndefined) else escape(value)

    return finalize


def _finalize_slots(clean: Callable[[object], str]) -> Callable[[Context, object], object]:
    @pass_context
    def finalize(context: Context, value: object) -> object:
        if value is None:
            raise TypeError("prints a value that is not known")
        if isinstance(value, StrictUndefined):
            return value
        slots: Slots = context[_SLOTS]
        path = value.path if isinstance(value, Told | ToldUrl) else ""
        if isinstance(value, Url):
            return slots.take_url(_safe_url(value), path, _safe_url)
        text = clean(value)
        return slots.take(text, path, clean) if text else text

    return finalize


@lru_cache(maxsize=2)
def _environment(markdown: bool) -> ImmutableSandboxedEnvironment:
    return _sandbox(_finalize(escape_markdown if markdown else plain))


@lru_cache(maxsize=2)
def _environment_slots(markdown: bool) -> ImmutableSandboxedEnvironment:
    return _sandbox(_finalize_slots(_one_line if markdown else plain))


class _Sandbox(ImmutableSandboxedEnvironment):
    """A template can call nothing, and multiply numbers only: a few characters of it could fill the
    memory or take for ever, and all other messages would wait.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_callable(self, obj: object) -> bool:
        """Nothing is."""
        del obj
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """What the operator makes of two numbers. Raises SecurityError."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" or not numbers:
            raise SecurityError(f"{operator} is not for these; say it without")
        return super().call_binop(context, operator, left, right)


def _sandbox(finalize: Callable[..., object]) -> ImmutableSandboxedEnvironment:
    environment = _Sandbox(
        autoescape=False,  # HTML is escaped where HTML is made, after Markdown
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kept = {name: environment.filters[name] for name in FILTERS if name in environment.filters}
    environment.filters = {**kept, "series": _series, "days": _days, "plural": _plural}
    environment.globals = {}
    return environment


@lru_cache(maxsize=4096)
def _compiled(source: str, markdown: bool) -> Template:
    return _environment(markdown).from_string(parsed(source))


@lru_cache(maxsize=4096)
def _compiled_slots(source: str, markdown: bool) -> Template:
    return _environment_slots(markdown).from_string(parsed(source))


@pass_context
def _series(context: Context, items: list[str]) -> str:
    """Items as the language strings them together: "a, b and c"."""
    return format_list([plain(item) for item in items], locale=context["locale"])


@pass_context
def _days(context: Context, count: int) -> str:
    """A number of days in words: "1 day", "3 days"."""
    locale: str = context["locale"]
    text = format_timedelta(timedelta(days=count), "day", threshold=10**6, locale=locale)
    return text if " " not in text or text.isascii() else text.replace(" ", "")


@pass_context
def _plural(context: Context, count: int, **forms: str) -> str:
    """The form that goes with a number, by CLDR's rules of plurals: zero, one, two, few, many, or
    `other`, which stands for those that are not given.
    """
    if "other" not in forms:
        raise ValueError("plural wants the form `other` at least")
    return forms.get(Locale.parse(context["locale"]).plural_form(count), forms["other"])
