"""Three bills of one day: one letter about all, then about two, then about the last."""

from typing import Any

import pytest

from e2e.life.living import Life
from e2e.life.several import BILLS, WHO

pytestmark = pytest.mark.brokers("kafka")


def test_what_falls_due_together_is_told_together_and_what_is_paid_drops_out(life: Life) -> None:
    letters = life.letters_to(WHO)
    assert [_named(letter) for letter in letters] == [
        {"Nordbank", "Stromwerk", "Telco"},
        {"Stromwerk", "Telco"},
        {"Stromwerk"},
    ]
    assert [letter["headers"]["Subject"] for letter in letters] == [
        "3 bills fall due soon",
        "2 bills fall due soon",
        "Tomorrow: your Stromwerk bill",
    ]
    joined = life.of(WHO, "outreach.step_joined")
    assert len(joined) == 3, "two with the first letter, one with the second"


def _named(letter: dict[str, Any]) -> set[str]:
    return {creditor for creditor in BILLS.values() if creditor in letter["text"]}
