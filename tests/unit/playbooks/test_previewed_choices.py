"""A preview follows the answer that a customer taps."""

import json
from pathlib import Path
from typing import Any

from playbook_files import write
from test_choices import ASKING, WORDS
from typer.testing import CliRunner

from rapport.cli import app

MORNING = "2026-03-02T09:00:00+09:00"
EVENT = {
    "type": "payment.missed",
    "data": {
        "bill_id": "b-9",
        "creditor": "Harbour Bank",
        "amount_minor": 50_000,
        "currency": "USD",
        "due_date": "2026-03-01",
    },
}
YUKI = {"email": "yuki@example.com", "timezone": "Asia/Tokyo", "country": "JP"}


def previewed(folder: Path, *more: str) -> dict[str, Any]:
    """The previewed steps by name."""
    (folder / "event.json").write_text(json.dumps(EVENT))
    (folder / "yuki.json").write_text(json.dumps(YUKI))
    given = ["--customer", str(folder / "yuki.json"), "--event", str(folder / "event.json")]
    asked = ["playbook", "preview", str(folder / "nudge"), *given, "--at", MORNING, "--json", *more]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    return {step["name"]: step for step in json.loads(result.stdout)[0]["steps"]}


def test_an_answer_by_one_tap_is_followed(tmp_path: Path) -> None:
    write(tmp_path, ASKING, WORDS)
    unanswered = previewed(tmp_path)
    assert unanswered["last"]["sent_at"]
    assert (unanswered["again"]["choice"], unanswered["again"]["history"]) == ("later", [])
    assert unanswered["adviser"]["history"][-1]["what"] == "a person takes over"
    tapped = previewed(tmp_path, "--choose", "later")
    assert tapped["last"]["history"][-1]["reason"] == "choice:later"
    assert tapped["again"]["sent_local"].startswith("Mon 2026-03-09")
    assert tapped["again"]["mails"][0]["subject"] == "As you asked"


def test_an_answer_that_there_is_not(tmp_path: Path) -> None:
    home = write(tmp_path, ASKING, WORDS)
    refused = CliRunner().invoke(app, ["playbook", "preview", str(home), "--choose", "never"])
    assert refused.exit_code == 2
    told = " ".join(refused.output.split())
    assert "no choice 'never'; there are cheaper, documents, later, leaving" in told
