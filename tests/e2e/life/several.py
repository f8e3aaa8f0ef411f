"""One who has three bills that fall due on one day."""

from collections.abc import Iterable, Mapping
from typing import Any

from e2e.life.living import START, Life, day, known
from support.system import event

WHO = "ana"
BILLS = {"rent": "Nordbank", "power": "Stromwerk", "phone": "Telco"}
DUE_IN_DAYS = 11


class Several:
    """What becomes of them: one is paid after each letter."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def begins(self) -> Iterable[Mapping[str, Any]]:
        """All three fall due on the day after the last."""
        yield known(WHO)
        for name, creditor in BILLS.items():
            data = {
                "bill_id": name,
                "creditor": creditor,
                "amount_minor": 4_500,
                "currency": "EUR",
                "due_date": day(DUE_IN_DAYS),
            }
            yield event("bill.due_soon", WHO, data, at=START)

    def at_once(self) -> None:
        """It is too early for a letter."""

    def goes_on(self) -> None:
        """The first letter is about all, the second about two, the third about one."""
        self._life.letter(WHO, 1)
        self._pay("rent")
        self._life.letter(WHO, 2)
        self._pay("phone")
        self._life.letter(WHO, 3)

    def _pay(self, name: str) -> None:
        data = {
            "payment_id": f"p-{name}",
            "bill_id": name,
            "amount_minor": 4_500,
            "currency": "EUR",
            "remaining_minor": 0,
        }
        self._life.tell(WHO, "payment.received", data)
