"""People in all playbooks: each is to get what the playbook is for."""

from collections.abc import Iterable, Mapping
from typing import Any

from e2e.life.living import SECRETS, START, Life, day, known
from e2e.visitor import Visitor
from support.system import event

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


class Strategies:
    """What becomes of them."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._began = 0.0

    def begins(self) -> Iterable[Mapping[str, Any]]:
        """Who they are, and what brings them into the playbooks."""
        self._began = self._life.system.clock.monotonic()
        yield from (
            known(who, locale=LOCALES.get(who, "en"), tier=TIERS.get(who)) for who in PEOPLE
        )
        yield from _consents()
        yield from (_abandoned(who) for who in (*APPLICANTS, "vip"))
        yield from _happens()

    def at_once(self) -> None:
        """One tap each, as far as they do anything."""
        letter = self._life.letter
        first = {who: letter(who) for who in APPLICANTS}
        self._life.waited = self._life.system.clock.monotonic() - self._began
        visitor = Visitor(self._life.system)
        visitor.choose(first["stuck_papers"], DOCUMENTS)
        visitor.choose(first["stuck_price"], PRICE)
        visitor.choose(first["stuck_later"], NEXT_WEEK)
        visitor.choose(first["stuck_mind"], CHANGED_MIND)
        visitor.choose(letter("quiet_stop"), NOT_FOR_ME)
        visitor.choose(letter("fading"), NO_TIME)
        done = {"application_id": "a-stuck_done"}
        self._life.tell("stuck_done", "application.completed", done)

    def goes_on(self) -> None:
        """What follows on the evening of the first day."""
        letter, visitor = self._life.letter, Visitor(self._life.system)
        visitor.choose(letter("pauser"), PAUSE)
        visitor.follow(letter("quiet_back"), OFFERS)  # at once it would count as a machine's
        letter("granted")
        self._life.system.send(_granted("granted", "coupon"))  # told of already
        self._plan(visitor)
        letter("renewer")
        self._life.tell("renewer", "subscription.renewed", {"subscription_id": "s-renewer"})

    def _plan(self, visitor: Visitor) -> None:
        """From a reminder to the portal, and what may be asked there."""
        visitor.enter_portal(self._life.letter("planner"), ALL_BILLS)
        self._life.pages["bills"] = visitor.answer(SECRETS)
        visitor.open(CREDITOR)
        visitor.ask("date", day(12))
        visitor.ask("day", "15")
        visitor.ask("auto", "on")


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
        "expires_on": day(SUBSCRIBERS[who]),
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
        "due_date": day(days),
    }
