"""Many playbooks are asked at once and answer as each would alone."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playbook_files import PLAYBOOK, write

from services.playbooks.cel_syntax import renamed
from services.playbooks.load import load_playbook
from services.playbooks.model import Playbook
from services.playbooks.plan import triggers
from services.playbooks.triggering import started_by
from services.playbooks.variables import event_values

WHEN = "    when: amount_minor > floor_minor\n"
CONDITIONS = [
    "amount_minor > floor_minor",
    "amount_minor > floor_minor && currency == 'USD'",
    "divisible",
    "balance_minor > 500",
    "balance_minor > 500 || amount_minor == 1",
    "!(minimum_minor > 3)",
    'due_date > "2026-02-01" && actor_role == "creditor"',
    "product.contains('floor_minor')",
    "true // floor_minor",
]
FLOORS = "floors: {USD: 300, JPY: 450}"


def book(folder: Path, number: int, when: str | None, floor: int) -> Playbook:
    """A playbook with this trigger condition and floor for dollars."""
    told = "" if when is None else f"    when: {_quoted(when)}\n"
    text = PLAYBOOK.replace(WHEN, told).replace(FLOORS, f"floors: {{USD: {floor}}}")
    name = f"nudge-{number}"
    return load_playbook(write(folder, text.replace("name: nudge", f"name: {name}"), name=name))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def events() -> st.SearchStrategy[dict[str, Any]]:
    money = st.sampled_from([1, 299, 300, 301, 501, 1999, 2000, 5000])
    return st.fixed_dictionaries(
        {
            "amount_minor": money,
            "currency": st.sampled_from(["USD", "JPY", "EUR"]),
            "due_date": st.sampled_from(["2026-01-05", "2026-02-05"]),
        },
        optional={
            "balance_minor": money,
            "minimum_minor": st.sampled_from([1, 5]),
            "product": st.sampled_from(["card", "floor_minor"]),
            "actor_role": st.sampled_from(["creditor", "collector"]),
        },
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=events())
def test_together_they_answer_as_each_alone(tmp_path_factory: Any, data: dict[str, Any]) -> None:
    books = _books(tmp_path_factory)
    values = event_values("payment.missed", data)
    assert started_by(books, values) == [triggers(one, values) for one in books]


_MADE: list[Playbook] = []


def _books(tmp_path_factory: Any) -> list[Playbook]:
    if not _MADE:
        folder = tmp_path_factory.mktemp("books")
        asked = [None, *CONDITIONS]
        _MADE.extend(book(folder, n, when, 100 + n * 200) for n, when in enumerate(asked))
    return _MADE


def test_another_event_starts_none(tmp_path: Path) -> None:
    books = [book(tmp_path, 1, "divisible", 300), book(tmp_path, 2, None, 300)]
    data = {"amount_minor": 9, "currency": "USD", "due_date": "2026-01-05"}
    assert started_by(books, event_values("bill.due_soon", data)) == [False, False]


def test_names_are_changed_where_they_are_variables() -> None:
    source = "floor_minor > 3 && x.floor_minor == 'floor_minor' // floor_minor"
    assert renamed(source, {"floor_minor": "f_1"}) == (
        "f_1 > 3 && x.floor_minor == 'floor_minor' // floor_minor"
    )
