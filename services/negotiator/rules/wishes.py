"""Reads a customer's own proposal as a form sends it, and makes the plan that it means.

Any mix of amount, dates, number of payments and discount is one; what is missing follows from the
rest. Only what cannot be meant is refused: what merely goes too far is answered by a counter.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

from services.negotiator.model import Plan
from services.negotiator.model.terms import Circumstances, Every, Stated, Wish, WishRefusal
from services.negotiator.rules.plans import first_day, plan_of, split
from services.negotiator.rules.schedules import business_day, days, next_payday

MOST_PAYMENTS = 120
FURTHEST = timedelta(days=366)
"""A first payment later than that is no proposal."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,4}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{3})*(?:[.,][0-9]{0,3})?")


def read(
    fields: Mapping[str, str], balance_minor: int, currency: str, digits: int, today: date
) -> Wish | WishRefusal:
    """The proposal, or why it is none.

    Fields: `each`, `total` (amounts as people write them), `count`, `every`, `first` (YYYY-MM-DD),
    `payday` (1 to 31), `currency`. `digits`: decimal places of the currency.
    """
    given = {name: text for name, text in fields.items() if text}
    if given.get("currency", currency) != currency:
        return WishRefusal.CURRENCY
    if not any(name in given for name in ("each", "total", "count", "first", "payday")):
        return WishRefusal.UNREADABLE
    every = given.get("every", Every.MONTH)
    if every not in tuple(Every):
        return WishRefusal.UNREADABLE
    amounts: dict[str, int | None] = {}
    for name in ("each", "total"):
        amount = _amount_of(given.get(name), balance_minor, digits)
        if isinstance(amount, WishRefusal):
            return amount
        amounts[name] = amount
    count, payday = (
        _number(given.get(name), most) for name, most in (("count", MOST_PAYMENTS), ("payday", 31))
    )
    if isinstance(count, WishRefusal) or isinstance(payday, WishRefusal):
        return WishRefusal.COUNT
    first = _day_of(given.get("first"), today)
    if isinstance(first, WishRefusal):
        return first
    return Wish(Every(every), amounts["each"], count, amounts["total"], first, payday)


def read_stated(
    fields: Mapping[str, str], digits: int, known: Stated | None = None
) -> Stated | WishRefusal:
    """What a customer says they can manage: `monthly`, an amount, and `payday`, 1 to 31.

    Saying it is what tells need; how well off they are is theirs to judge.
    """
    monthly = minor(fields.get("monthly", ""), digits)
    if monthly is None or monthly <= 0:
        return WishRefusal.AMOUNT
    payday = _number(fields.get("payday") or None, 31)
    if isinstance(payday, WishRefusal):
        return WishRefusal.COUNT
    return Stated(True, monthly, payday or (known.payday if known else None))


def plan(wish: Wish, given: Circumstances) -> Plan:
    """The plan that the wish means: exact to the minor unit, dates rising from today on."""
    balance = given.bounds.balance_minor
    each, count, total = wish.each_minor, wish.count, wish.total_minor
    if wish.every is Every.ONCE:
        amount = min(total or each or balance, balance)
        return plan_of("wish", balance, [amount], _dates(wish, given, 1))
    if each is not None and count is not None and total is None:
        total = min(each * count, balance)
    total = min(total or balance, balance)
    if each is None:
        number = min(count or 1, total)
        amounts = split(total, number)
    else:
        amounts = _of_size(total, min(each, total), given.bounds.min_instalment_minor)
    return plan_of("wish", balance, amounts, _dates(wish, given, len(amounts)))


def _of_size(total: int, each: int, least: int) -> list[int]:
    """Payments of `each`, and what is left at the end; no more of them than MOST_PAYMENTS.

    A rest that is less than the `least` payment goes into the one before it: nobody means it.
    """
    full, rest = divmod(total, each)
    if full + bool(rest) > MOST_PAYMENTS:
        return [each] * (MOST_PAYMENTS - 1) + [total - each * (MOST_PAYMENTS - 1)]
    if rest and rest < least:
        return [each] * (full - 1) + [each + rest]
    return [each] * full + ([rest] if rest else [])


def _dates(wish: Wish, given: Circumstances, count: int) -> tuple[date, ...]:
    payday = wish.payday or given.stated.payday
    first = wish.first
    if first is None:
        first = next_payday(payday, given.today) if payday is not None else first_day(given)
    every = Every.MONTH if wish.every is Every.ONCE else wish.every
    first = business_day(max(first, given.today), given.rest)
    return days(first, every, count, given.rest, payday if wish.first is None else None)


def minor(text: str, digits: int) -> int | None:
    """An amount as people write it, in minor units; None where it is none, or not a whole one.

    `50`, `50.00`, `1,200.50`, `1.200,50`, full-width digits, with or without a currency's sign.
    A last group of three after one sign stands for thousands where the currency has no third
    decimal.
    """
    plain = unicodedata.normalize("NFKC", text)
    bare = "".join(
        sign
        for sign in plain
        if unicodedata.category(sign) not in ("Sc", "Zs") and sign not in "'\u2019_"
    )
    if not _AMOUNT.fullmatch(bare):
        return None
    whole, sign, rest = _parted(bare)
    if sign and len(rest) == 3 and digits != 3:
        whole, rest = whole + rest, ""
    if len(rest) > digits:
        return None
    return int(whole + rest.ljust(digits, "0"))


def _parted(bare: str) -> tuple[str, str, str]:
    """Digits before and after the last separator, and whether there is one."""
    at = max(bare.rfind("."), bare.rfind(","))
    if at < 0:
        return bare, "", ""
    whole = re.sub(r"[.,]", "", bare[:at])
    return whole, bare[at], bare[at + 1 :]


def _amount_of(text: str | None, balance: int, digits: int) -> int | WishRefusal | None:
    if text is None:
        return None
    amount = minor(text, digits)
    if amount is None or not 0 < amount <= balance:
        return WishRefusal.AMOUNT
    return amount


def _number(text: str | None, most: int) -> int | WishRefusal | None:
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text)
    if not _COUNT.fullmatch(plain) or not 0 < int(plain) <= most:
        return WishRefusal.COUNT
    return int(plain)


def _day_of(text: str | None, today: date) -> date | WishRefusal | None:
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        return WishRefusal.UNREADABLE
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return WishRefusal.UNREADABLE
    return day if today <= day <= today + FURTHEST else WishRefusal.DATE
