"""Ten days of a dozen customers, lived once on a running system; the tests look at what is left.

Time stands still at START until the services are up, so that what customers in Europe do on the
first afternoon takes no business time; then it runs.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from e2e.visitor import Visitor
from services.runtime.clock import Clock
from support.polling import poll_until
from support.system import Fact, System, Topic, event, of, wait_for

START = datetime.fromisoformat("2026-03-02T23:00+09:00")
"""A Monday: 23:00 in Tokyo, 15:00 in Berlin, 14:00 in London, 09:00 in New York."""
DAYS = 10
END = START + timedelta(days=DAYS, hours=6)
SPEED = 22_000.0
LEAD_SECONDS = 8.0
"""Real seconds that a launch takes, unless the machine is slow."""
PUBLISHING_SECONDS = 3.0
TRIES = 4
DUE = date(2026, 3, 9)
"""A week ahead; in New York the clocks go forward on the day before."""

PLACES = {
    "tokyo": ("Asia/Tokyo", "JP", "ja-JP"),
    "mile": ("Europe/Berlin", "DE", "zh-Hans"),
    "payer": ("Europe/London", "GB", "en-GB"),
    "leaver": ("Europe/Berlin", "DE", "en"),
    "held": ("Europe/Paris", "FR", "en"),
    "renewer": ("Europe/London", "GB", "en-GB"),
    "stayer": ("Europe/London", "GB", "en-GB"),
    "reminded": ("America/New_York", "US", "en-US"),
    "busy": ("Europe/Berlin", "DE", "en"),
    "doubled": ("Europe/Berlin", "DE", "en"),
    "early": ("Europe/Berlin", "DE", "en"),
}
SECRETS = {"last_digits": "4711", "birth_year": "1984", "passphrase": "blue harbour"}
CREDITOR = "Harbour Bank"
AMOUNT = {"amount_minor": 24_000, "currency": "EUR", "creditor": CREDITOR}


@contextmanager
def standing_still(
    launch: Callable[..., AbstractContextManager[System]],
    start: datetime = START,
    seconds: float = PUBLISHING_SECONDS,
) -> Iterator[System]:
    """The running services, up at `start` while time still stands for so many real seconds.

    A slow machine is given more time.
    """
    lead = LEAD_SECONDS + seconds
    for _ in range(TRIES):
        began = Clock().real().timestamp()
        clock = Clock(start, SPEED, began + lead)
        with launch(clock, PORTAL_SESSION_HOURS="240") as system:
            taken = clock.real().timestamp() - began
            if taken + seconds < lead:
                yield system
                return
        lead = 2 * taken + seconds
    raise AssertionError(f"the services take {taken:g} s to come up")


@dataclass
class Life:
    """What was lived, and what is left of it: every letter, every fact, every page seen."""

    system: System
    log: Topic
    letters: list[dict[str, Any]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)

    def of(self, who: str, type: str = "") -> list[Fact]:
        """Facts about one customer."""
        return of(self.facts, who, type)

    def letters_to(self, who: str) -> list[dict[str, Any]]:
        """Letters that one customer got, oldest first."""
        return [letter for letter in self.letters if letter["to"] == [address(who)]]

    def sent_at(self, who: str) -> list[datetime]:
        """When they left, by the customer's own clock."""
        zone = ZoneInfo(PLACES[who][0])
        return [
            datetime.fromisoformat(letter["date"]).astimezone(zone)
            for letter in self.letters_to(who)
        ]

    def live(self) -> None:
        """All of it, from the first event to the last day."""
        self._publish()
        first = {who: self._letter(who) for who in ("mile", "payer", "leaver", "held", "doubled")}
        self._walk_the_mile(first["mile"])
        self._opt_out(first["leaver"])
        self._tell("payer", "payment.received", _payment("payer", remaining_minor=0))
        self._tell("held", "customer.hold_placed", {"kind": "dispute", "obligation_id": "b-held"})
        self._again("doubled")
        self._letter("renewer")
        self._tell("renewer", "subscription.renewed", {"subscription_id": "s-renewer"})
        poll_until(lambda: self.system.clock.now() >= END, 300, "the days have not passed")
        wait_for(self.log, all_ended, message="a dispatch has no end")
        self.system.settled()
        self.letters = self.system.mailbox.messages()
        self.facts = list(self.log.read())

    def _publish(self) -> None:
        reminded = [
            event("bill.due_soon", who, _bill(f"r-{who}"), at=START) for who in ("reminded", "busy")
        ]
        early = _payment("early", remaining_minor=0, version=2)
        self.system.send(
            *(_known(who) for who in PLACES if who != "tokyo"),
            *(_missed(who) for who in ("mile", "payer", "leaver", "held", "busy")),
            *reminded,
            *(_consent(who) for who in ("renewer", "stayer")),
            _subscription("renewer", START.date() + timedelta(days=7)),
            _subscription("stayer", START.date() + timedelta(days=1)),
            *[_missed("doubled", id="the-same")] * 2,
            event("payment.received", "early", early, at=START),
            _missed("early", version=1),
        )
        lines = [_known("tokyo"), _missed("tokyo")]
        done = self.system.command("publish", "-", stdin="\n".join(map(json.dumps, lines)).encode())
        assert done.returncode == 0, done.stderr.decode()

    def _letter(self, who: str) -> dict[str, Any]:
        return self.system.mailbox.wait_for(1, to=address(who), timeout=60)[0]

    def _tell(self, who: str, type: str, data: Mapping[str, Any]) -> None:
        self.system.send(event(type, who, data, at=self.system.clock.now()))

    def _again(self, who: str) -> None:
        """The same event a third time, now over HTTP, and something after it to wait for."""
        assert self.system.post_event(_missed(who, id="the-same")).status_code == 202
        assert self.system.post_event(_known(who)).status_code == 202
        wait_for(self.log, lambda facts: len(of(facts, who, "event.applied")) == 3)

    def _walk_the_mile(self, letter: Mapping[str, Any]) -> None:
        """Look at the picture, click, prove who one is at the second try, agree on a plan."""
        visitor = Visitor(self.system)
        visitor.look_at_picture(letter)
        self.pages["door"] = visitor.enter_portal(letter)
        self.pages["wrong"] = visitor.answer(dict.fromkeys(SECRETS, "0000"))
        self.pages["plans"] = visitor.answer(SECRETS)
        self.pages["agreement"] = visitor.accept(1)
        wait_for(self.log, lambda facts: of(facts, "mile", "outreach.cancelled"))

    def _opt_out(self, letter: Mapping[str, Any]) -> None:
        """What a mail program's button does; then another bill is missed."""
        Visitor(self.system).one_click(letter)
        wait_for(self.log, lambda facts: of(facts, "leaver", "outreach.cancelled"))
        self._tell("leaver", "payment.missed", {**_bill("another"), "due_date": "2026-02-27"})


def address(who: str) -> str:
    """Where a customer reads mail."""
    return f"{who}@example.org"


def _known(who: str) -> dict[str, Any]:
    timezone, country, locale = PLACES[who]
    data = {
        "name": who.title(),
        "email": address(who),
        "timezone": timezone,
        "country": country,
        "locale": locale,
        "verification": SECRETS,
    }
    return event("customer.updated", who, data, at=START)


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


def all_ended(facts: list[Fact]) -> bool:
    """Whether every dispatch is sent, failed, refused or unknown."""
    ended = {
        fact["data"]["dispatch_id"]
        for fact in facts
        if fact["type"] in ("message.sent", "message.failed", "message.refused", "message.unknown")
    }
    ordered = {
        fact["data"]["dispatch_id"] for fact in facts if fact["type"] == "outreach.dispatched"
    }
    return ordered <= ended
