"""`rapport lift` from a log file to what people and programs read."""

import json
from pathlib import Path

import pytest
from lift_world import Trial
from typer.testing import CliRunner, Result

from rapport.cli import app
from support.audit.log_builder import as_lines


def told(trial: Trial, folder: Path, *options: str) -> Result:
    """What the command says of a log that was written down."""
    trial.ends()
    file = folder / "log.jsonl"
    file.write_text(as_lines(trial.records()) + "\n")
    return CliRunner().invoke(
        app, ["lift", "--file", str(file), *options], env={"COLUMNS": "160"}, color=False
    )


def test_programs_get_every_figure_and_how_it_was_made(tmp_path: Path) -> None:
    trial = Trial()
    trial.customers("out", 400, 240)
    trial.customers("held", 100, 40, held_by="recover")
    result = told(trial, tmp_path, "--json", "--window", "14")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["window_days"] == 14
    assert "Newcombe" in report["method"]
    assert report["assumptions"]["ASSUMED_COST_EMAIL"] == 0.001
    whole, segment = report["rows"]
    assert (whole["segment"], segment["segment"], segment["tone"]) == (None, "everyone", "neutral")
    assert whole["difference"] == pytest.approx(0.2)
    assert whole["outreach"]["customers"] + whole["holdout"]["customers"] == 500
    assert whole["costs"]["per_outcome"] == pytest.approx(400 * 0.001 / 80)
    assert report["small_debts"][0]["is_worth_it"] is True


def test_people_are_told_plainly_when_there_is_too_little(tmp_path: Path) -> None:
    trial = Trial()
    trial.customers("out", 29, 20)
    trial.customers("held", 5, 1, held_by="recover")
    result = told(trial, tmp_path)
    assert result.exit_code == 0
    assert "too little data: 29 of at least 30 customers in outreach" in result.stdout
    assert "too little data to say what makes a debt of 3 USD worth it" in result.stdout
    assert "%" not in result.stdout.split("The loop")[0].replace("95%", "")


def test_people_see_lift_cost_and_what_is_assumed(tmp_path: Path) -> None:
    trial = Trial()
    trial.customers("out", 400, 240)
    trial.customers("held", 100, 40, held_by="recover")
    said = told(trial, tmp_path).stdout
    for words in ("60.0% of 400", "40.0% of 100", "+20.0", "recover against its own holdout",
                  "worth it now", "Assumed, not measured: ASSUMED_COST_CURRENCY=USD",
                  "In short, resolved without a person: 100.0% of 240",
                  "0.0010 USD a contact over 400", "Wilson"):  # fmt: skip
        assert words in said


def test_a_log_without_a_closed_window_says_so(tmp_path: Path) -> None:
    trial = Trial()
    trial.customer("one", at="2026-04-20T00:00:00+00:00")
    said = told(trial, tmp_path).stdout
    assert "nobody's window has closed yet" in said
    assert "not counted yet, since their window is open: 1" in said


def test_a_price_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSUMED_COST_EMAIL", "-1")
    trial = Trial()
    trial.customer("one")
    assert told(trial, tmp_path).exit_code == 2
