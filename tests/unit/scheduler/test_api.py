"""What the scheduler's routes are described by: an example of each answer, and true to it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from services.scheduler import api
from services.scheduler.api.outreach import ENROLMENT, enrolment
from services.scheduler.tables import EnrolmentRow, StepRow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOWHERE: Any = SimpleNamespace()
"""A context that no description looks at."""


def test_every_route_shows_what_it_is_asked_and_what_it_answers() -> None:
    described = api.create(NOWHERE, ()).openapi()
    models = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            told = route["responses"]["200"]["content"]["application/json"]
            assert told.get("example"), f"{method} {path}"
            if "requestBody" in route:
                body = route["requestBody"]["content"]["application/json"]["schema"]
                assert models[body["$ref"].rpartition("/")[2]]["examples"], f"{method} {path}"


def test_the_example_of_an_enrolment_has_the_fields_of_one() -> None:
    row = EnrolmentRow(
        tenant="t", enrolment_id="e", customer="c", obligation_kind="bill", obligation_id="b",
        playbook="p", status="active", started_at=NOW, state={},
    )  # fmt: skip
    step = StepRow(
        tenant="t", step_id="s", customer="c", enrolment_id="e", position=0, state="planned",
        planned_at=NOW, due_at=NOW, not_after=NOW, attempt=1, plan={"name": "first"},
    )  # fmt: skip
    shown = enrolment(row, [step])
    assert shown.keys() == ENROLMENT.keys()
    assert [one.keys() for one in shown["steps"]] == [one.keys() for one in ENROLMENT["steps"]]
