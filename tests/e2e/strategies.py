"""Nine days of customers in all playbooks, lived once on a running system.

Time stands still at START until the first letters have come and been answered, so that what
takes a minute of a customer's time takes real seconds; then it runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from e2e.life import SECRETS, address, all_ended
from e2e.visitor import Visitor
from support.polling import poll_until
from support.system import Fact, System, Topic, event, of, wait_for

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 9, 30, tzinfo=ZONE)
"""A Monday on which letters may go out."""
END = START + timedelta(days=8, hours=8)
STANDSTILL_SECONDS = 8.0
"""Real seconds for what happens in the first minute."""

TIERS = {"quiet_high": "high_potential", "quiet_convertible": "convertible", "vip": "vip"}
LOCALES = {"vip": "ja-JP", "stuck_papers": "zh-CN"}
APPLICANTS = ("stuck_papers", "stuck_price", "stuck_later", "stuck_mind", "stuck_done", "stuck")
QUIET = ("quiet", "quiet_high", "quiet_convertible", "quiet_back", "quiet_stop")
SUBSCRIBERS = {
    "stayer": 1, "pauser": 7, "renewer": 7, "self_renewing": 7,
    "waning": 30, "fading": 40, "loyal": 30,
}  # fmt: skip
"""Days to the end of the subscription."""
CONCERNED = ("granted", "taken_back", "unasked")
"""Who is granted something: three things; one, and it is withdrawn; one, without consent."""
BENEFITS = {"rate_cut": "A lower rate", "coupon": "A free month", "report": "Your year"}
DEBTORS = {"debtor": 24_000, "frail": 24_000, "small": 301, "tiny": 299}
"""What is missed, in US cents."""
PEOPLE = (*APPLICANTS, *QUIET, *SUBSCRIBERS, *CONCERNED, *DEBTORS, "reminded", "planner", "vip")

DOCUMENTS = "材料方面有点问题"
PRICE = "It costs more than I thought"
NEXT_WEEK = "No time now, remind me in a week"
CHANGED_MIND = "I don't need it any more"
NOT_FOR_ME = "Not for me, thank you"
OFFERS = "See my offers"
NO_TIME = "I have no time for it just now"
ALL_BILLS = "See all my bills"
CREDITOR, OTHER_CREDITOR = "Harbour Bank", "River Power"
PAUSE = "A pause would suit me"


@dataclass
class Strategies:
    """What was lived, and what is left of it."""

    system: System
    log: Topic
    letters: list[dict[str, Any]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    bills: str = ""
    """The portal's page of all bills."""
    waited: float = 0.0
    """Real seconds from the abandoned applications to the last of their letters."""

    def of(self, who: str, type: str = "") -> list[Fact]:
        """Facts about one customer."""
        return of(self.facts, who, type)

    def data(self, who: str, type: str) -> list[dict[str, Any]]:
        """The data of one customer's facts."""
        return [fact["data"] for fact in self.of(who, type)]

    def letters_to(self, who: str) -> list[dict[str, Any]]:
        """Letters that one customer got, oldest first."""
        return [letter for letter in self.letters if letter["to"] == [address(who)]]

    def sent_at(self, who: str) -> list[datetime]:
        """When they left, by the customer's own clock."""
        dates = [letter["date"] for letter in self.letters_to(who)]
        return [datetime.fromisoformat(date).astimezone(ZONE) for date in dates]

    def steps(self, who: str) -> list[str]:
        """Which letters they were: playbook and step."""
        told = self.data(who, "message.intended")
        return [f"{data['playbook']}/{data['step']}" for data in told]

    def live(self) -> None:
        """All of it, from the first event to the last day."""
        self.system.send(*(_known(who) for who in PEOPLE), *_consents())
        began = self.system.clock.monotonic()
        self.system.send(*(_abandoned(who) for who in (*APPLICANTS, "vip")))
        self.system.send(*_happens())
        first = {who: self._letter(who) for who in APPLICANTS}
        self.waited = self.system.clock.monotonic() - began
        self._answer(first)
        self._live_on()
        poll_until(lambda: self.system.clock.now() >= END, 300, "the days have not passed")
        wait_for(self.log, all_ended, message="a dispatch has no end")
        self.system.settled()
        self.letters = self.system.mailbox.messages()
        self.facts = list(self.log.read())

    def _letter(self, who: str) -> dict[str, Any]:
        return self.system.mailbox.wait_for(1, to=address(who), timeout=60)[0]

    def _answer(self, first: Mapping[str, dict[str, Any]]) -> None:
        """One tap each, as far as they do anything."""
        visitor = Visitor(self.system)
        visitor.choose(first["stuck_papers"], DOCUMENTS)
        visitor.choose(first["stuck_price"], PRICE)
        visitor.choose(first["stuck_later"], NEXT_WEEK)
        visitor.choose(first["stuck_mind"], CHANGED_MIND)
        visitor.choose(self._letter("quiet_stop"), NOT_FOR_ME)
        visitor.choose(self._letter("fading"), NO_TIME)
        self._tell("stuck_done", "application.completed", {"application_id": "a-stuck_done"})

    def _live_on(self) -> None:
        """What follows on the evening of the first day, when time runs."""
        visitor = Visitor(self.system)
        visitor.choose(self._letter("pauser"), PAUSE)
        visitor.follow(self._letter("quiet_back"), OFFERS)  # at once it would count as a machine's
        self._letter("granted")
        self.system.send(_granted("granted", "coupon"))  # told of already
        self._plan(visitor)
        self._letter("renewer")
        self._tell("renewer", "subscription.renewed", {"subscription_id": "s-renewer"})

    def _plan(self, visitor: Visitor) -> None:
        """From a reminder to the portal, and what may be asked there."""
        visitor.enter_portal(self._letter("planner"), ALL_BILLS)
        self.bills = visitor.answer(SECRETS)
        visitor.open(CREDITOR)
        visitor.ask("date", _day(12))
        visitor.ask("day", "15")
        visitor.ask("auto", "on")

    def _tell(self, who: str, type: str, data: Mapping[str, Any]) -> None:
        self.system.send(event(type, who, data, at=self.system.clock.now()))


def _known(who: str) -> dict[str, Any]:
    data = {
        "name": who.title(),
        "email": address(who),
        "timezone": ZONE.key,
        "country": "DE",
        "locale": LOCALES.get(who, "en"),
        "tier": TIERS.get(who),
        "verification": SECRETS,
    }
    return event("customer.updated", who, data, at=START)


def _consents() -> list[dict[str, Any]]:
    purposes = {
        **dict.fromkeys((*QUIET, "granted", "taken_back"), "marketing"),
        **dict.fromkeys(SUBSCRIBERS, "retention"),
    }
    granted = {"channel": "email", "status": "granted"}
    return [
        event("customer.consent_changed", who, {**granted, "purpose": purpose}, at=START)
        for who, purpose in purposes.items()
    ]


def _abandoned(who: str) -> dict[str, Any]:
    data = {"application_id": f"a-{who}", "product": "Home loan", "step": "Proof of income"}
    return event("application.abandoned", who, data, at=START)


def _happens() -> list[dict[str, Any]]:
    """What else is told at the start."""
    quiet_since = {"last_active_on": "2025-12-01"}
    frail = event("customer.hold_placed", "frail", {"kind": "vulnerability"}, at=START)
    later = {**_bill("planner-2", 6_000, 40), "creditor": OTHER_CREDITOR}
    return [
        *(event("customer.dormant", who, quiet_since, at=START) for who in (*QUIET, "waning")),
        *(_expiring(who) for who in SUBSCRIBERS),
        event("customer.dormant", "fading", {**quiet_since, "products": ["Premium"]}, at=START),
        frail,
        *(event("payment.missed", who, _bill(who, owed, -3), at=START)
          for who, owed in DEBTORS.items()),
        *(event("bill.due_soon", who, _bill(who, 18_000, 7), at=START)
          for who in ("reminded", "planner")),
        event("bill.due_soon", "planner", later, at=START),
        *(_granted("granted", kind) for kind in BENEFITS),
        *(_granted(who, "coupon") for who in ("taken_back", "unasked")),
        event("benefit.withdrawn", "taken_back", {"benefit_id": "coupon-taken_back"}, at=START),
    ]  # fmt: skip


def _granted(who: str, kind: str) -> dict[str, Any]:
    data = {"benefit_id": f"{kind}-{who}", "kind": kind, "title": BENEFITS[kind]}
    return event("benefit.granted", who, data, at=START)


def _expiring(who: str) -> dict[str, Any]:
    data = {
        "subscription_id": f"s-{who}",
        "plan": "Premium",
        "expires_on": _day(SUBSCRIBERS[who]),
        "price_minor": 999,
        "currency": "EUR",
        "auto_renew": who == "self_renewing",
        "perks": ["Downloads", "Four screens"],
        "recommended": ["Low Tide", "The Salt Marsh"],
    }
    return event("subscription.expiring", who, data, at=START)


def _bill(who: str, amount: int, days: int) -> dict[str, Any]:
    return {
        "bill_id": f"b-{who}",
        "creditor": CREDITOR,
        "amount_minor": amount,
        "currency": "USD",
        "due_date": _day(days),
    }


def _day(days: int) -> str:
    return (START.date() + timedelta(days=days)).isoformat()
