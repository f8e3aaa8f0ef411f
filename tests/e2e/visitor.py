"""What a customer's mail program and browser do with a letter; nothing knows more than it shows."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx

from rapport.demo.forms import ending, forms
from support.polling import poll_until
from support.system import System

_PICTURE = re.compile(r'src="(http://[^"]+/t/o/[^"]+\.gif)"')
_ANCHOR = re.compile(r'<a href="([^"]+)"[^>]*>([^<]+)</a>')
_ONE_CLICK = re.compile(r"<(http://[^>]+)>")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def picture(letter: Mapping[str, Any]) -> str:
    """The address of the open pixel."""
    found = _PICTURE.search(letter["html"])
    assert found, "the letter has no picture"
    return found[1]


def one_click_address(letter: Mapping[str, Any]) -> str:
    """Where RFC 8058 posts to, by the letter's own headers."""
    assert letter["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = _ONE_CLICK.search(letter["headers"]["List-Unsubscribe"])
    assert found, "the letter has no List-Unsubscribe"
    return found[1]


def link_with(letter: Mapping[str, Any], part: str) -> str:
    """The first link of the letter with that in its path."""
    return next(str(link) for link in letter["links"] if part in link)


def link_called(letter: Mapping[str, Any], label: str) -> str:
    """The address of the letter's link that reads so."""
    found = {unescape(text): unescape(href) for href, text in _ANCHOR.findall(letter["html"])}
    return found[label]


class Visitor:
    """One browser with its cookies."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._client = httpx.Client(
            timeout=20,
            trust_env=False,
            verify=False,
            follow_redirects=True,
            headers={"User-Agent": BROWSER},
        )
        self._page: httpx.Response | None = None

    def look_at_picture(self, letter: Mapping[str, Any]) -> None:
        """Open the letter with its pictures shown."""
        answer = self._client.get(picture(letter)).raise_for_status()
        assert answer.headers["content-type"] == "image/gif"

    def enter_portal(self, letter: Mapping[str, Any], label: str = "") -> str:
        """Follow the letter's link of that label (the first one) to the portal's door."""
        link = link_called(letter, label) if label else link_with(letter, "/t/c/")
        redirect = self._client.get(link, follow_redirects=False)
        assert redirect.status_code == 302
        assert redirect.headers["location"].startswith(self._system.url("negotiator", "/p/"))

        def open_door() -> bool:
            self._page = self._client.get(redirect.headers["location"])
            return self._page.status_code == 200  # 202: the message is not known there yet

        poll_until(open_door, message="the portal does not open")
        return self._text()

    def answer(self, secrets: Mapping[str, str]) -> str:
        """Answer the questions; the page that follows."""
        form = ending(forms(self._text(), str(self._page and self._page.url)), "/verify")
        assert form, "the page asks nothing"
        assert len(form.blanks) == 2
        self._post(form.action, form.filled({kind: secrets[kind] for kind in form.blanks}))
        return self._text()

    def open(self, label: str) -> str:
        """Follow a link of the page; the page that follows."""
        found = re.search(rf'href="([^"]+)"[^>]*>(?:<[^>]+>)?{re.escape(label)}<', self._text())
        assert found, f"the page has no link {label!r}"
        assert self._page is not None
        self._page = self._client.get(self._page.url.join(unescape(found[1])))
        return self._text()

    def ask(self, kind: str, value: str) -> str:
        """Send a form of a bill's page: another date, an own payment day, automatic payment."""
        found = forms(self._text(), str(self._page and self._page.url))
        form = next(form for form in found if form.fields.get("kind") == kind)
        self._post(form.action, form.filled({"value": value}))
        return self._text()

    def accept(self, number: int) -> str:
        """Agree to one of the plans shown; the page that follows."""
        form = ending(forms(self._text(), str(self._page and self._page.url)), "/accept")
        assert form, "the page offers nothing"
        offer = form.choices["offer_id"][number]
        self._post(form.action, form.filled({"offer_id": offer}))
        return self._text()

    def follow(self, letter: Mapping[str, Any], label: str) -> None:
        """Follow a link of the letter that leads to the tenant's own page, as far as our part."""
        answer = self._client.get(link_called(letter, label), follow_redirects=False)
        assert answer.status_code == 302

    def choose(self, letter: Mapping[str, Any], label: str) -> str:
        """Tap one of the letter's answers and confirm it; the page that follows."""
        self._page = self._client.get(link_called(letter, label))
        (form,) = forms(self._text(), str(self._page.url))
        self._post(form.action, form.filled({}))
        return self._text()

    def one_click(self, letter: Mapping[str, Any]) -> None:
        """One POST as RFC 8058 has it: no cookies, no context, redirects not needed."""
        answer = httpx.post(
            one_click_address(letter),
            data={"List-Unsubscribe": "One-Click"},
            trust_env=False,
            verify=False,
        )
        assert answer.status_code == 200

    def _post(self, address: str, fields: Mapping[str, str]) -> None:
        self._page = self._client.post(address, data=dict(fields))

    def _text(self) -> str:
        assert self._page is not None
        assert self._page.status_code == 200, self._page.text
        return self._page.text
