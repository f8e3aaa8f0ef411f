"""Collects what the publishers will publish, and opens their books alongside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from rapport.demo.books import Bill, Subscription
from rapport.demo.catalogue import BANK, CURRENCIES, GOODS, SHOP, VIDEO
from rapport.demo.events import Record, event
from rapport.demo.people import Person


@dataclass(frozen=True, slots=True)
class Planned:
    """One record with the business instant of its publishing.

    unless: an obligation; once it is settled or decided the record is not published.
    kind: the event's type. note: what is special about it; empty for the ordinary.
    """

    at: datetime
    record: Record
    kind: str
    unless: str | None = None
    note: str = ""


class Script:
    """Events in the making, with the bills and subscriptions they are about."""

    def __init__(self, start: datetime, seed: int) -> None:
        self.start = start
        self.chance = Random(f"script:{seed}")
        self.planned: list[Planned] = []
        self.bills: list[Bill] = []
        self.subscriptions: list[Subscription] = []

    def after(self, days: float) -> datetime:
        """The instant so many days after the start."""
        return self.start + timedelta(days=days)

    def between(self, least: float, most: float) -> datetime:
        """An instant so many days after the start, by chance."""
        return self.after(self.chance.uniform(least, most))

    def local(self, person: Person, day: date, hour: int) -> datetime:
        """The full hour of that day where the person lives."""
        return datetime.combine(day, time(hour), ZoneInfo(person.home.timezone))

    def today(self, person: Person, at: datetime) -> date:
        """The person's calendar day at that instant."""
        return at.astimezone(ZoneInfo(person.home.timezone)).date()

    def say(
        self,
        person: Person,
        kind: str,
        data: Mapping[str, Any],
        at: datetime,
        *,
        source: str = BANK,
        unless: str | None = None,
        note: str = "",
        happened: datetime | None = None,
    ) -> None:
        """Plan one event. happened: its `time`, where it is another than that of publishing."""
        record = event(
            kind,
            data,
            id=f"{kind}:{len(self.planned) + 1}",
            source=source,
            subject=person.id,
            time=happened or at,
        )
        self.add(Planned(at, record, kind, unless, note))

    def add(self, planned: Planned) -> None:
        """Plan one record."""
        self.planned.append(planned)

    def open_bill(
        self,
        people: tuple[Person, ...],
        due: date,
        source: str = BANK,
        amount_minor: int | None = None,
    ) -> dict[str, Any]:
        """Open a bill in the books; the data that its events share."""
        first = people[0]
        money, goods = CURRENCIES[first.home.country], GOODS[first.language]
        # Most bills are small: the square of an even chance.
        span = money.most_bill - money.least_bill
        drawn = money.least_bill + int(span * self.chance.random() ** 2)
        shop = source == SHOP
        bill = Bill(
            id=f"{'shop' if shop else 'bank'}-{len(self.bills) + 1:04d}",
            source=source,
            creditor=goods.shop if shop else goods.bank,
            customers=tuple(person.id for person in people),
            currency=money.code,
            due=due,
            remaining_minor=drawn if amount_minor is None else amount_minor,
        )
        self.bills.append(bill)
        data: dict[str, Any] = {
            "bill_id": bill.id,
            "creditor": bill.creditor,
            "amount_minor": bill.remaining_minor,
            "currency": bill.currency,
            "due_date": due.isoformat(),
            "product": self.chance.choice(goods.shop_products if shop else goods.bank_products),
            "version": 1,
        }
        if len(people) > 1:
            roles = ("borrower", *["co_borrower"] * (len(people) - 1))
            data["parties"] = [
                {"customer_id": person.id, "role": role}
                for person, role in zip(people, roles, strict=True)
            ]
        return data

    def open_subscription(self, person: Person, expires_on: date) -> dict[str, Any]:
        """Open a subscription in the books; the data that its events share."""
        goods = GOODS[person.language]
        one = Subscription(
            id=f"watch-{len(self.subscriptions) + 1:04d}",
            source=VIDEO,
            customer=person.id,
            plan=self.chance.choice(goods.plans),
            expires_on=expires_on,
        )
        self.subscriptions.append(one)
        titles = [title for interest in person.interests for title in goods.titles[interest]]
        return {
            "subscription_id": one.id,
            "plan": one.plan,
            "expires_on": expires_on.isoformat(),
            "price_minor": CURRENCIES[person.home.country].month,
            "currency": CURRENCIES[person.home.country].code,
            "perks": list(goods.perks),
            "recommended": self.chance.sample(titles, 2),
        }
