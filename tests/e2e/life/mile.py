"""The main job's people: one pays, one leaves, one walks the whole mile to an agreement."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from e2e.life.living import SECRETS, START, Life, known
from e2e.visitor import Visitor
from support.system import event, of, wait_for

DUE = date(2026, 3, 9)
"""A week ahead; in New York the clocks go forward on the day before."""
PLACES = {
    "tokyo": ("Asia/Tokyo", "JP", "ja-JP"),
    "mile": ("Europe/Berlin", "DE", "zh-Hans"),
    "payer": ("Europe/London", "GB", "en-GB"),
    "leaver": ("Europe/Berlin", "DE", "en"),
    "held": ("Europe/Paris", "FR", "en"),
    "londoner": ("Europe/London", "GB", "en-GB"),
    "lingerer": ("Europe/London", "GB", "en-GB"),
    "new_yorker": ("America/New_York", "US", "en-US"),
    "busy": ("Europe/Berlin", "DE", "en"),
    "doubled": ("Europe/Berlin", "DE", "en"),
    "early": ("Europe/Berlin", "DE", "en"),
}
CREDITOR = "Harbour Bank"
AMOUNT = {"amount_minor": 24_000, "currency": "EUR", "creditor": CREDITOR}


class Mile:
    """What becomes of them."""

    def __init__(self, life: Life) -> None:
        self._life = life
        life.zones |= {who: zone for who, (zone, _, _) in PLACES.items()}

    def begins(self) -> Iterable[Mapping[str, Any]]:
        """All but what is told of the one in Tokyo: that comes by the command."""
        yield from (_known(who) for who in PLACES if who != "tokyo")
        yield from (_missed(who) for who in ("mile", "payer", "leaver", "held", "busy"))
        for who in ("new_yorker", "busy"):
            yield event("bill.due_soon", who, _bill(f"r-{who}"), at=START)
        yield from (_consent(who) for who in ("londoner", "lingerer"))
        yield _subscription("londoner", START.date() + timedelta(days=7))
        yield _subscription("lingerer", START.date() + timedelta(days=1))
        yield from [_missed("doubled", id="the-same")] * 2
        early = _payment("early", remaining_minor=0, version=2)
        yield event("payment.received", "early", early, at=START)
        yield _missed("early", version=1)

    def at_once(self) -> None:
        """What customers in Europe do on the first afternoon."""
        lines = [_known("tokyo"), _missed("tokyo")]
        stdin = "\n".join(map(json.dumps, lines)).encode()
        done = self._life.system.command("publish", "-", stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        letter = self._life.letter
        first = {who: letter(who) for who in ("mile", "payer", "leaver", "held", "doubled")}
        self._opt_out(first["leaver"])
        self._life.tell("payer", "payment.received", _payment("payer", remaining_minor=0))
        hold = {"kind": "dispute", "obligation_id": "b-held"}
        self._life.tell("held", "customer.hold_placed", hold)
        self._walk(first["mile"])
        self._again("doubled")

    def goes_on(self) -> None:
        """In the evening the subscription comes to its end."""
        self._life.letter("londoner")
        renewed = {"subscription_id": "s-londoner"}
        self._life.tell("londoner", "subscription.renewed", renewed)

    def _again(self, who: str) -> None:
        """The same event a third time, now over HTTP, and something after it to wait for."""
        assert self._life.system.post_event(_missed(who, id="the-same")).status_code == 202
        assert self._life.system.post_event(_known(who)).status_code == 202
        wait_for(self._life.log, lambda facts: len(of(facts, who, "event.applied")) == 3)

    def _walk(self, letter: Mapping[str, Any]) -> None:
        """Look at the picture, click, prove who one is at the second try, agree on a plan."""
        visitor, pages = Visitor(self._life.system), self._life.pages
        visitor.look_at_picture(letter)
        pages["door"] = visitor.enter_portal(letter)
        pages["wrong"] = visitor.answer(dict.fromkeys(SECRETS, "0000"))
        pages["plans"] = visitor.answer(SECRETS)
        pages["agreement"] = visitor.accept(1)
        self._life.hear("mile", "outreach.cancelled")

    def _opt_out(self, letter: Mapping[str, Any]) -> None:
        """What a mail program's button does; then another bill is missed."""
        Visitor(self._life.system).one_click(letter)
        self._life.hear("leaver", "outreach.cancelled")
        another = {**_bill("another"), "due_date": "2026-02-27"}
        self._life.tell("leaver", "payment.missed", another)


def _known(who: str) -> dict[str, Any]:
    timezone, country, locale = PLACES[who]
    return known(who, timezone=timezone, country=country, locale=locale)


def _bill(bill_id: str, due: date = DUE) -> dict[str, Any]:
    return {**AMOUNT, "bill_id": bill_id, "due_date": due.isoformat()}


def _missed(who: str, version: int | None = None, **attributes: Any) -> dict[str, Any]:
    data = _bill(f"b-{who}", date(2026, 2, 27))
    if version is not None:
        data["version"] = version
    return event("payment.missed", who, data, at=START, **attributes)


def _payment(who: str, **more: Any) -> dict[str, Any]:
    return {
        "payment_id": f"p-{who}",
        "bill_id": f"b-{who}",
        "amount_minor": AMOUNT["amount_minor"],
        "currency": AMOUNT["currency"],
        **more,
    }


def _consent(who: str) -> dict[str, Any]:
    data = {"channel": "email", "purpose": "retention", "status": "granted"}
    return event("customer.consent_changed", who, data, at=START)


def _subscription(who: str, expires: date) -> dict[str, Any]:
    data = {
        "subscription_id": f"s-{who}",
        "plan": "Premium",
        "expires_on": expires.isoformat(),
        "price_minor": 999,
        "currency": "GBP",
        "perks": ["Downloads", "Four screens"],
        "recommended": ["Low Tide", "The Salt Marsh"],
    }
    return event("subscription.expiring", who, data, at=START)
