"""What a letter leads to, what a page's forms are, and what a mail's reader takes from it."""

from collections import Counter
from datetime import timedelta
from random import Random

from rapport.demo.forms import ending, forms
from rapport.demo.tempers import LEAST_HOURS, MOST_HOURS, QUIET, TEMPERS, Reaction, react
from rapport.demo.visits import Letter

PAGE = """
<form method="post" action="/p/tok/verify"><input type="hidden" name="form" value="f1">
<input type="text" name="last_digits" required><input name="birth_year"><button>Go</button></form>
<form method="post" action="/p/tok/accept"><input type="hidden" name="form" value="f2">
<input type="radio" name="offer_id" value="o1"><input type="radio" name="offer_id" value="o2">
</form>
<form method="post"><input type="checkbox" name="purpose" value="service" checked>
<input type="checkbox" name="purpose" value="marketing"><button name="do" value="save">x</button>
</form><input type="text" name="outside">
"""


def reactions(name: str, links: int = 2, letters: int = 2000) -> list[Reaction]:
    """Many letters to one kind of person."""
    temper = next(temper for _, temper in TEMPERS if temper.name == name)
    return [react(temper, links, Random(number)) for number in range(letters)]


def test_the_same_chance_gives_the_same_reaction() -> None:
    assert reactions("busy", letters=50) == reactions("busy", letters=50)


def test_nobody_is_faster_than_a_person_or_waits_for_ever() -> None:
    for name in (temper.name for _, temper in TEMPERS):
        for one in reactions(name, letters=200):
            assert timedelta(hours=LEAST_HOURS) <= one.after <= timedelta(hours=MOST_HOURS)


def test_tempers_differ_as_they_say() -> None:
    opened = {name: sum(one.opens for one in reactions(name)) for name in ("prompt", "silent")}
    assert opened["prompt"] > 1800
    assert opened["silent"] < 400
    assert sum(one.opts_out for one in reactions("weary")) > 200
    assert not any(one.link is not None for one in reactions("silent"))


def test_nobody_acts_without_having_followed_a_link() -> None:
    for name in ("prompt", "weary", "talker"):
        for one in reactions(name):
            assert one.link is not None or not one.acts
            assert one.opens or (one.link is None and not one.opts_out)


def test_a_letter_without_links_is_only_read() -> None:
    assert all(one.link is None for one in reactions("prompt", links=0))
    assert not react(QUIET, 3, Random(1)).acts


def test_the_first_link_is_followed_most() -> None:
    followed = Counter(one.link for one in reactions("prompt") if one.link is not None)
    assert followed[0] > 2 * followed[1] > 0


def test_forms_are_read_as_a_browser_reads_them() -> None:
    verify, accept, choices = forms(PAGE, "http://here/p/tok?lang=ja")
    assert verify.action == "http://here/p/tok/verify"
    assert verify.blanks == ["last_digits", "birth_year"]
    assert verify.filled({"last_digits": "1234"}) == {"form": "f1", "last_digits": "1234"}
    assert accept.choices == {"offer_id": ["o1", "o2"]}
    assert choices.action == "http://here/p/tok?lang=ja"
    assert choices.fields == {"purpose": "service"}
    assert choices.buttons == [("do", "save")]


def test_a_form_is_found_by_where_it_leads() -> None:
    found = forms(PAGE, "http://here/p/tok")
    assert ending(found, "/accept") is found[1]
    assert ending(found, "/person") is None


def test_a_reader_takes_links_and_one_click_from_the_mail() -> None:
    letter = Letter.of(
        {
            "number": 3,
            "to": ["Alder@Example.com"],
            "headers": {"List-Unsubscribe": "<http://m/u/abc>,\r\n <mailto:u@m.example>"},
            "html": '<a href="http://m/preferences/p1">choose</a>',
            "links": ["http://m/t/c/1", "http://m/t/c/2", "http://m/t/c/1", "http://m/u/abc"],
        }
    )
    assert letter.to == "alder@example.com"
    assert letter.links == ("http://m/t/c/1", "http://m/t/c/2")
    assert letter.one_click == "http://m/u/abc"
    assert letter.link_with("/preferences/") == "http://m/preferences/p1"
    assert letter.link_with("/u/") is None
