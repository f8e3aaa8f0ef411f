"""Values are data: nothing in them is read as markup, and nothing reaches beyond the template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.playbooks.wording import Url, WordingError, fill, needs, plain


def filled(source: str, *, markdown: bool = True, **values: object) -> str:
    return fill(source, {"locale": "en", **values}, markdown=markdown)


@pytest.mark.parametrize(
    "source",
    [
        "{{ x.__class__ }}",
        "{{ x.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ cycler }}",
        "{{ x | attr('upper') }}",
        "{% include 'secrets' %}",
        "{{ missing }}",
        "{{ nothing }}",
        "{{ 1 / 0 }}",
        "{{ x",
        "{{ x.upper() }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ x * 1000000000 }}",
        "{{ 1000000000 * ['x'] }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 9 ** 9 ** 9 }}",
    ],
)
def test_a_template_can_do_nothing_but_fill_in(source: str) -> None:
    with pytest.raises(WordingError):
        filled(source, x="x", nothing=None)


def test_numbers_may_be_multiplied() -> None:
    assert filled("{{ n * 2 }} {{ n % 2 }}", n=3) == "6 1"


def test_a_subject_stays_one_line_without_controls() -> None:
    value = "a\r\nBcc: x@example.com\x00\u202e\u2028b"
    assert filled("{{ x }}!", markdown=False, x=value) == "a Bcc: x@example.com b!"


@given(st.text())
def test_no_value_breaks_a_line(value: str) -> None:
    shown = plain(value)
    assert len(shown.splitlines()) <= 1
    assert shown == plain(shown)


def test_links_are_put_in_as_they_are_but_for_what_would_end_them() -> None:
    text = filled("[a]({{ u }})", u=Url("https://x.example/a?b=c&d=(e)_f"))
    assert text == "[a](https://x.example/a?b=c&d=%28e%29_f)"


@pytest.mark.parametrize(
    ("locale", "one", "many", "series"),
    [
        ("en", "1 day", "12 days", "a, b, and c"),
        ("en_GB", "1 day", "12 days", "a, b and c"),
        ("zh", "1天", "12天", "a、b和c"),
        ("ja", "1日", "12日", "a、b、c"),
    ],
)
def test_days_and_series_are_said_as_the_language_says_them(
    locale: str, one: str, many: str, series: str
) -> None:
    said = fill(
        "{{ a | days }}|{{ b | days }}|{{ c | series }}",
        {"locale": locale, "a": 1, "b": 12, "c": ["a", "b", "c"]},
        markdown=False,
    )
    assert said == f"{one}|{many}|{series}"


@pytest.mark.parametrize(
    ("locale", "count", "form"),
    [
        ("en", 1, "o"),
        ("en", 2, "x"),
        ("ja", 1, "x"),
        ("pl", 3, "f"),
        ("pl", 5, "x"),
        ("fr", 0, "o"),
    ],
)
def test_plurals_are_those_of_the_language(locale: str, count: int, form: str) -> None:
    source = "{{ n | plural(one='o', few='f', other='x') }}"
    assert fill(source, {"locale": locale, "n": count}, markdown=False) == form


def test_a_plural_without_its_usual_form_is_a_fault() -> None:
    with pytest.raises(WordingError, match="the form `other`"):
        filled("{{ n | plural(one='a bill') }}", n=2)


def test_needs_names_variables_and_links_but_not_its_own_loops() -> None:
    found = needs("{% for perk in perks %}{{ perk }}{% endfor %}[a]({{ links.pay }}){{ plan }}")
    assert found.variables == {"perks", "links", "plan"}
    assert found.links == {"pay"}
