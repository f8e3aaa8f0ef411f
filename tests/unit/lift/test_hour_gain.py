"""What the learned hour has brought, against those who were drawn to keep the playbook's."""

import json
from pathlib import Path
from typing import Any

import pytest
from lift_world import DAY, Trial
from test_lift_command import told

from rapport.lift.hour_gain import CLICKED, ENDED_WELL
from support.audit.log_builder import plus


class Hours(Trial):
    """Customers of whom another hour was learned, and what they did."""

    def written(self, prefix: str, count: int, clicking: int, arm: str, **more: Any) -> None:
        """So many customers with one letter, of whom the first `clicking` follow a link."""
        for number in range(count):
            customer = f"{prefix}-{number}"
            self.customer(customer, **more)
            name = f"{customer}.recover.1"
            hour = {"usual": 10, "wanted": 20, "by": "own", "arm": arm,
                    "propensity": 0.9 if arm == "learned" else 0.1}  # fmt: skip
            self.add(f"{name}.planned", "outreach.step_planned", customer, DAY,
                     step_id=f"{name}.s0", enrolment_id=name, step="hello",
                     due_at=plus(DAY, hours=11 if arm == "learned" else 1), zones=["UTC"],
                     hour=hour)  # fmt: skip
            self.add(f"{name}.clicked", "message.clicked", customer, plus(DAY, hours=12),
                     message_id=f"m-{name}.d0", link="pay", machine=number >= clicking)  # fmt: skip
            if number < clicking // 2:
                self.pays(customer, days=6)


def test_the_log_tells_what_the_learned_hour_brought() -> None:
    trial = Hours()
    trial.written("own", 400, 160, "learned")
    trial.written("kept", 100, 20, "control")
    trial.ends()
    clicked, ended = trial.report().hours
    assert (clicked.outcome, ended.outcome) == (CLICKED, ENDED_WELL)
    assert (clicked.comparison.outreach.of, clicked.comparison.holdout.of) == (400, 100)
    assert clicked.comparison.difference == pytest.approx(0.2)
    assert clicked.comparison.is_gain
    assert ended.comparison.difference == pytest.approx(0.1)
    assert clicked.by == {"own": 500}


def test_who_would_have_had_the_same_hour_anyway_says_nothing() -> None:
    trial = Hours()
    trial.written("own", 1, 1, "learned")
    trial.change("own-0.recover.1.planned", hour={
        "usual": 10, "wanted": 10, "by": "own", "arm": "learned", "propensity": 0.9,
    })  # fmt: skip
    trial.ends()
    assert trial.report().hours == []


def test_programs_and_people_are_told_or_told_why_not(tmp_path: Path) -> None:
    trial = Hours()
    trial.written("own", 40, 20, "learned")
    trial.written("kept", 10, 2, "control")
    said = told(trial, tmp_path).stdout
    assert "Steps at the hour at which customers answer" in said
    assert "50.0% of 40" in said
    why = "too little data: 10 of at least 30 customers in the playbook's hour"
    assert f"recover, clicked: no gain of the hour shown, {why}" in said
    report = json.loads(told(trial, tmp_path, "--json").stdout)
    found = report["hour_gains"][0]
    assert (found["learned"]["customers"], found["control"]["customers"]) == (40, 10)
    assert found["difference"] is None
