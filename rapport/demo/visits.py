"""What one customer does through public doors: the letter's picture and links, pages and forms.

Every call is what a browser or mail program sends; nothing here knows more than the page shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx

from rapport.demo.forms import Form, ending, forms
from rapport.demo.people import Person
from rapport.demo.tempers import Reaction, Will
from schemas.world import minor_units

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 (simulated)"
SECONDS = 20.0
_PIXEL = re.compile(r'src="(https?://[^"]+/t/o/[^"]+\.gif)"')
_ONE_CLICK = re.compile(r"<(https?://[^>]+)>")
_DAY = re.compile(r'<time datetime="(\d{4}-\d{2}-\d{2})">')


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as the catcher's API gives it, as much as its reader uses."""

    number: int
    to: str
    html: str
    links: tuple[str, ...]
    one_click: str | None

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Letter":
        """Read one message of `GET /api/messages?full=true`."""
        found = _ONE_CLICK.search(message["headers"].get("List-Unsubscribe", ""))
        html = message.get("html") or ""
        return cls(
            number=message["number"],
            to=message["to"][0].lower(),
            html=html,
            links=tuple(dict.fromkeys(link for link in message["links"] if "/t/c/" in link)),
            one_click=found[1] if found else None,
        )

    def link_with(self, part: str) -> str | None:
        """The first link with that in its path, from the letter's foot."""
        found = re.search(rf'href="(https?://[^"]*{re.escape(part)}[^"]*)"', self.html)
        return found[1] if found else None


class Visitor:
    """One person's browser, for one letter. transport: shared by all, safe between threads."""

    def __init__(
        self, person: Person, website: str, transport: httpx.BaseTransport, chance: Random
    ) -> None:
        self._person = person
        self._website = website
        self._chance = chance
        self._client = httpx.Client(
            transport=transport,
            follow_redirects=True,
            timeout=SECONDS,
            trust_env=False,
            headers={"user-agent": BROWSER, "accept-language": person.home.locale},
        )

    def read(self, letter: Letter, reaction: Reaction) -> list[date]:
        """Live the reaction out; the days on which the person has promised to pay.

        Raises httpx.HTTPError where a door stays shut.
        """
        if not reaction.opens:
            return []
        if pixel := _PIXEL.search(letter.html):
            self._client.get(pixel[1]).raise_for_status()
        if reaction.opts_out:
            self._opt_out(letter)
        elif reaction.link is not None and letter.links:
            page = self._client.get(letter.links[reaction.link])
            if page.status_code < 400:
                return self._arrive(page, letter, reaction.acts)
        return []

    def pay_next(self) -> None:
        """Open the bank's page and pay what is asked next."""
        page = self._client.get(f"{self._website}/accounts/{self._person.id}")
        if found := forms(page.text, str(page.url)):
            self._send(found[0])

    def _opt_out(self, letter: Letter) -> None:
        lot = self._chance.random()
        page_link, choices = letter.link_with("/u/"), letter.link_with("/preferences/")
        if lot < 0.70 and letter.one_click:
            # What a mail program does (RFC 8058): one POST, no cookies, no page.
            body = {"List-Unsubscribe": "One-Click"}
            self._client.post(letter.one_click, data=body).raise_for_status()
        elif lot < 0.85 and page_link:
            page = self._client.get(page_link)
            if found := forms(page.text, str(page.url)):
                self._send(found[0])
        elif choices:
            page = self._client.get(choices)
            if found := forms(page.text, str(page.url)):
                self._send(found[0], {"do": "not_now"})

    def _arrive(self, page: httpx.Response, letter: Letter, acts: bool) -> list[date]:
        path = urlsplit(str(page.url)).path
        if path.startswith("/p/"):
            return self._at_portal(page, acts)
        if acts and path.startswith(("/bills/", "/renew/", "/plans/")):
            found = forms(page.text, str(page.url))
            if found and self._person.temper.will in (Will.SETTLE, Will.PLAN, Will.PERSON):
                # On the page of plans most take the small one; some end it there.
                last = path.startswith("/plans/") and self._chance.random() < 0.4
                self._send(found[-1 if last else 0])
                self._say_it_helped(letter)
        return []

    def _say_it_helped(self, letter: Letter) -> None:
        question = letter.link_with("/t/f/")
        if question and self._chance.random() < 0.25:
            page = self._client.get(question)
            if found := forms(page.text, str(page.url)):
                helpful = "yes" if self._chance.random() < 0.8 else "no"
                self._send(found[0], {"helpful": helpful})

    def _at_portal(self, page: httpx.Response, acts: bool) -> list[date]:
        found = forms(page.text, str(page.url))
        verify = ending(found, "/verify")
        will = self._person.temper.will
        if will is Will.STRANGER and (not_me := ending(found, "/not-me")):
            self._send(not_me)
            return []
        if verify is None:
            if acts and (help_ := ending(found, "/person")):
                self._send(help_)
            return []
        if will is Will.PERSON and self._chance.random() < 0.5:
            self._ask(found)
            return []
        page = self._answer(verify)
        return self._choose(page) if acts else []

    def _answer(self, verify: Form) -> httpx.Response:
        forgetful = self._person.temper.will is Will.FORGETFUL
        tries = self._chance.choice((1, 2, 5)) if forgetful else 0
        page: httpx.Response | None = None
        form: Form | None = verify
        for _ in range(tries):
            if form is None:
                break
            page = self._send(form, dict.fromkeys(form.blanks, "0000"))
            form = ending(forms(page.text, str(page.url)), "/verify")
        if tries in (0, 1) and form is not None:
            secrets = self._person.secrets
            page = self._send(form, {kind: secrets.get(kind, "0000") for kind in form.blanks})
        assert page is not None
        return page

    def _choose(self, page: httpx.Response) -> list[date]:
        found = forms(page.text, str(page.url))
        accept = ending(found, "/accept")
        if accept is None:
            return []
        will = self._person.temper.will
        offers = accept.choices.get("offer_id", [])
        if will is Will.PERSON or not offers:
            self._ask(found)
            return []
        if will is Will.LOOK:
            return []
        if will is Will.PLAN and self._chance.random() < 0.3 and (own := ending(found, "/propose")):
            return self._propose(own)
        # The first is to pay at once; the last begins with a small payment.
        offer = offers[0] if will is Will.SETTLE else self._chance.choice(offers[1:] or offers)
        agreed = self._send(accept, {"offer_id": offer})
        days = sorted({date.fromisoformat(day) for day in _DAY.findall(agreed.text)})
        return [] if will is Will.BREAK else days

    def _propose(self, own: Form) -> list[date]:
        """Say what one could pay; where that is countered, take the plan that comes nearest."""
        asked, digits = int(own.fields["asked"]), minor_units(own.fields["currency"])
        each = max(1, asked // self._chance.choice((2, 4, 8, 12)))
        text = str(Decimal(each).scaleb(-digits))
        page = self._send(own, {"each": text, "every": "month"})
        accept = ending(forms(page.text, str(page.url)), "/accept")
        if accept and (offers := accept.choices.get("offer_id")):
            page = self._send(accept, {"offer_id": offers[0]})
        return sorted({date.fromisoformat(day) for day in _DAY.findall(page.text)})

    def _ask(self, found: list[Form]) -> None:
        asking = [form for form in found if form.action.endswith("/person")]
        if asking:
            self._send(self._chance.choice(asking))

    def _send(self, form: Form, answers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._client.post(form.action, data=form.filled(answers or {}))
