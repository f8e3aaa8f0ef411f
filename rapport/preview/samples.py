"""Sample trigger events, for a preview that names none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from babel.numbers import get_territory_currencies

from rapport.demo.catalogue import GOODS, Goods
from schemas.playbook import PlaybookDocument
from services.playbooks.model import Playbook
from services.playbooks.plan import triggers
from services.playbooks.variables import event_values

_AMOUNTS = (24_000, 250_000, 4_000, 500, 2_500_000, 1)
_PRICE = 1_200


class NoSample(ValueError):
    """No sample brings a customer into the playbook; the text says what to give."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a sample is made for. amount: minor units."""

    today: date
    amount: int
    currency: str
    goods: Goods


def sample(
    playbook: Playbook, now: datetime, country: str | None, locale: str | None
) -> tuple[str, dict[str, Any]]:
    """An event that triggers the playbook: its type and data. Raises NoSample."""
    language = (locale or "en").partition("-")[0]
    goods = next((goods for name, goods in GOODS.items() if name == language), GOODS["en"])
    currency = _currency(playbook.document, country)
    for trigger in playbook.document.triggers:
        make = _MAKERS.get(trigger.event)
        for amount in _AMOUNTS if make else ():
            assert make is not None
            data = make(_Asked(now.date(), amount, currency, goods))
            if triggers(playbook, event_values(trigger.event, data)):
                return trigger.event, data
    names = ", ".join(trigger.event for trigger in playbook.document.triggers)
    raise NoSample(f"{playbook.name}: no sample of {names} triggers it; give one with --event")


def _currency(document: PlaybookDocument, country: str | None) -> str:
    """The customer's own currency where the playbook knows it, else the first that it knows."""
    own = get_territory_currencies(country)[:1] if country else []
    known = list(document.floors) or ["USD"]
    return next((one for one in (*own, "USD") if one in known), known[0])


def _bill(due: int, asked: _Asked) -> dict[str, Any]:
    return {
        "bill_id": "sample-bill",
        "creditor": asked.goods.bank,
        "amount_minor": asked.amount,
        "currency": asked.currency,
        "due_date": _day(asked, due),
        "product": asked.goods.bank_products[0],
    }


def _subscription(ends: int, asked: _Asked) -> dict[str, Any]:
    titles = [title for of_one in asked.goods.titles.values() for title in of_one]
    return {
        "subscription_id": "sample-subscription",
        "plan": asked.goods.plans[0],
        "expires_on": _day(asked, ends),
        "price_minor": min(asked.amount, _PRICE),
        "currency": asked.currency,
        "perks": list(asked.goods.perks),
        "recommended": titles[:2],
    }


def _application(asked: _Asked) -> dict[str, Any]:
    product = asked.goods.bank_products[0]
    return {"application_id": "sample-application", "product": product, "step": "documents"}


def _benefit(asked: _Asked) -> dict[str, Any]:
    return {
        "benefit_id": "sample-benefit",
        "kind": "rate_cut",
        "title": asked.goods.bank_products[0],
        "value": "3.1 %",
        "valid_until": _day(asked, 30),
    }


def _agreement(asked: _Asked) -> dict[str, Any]:
    parts = [(5, asked.amount - asked.amount // 2), (35, asked.amount // 2)]
    return {
        "agreement_id": "sample-agreement",
        "case_id": "sample-case",
        "obligation_id": "sample-bill",
        "offer_id": "sample-offer",
        "currency": asked.currency,
        "total_minor": asked.amount,
        "discount_minor": 0,
        "instalments": [{"due_date": _day(asked, days), "amount_minor": m} for days, m in parts],
        "authority": {
            "name": "sample",
            "version": 1,
            "max_discount_bp": 0,
            "max_instalments": 2,
            "min_instalment_minor": 0,
            "max_days": 60,
            "offer_valid_hours": 24,
            "funded_by": "creditor",
        },
        "creditor": asked.goods.bank,
        "product": asked.goods.bank_products[0],
    }


def _talk(asked: _Asked) -> dict[str, Any]:
    """The customer wrote that they cannot pay, and a person takes over."""
    del asked
    return {
        "handoff_id": "sample-talk",
        "case_id": "sample-case",
        "obligation_id": "sample-bill",
        "reason": "hardship",
    }


def _answer(asked: _Asked) -> dict[str, Any]:
    del asked
    return {"handoff_id": "sample-talk", "by": "ana", "obligation_id": "sample-bill"}


def _activity(asked: _Asked) -> dict[str, Any]:
    return {"last_active_on": _day(asked, -45), "products": [asked.goods.bank_products[0]]}


def _day(asked: _Asked, days: int) -> str:
    return (asked.today + timedelta(days=days)).isoformat()


_MAKERS: Mapping[str, Callable[[_Asked], dict[str, Any]]] = {
    "bill.due_soon": partial(_bill, 8),
    "bill.updated": partial(_bill, 8),
    "payment.missed": partial(_bill, -1),
    "subscription.expiring": partial(_subscription, 9),
    "subscription.expired": partial(_subscription, -1),
    "application.abandoned": _application,
    "benefit.granted": _benefit,
    "agreement.made": _agreement,
    "handoff.requested": _talk,
    "handoff.answered": _answer,
    "customer.dormant": _activity,
    "customer.active": _activity,
}
