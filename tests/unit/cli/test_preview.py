"""`rapport playbook preview`: the services' own decisions, shown before anybody is written to."""

import json
import shutil
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rapport.cli import app
from services.runtime.settings import ROOT

PLAYBOOKS = ROOT / "deploy" / "playbooks"
MORNING = "2026-03-02T09:00:00+09:00"
YUKI: dict[str, Any] = {
    "customer": "c-yuki",
    "name": "Yuki",
    "email": "yuki@example.com",
    "locale": "ja",
    "timezone": "Asia/Tokyo",
    "country": "JP",
    "birth_year": 1999,
    "consents": [{"channel": "email", "purpose": "*", "status": "granted"}],
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["playbook", "preview", *arguments])


def previewed(
    folder: Path, playbook: str, customer: dict[str, Any], at: str = MORNING, *more: str
) -> dict[str, Any]:
    file = folder / "customer.json"
    file.write_text(json.dumps(customer, indent=1))
    result = run(playbook, "--customer", str(file), "--at", at, "--json", *more)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)[0]
    return found


def test_all_playbooks_in_three_languages() -> None:
    languages = ["--locale", "en", "--locale", "zh", "--locale", "ja"]
    result = run(str(PLAYBOOKS), "--at", MORNING, "--json", *languages)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert len(found) == len(list(PLAYBOOKS.glob("*/playbook.yaml")))
    for one in found:
        assert one["segment"], one["playbook"]
        by_machine = [step for step in one["steps"] if step["sent_at"]]
        assert any(step["history"] for step in one["steps"]), one["playbook"]
        for step in by_machine:
            assert [mail["locale"] for mail in step["mails"]] == ["en", "zh", "ja"]
            assert all(mail["subject"] and mail["html"] and mail["text"] for mail in step["mails"])


def asking_for_tags(folder: Path) -> Path:
    """The playbook recover, whose segment for the young asks for a tag instead."""
    copied = Path(copytree(PLAYBOOKS / "recover", folder / "recover"))
    file = copied / "playbook.yaml"
    old, new = "when: age >= 18 && age < 28", "when: tags.readiness > 0.5 && tags.days_past_due > 2"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return copied


def test_a_customer_is_described_by_tags(tmp_path: Path) -> None:
    playbook = str(asking_for_tags(tmp_path))
    eager = {**YUKI, "tags": {"readiness": 0.9, "days_past_due": 3}}
    assert previewed(tmp_path, playbook, eager)["segment"] == "young"
    assert previewed(tmp_path, playbook, {**eager, "tags": {}})["segment"] == "everyone"


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"readyness": 0.9}, "did you mean 'readiness'?"),
        ({"readiness": "high"}, "the tag readiness is a number"),
        ({"delinquency": "31-61"}, "the tag delinquency is one of"),
    ],
)
def test_a_tag_that_no_customer_could_have_is_a_fault(
    tmp_path: Path, tags: dict[str, Any], says: str
) -> None:
    file = tmp_path / "customer.json"
    file.write_text(json.dumps({**YUKI, "tags": tags}))
    result = run(str(PLAYBOOKS / "recover"), "--customer", str(file), "--at", MORNING)
    assert result.exit_code != 0
    assert says in " ".join(result.output.split())


def test_a_step_for_a_person_is_shown_without_a_mail(tmp_path: Path) -> None:
    found = previewed(tmp_path, "vip-care", {**YUKI, "tier": "vip"})
    step = found["steps"][0]
    shown = (found["segment"], step["name"], step["mails"])
    assert shown == ("most_valued", "application_stopped", [])


def test_a_terminal_shows_segment_times_mails_and_rules(tmp_path: Path) -> None:
    file = tmp_path / "yuki.json"
    file.write_text(json.dumps(YUKI))
    late = "2026-03-02T22:00:00+09:00"
    output = run("recover", "--customer", str(file), "--at", late).output
    shown = " ".join(output.split())
    for words in (
        "A payment was missed",
        "Mon 2026-03-02 22:00 (Asia/Tokyo)",
        "passed over: age may not steer here (default/steering v5)",
        "✓ everyone",
        "Tue 2026-03-03 08:00 2026-03-02 23:00 UTC",
        "moved to Tue 2026-03-03 08:00: hours",
        "caps: default/week: 1 of 3",
        "Yuki 様",
    ):
        assert words in shown, words


def test_a_step_outside_the_hours_is_moved_by_a_cited_rule(tmp_path: Path) -> None:
    found = previewed(tmp_path, "recover", YUKI, "2026-03-02T22:00:00+09:00")
    first = found["steps"][0]
    moved = next(one for one in first["history"] if one["what"] == "moved")
    assert moved["reason"] == "hours"
    assert (moved["rule"]["pack"], moved["rule"]["version"]) == ("default", 5)
    assert "12 CFR 1006.6(b)(1)" in moved["rule"]["citation"]
    assert first["sent_local"] == "Tue 2026-03-03 08:00"
    assert first["sent_at"] == "2026-03-02T23:00:00+00:00"


def test_earlier_contacts_fill_the_cap(tmp_path: Path) -> None:
    days = ("2026-02-25", "2026-02-27", "2026-02-28")
    contacts = [{"at": f"{day}T10:00:00+09:00", "purpose": "marketing"} for day in days]
    found = previewed(tmp_path, "recover", {**YUKI, "contacts": contacts})
    first = found["steps"][0]["history"]
    moved = [one for one in first if one["reason"] == "cap"]
    assert moved[0]["rule"]["rule"] == "week"
    assert moved[0]["to_at"].startswith("2026-03-04T10:00:00")


def test_a_segment_that_asks_for_what_may_not_steer_cites_the_rule(tmp_path: Path) -> None:
    found = previewed(tmp_path, "recover", YUKI)
    young = next(one for one in found["segments"] if one["name"] == "young")
    assert young["outcome"] == "passed over"
    assert young["forbidden"] == ["age"]
    assert young["rules"][0]["rule"] == "steering"
    assert young["rules"][0]["citation"]
    assert (found["segment"], found["tone"]) == ("everyone", "neutral")


def test_why_earlier_segments_did_not_hold(tmp_path: Path) -> None:
    hardship = [{"kind": "vulnerability"}]
    tried = previewed(tmp_path, "bill-reminder", YUKI)["segments"]
    assert tried[0]["outcome"] == "does not hold"
    assert tried[0]["inputs"] == {"holds": []}
    tried = previewed(tmp_path, "bill-reminder", {**YUKI, "holds": hardship})["segments"]
    assert tried[0]["outcome"] == "holds"
    assert {one["outcome"] for one in tried[1:]} <= {"not reached"}


def test_steps_whose_condition_fails_say_so(tmp_path: Path) -> None:
    found = previewed(tmp_path, "subscription-retain", YUKI)
    skipped = next(one for one in found["steps"] if one["name"] == "renews_itself")
    assert "auto_renew" in skipped["when"]
    assert skipped["inputs"]["auto_renew"] is False
    assert not skipped["mails"]


@pytest.mark.parametrize(
    ("change", "playbook", "reason"),
    [
        ({"timezone": None, "country": None}, "recover", "place_unknown"),
        ({"holds": [{"kind": "deceased"}]}, "recover", "hold:deceased"),
        (
            {"consents": [{"channel": "email", "purpose": "*", "status": "revoked"}]},
            "recover",
            "opted_out",
        ),
    ],
)
def test_what_stops_it_before_the_first_step(
    tmp_path: Path, change: dict[str, Any], playbook: str, reason: str
) -> None:
    found = previewed(tmp_path, playbook, {**YUKI, **change})
    assert found["stopped"]["reason"] == reason
    assert not any(step["mails"] for step in found["steps"])


def test_who_has_a_number_and_no_address_gets_texts(tmp_path: Path) -> None:
    reached = {**YUKI, "email": None, "phone": "+819012345678", "consents": []}
    found = previewed(tmp_path, "bill-reminder", reached)
    sent = [step for step in found["steps"] if step["sent_at"]]
    assert sent
    for step in sent:
        assert not step["mails"]
        [text] = step["texts"]
        assert (text["channel"], text["locale"]) == ("sms", "ja")
        # The host of the preview is the tenant's for mail, and a long one.
        assert text["parts"] == 3
        assert "/s/pay--------------" in text["text"]


def test_careful_defaults_are_said(tmp_path: Path) -> None:
    unknown = {**YUKI, "locale": None, "timezone": None, "country": None}
    found = previewed(tmp_path, "recover", unknown)
    assert found["defaults_used"] == ["locale", "timezone", "country"]


def test_missing_consent_names_the_packs_rule(tmp_path: Path) -> None:
    abroad = {**YUKI, "consents": [], "country": "GB", "timezone": "Europe/London"}
    found = previewed(tmp_path, "subscription-retain", abroad)
    stopped = [one for step in found["steps"] for one in step["history"] if one["reason"]]
    assert {one["reason"] for one in stopped} == {"no_consent"}
    assert {one["rule"]["rule"] for one in stopped} == {"consent.marketing"}


def test_without_an_address_the_messenger_refuses(tmp_path: Path) -> None:
    found = previewed(tmp_path, "recover", {**YUKI, "email": None})
    reasons = {one["reason"] for step in found["steps"] for one in step["history"]}
    assert "no_address" in reasons
    assert not any(step["sent_at"] for step in found["steps"])


def test_a_given_event_and_span(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    data = {
        "bill_id": "b-9",
        "creditor": "Harbour Bank",
        "amount_minor": 50_000,
        "currency": "JPY",
        "due_date": "2026-03-01",
    }
    event.write_text(json.dumps({"type": "payment.missed", "data": data}))
    found = previewed(tmp_path, "recover", YUKI, MORNING, "--event", str(event), "--days", "3")
    assert not found["sampled"]
    assert "50,000円" in found["steps"][0]["mails"][0]["text"]
    sent = [step["name"] for step in found["steps"] if step["sent_at"]]
    assert sent == ["hello", "choices"]
    event.write_text(json.dumps({"type": "payment.missed", "data": {**data, "amount_minor": 1}}))
    found = previewed(tmp_path, "recover", YUKI, MORNING, "--event", str(event))
    assert (found["matched"], found["reason"]) == (False, "not_triggered")


def test_a_customer_held_out_is_said_to_get_nothing(tmp_path: Path) -> None:
    assert previewed(tmp_path, "recover", YUKI)["held_out"] is None
    text = (PLAYBOOKS / "recover" / "playbook.yaml").read_text()
    shutil.copytree(PLAYBOOKS / "recover", tmp_path / "recover")
    (tmp_path / "recover" / "playbook.yaml").write_text(text + "\nholdout_bp: 5000\n")
    held = [
        previewed(tmp_path, str(tmp_path / "recover"), {**YUKI, "customer": f"c-{number}"})
        for number in range(6)
    ]
    assert {one["held_out"] for one in held} == {None, "recover, 50 % of the customers"}


def test_mails_are_written_as_html(tmp_path: Path) -> None:
    found = previewed(tmp_path, "bill-reminder", YUKI, MORNING, "--html", str(tmp_path / "out"))
    files = sorted(file.name for file in (tmp_path / "out" / "bill-reminder").iterdir())
    assert len(files) == sum(len(step["mails"]) for step in found["steps"])
    assert files[0].endswith(".ja.html")
    assert "<html" in (tmp_path / "out" / "bill-reminder" / files[0]).read_text()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n "emial": "x"\n}', ":2: emial: no such field"),
        ('{\n "locale": "ja",\n "timezone": "Mars"\n}', ":3: timezone: must be an IANA"),
        ('{\n "holds": [\n  {"kind": "sad"}\n ]\n}', ":3: holds.0.kind: "),
        ("{\n", ":2: not JSON"),
    ],
)
def test_faults_of_the_customers_file_are_located(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "customer.json"
    file.write_text(text)
    result = run("recover", "--customer", str(file))
    assert result.exit_code == 1
    assert says in result.output.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing-such"], "no folder and no playbook"),
        (["recover", "--at", "tomorrow"], "want an instant"),
        (["recover", "--event", "nowhere.json"], "No such file"),
        (["recover", "--customer", "nowhere.json"], "No such file"),
    ],
)
def test_what_can_not_be_previewed_says_what_to_give(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.output.replace("\n", " ")


def test_the_guides_customer_is_previewed(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "playbooks.md").read_text(encoding="utf-8")
    ana = next(part for part in guide.split("```json\n")[1:] if '"Ana"' in part).split("```")[0]
    found = previewed(tmp_path, "recover", json.loads(ana))
    assert (found["segment"], found["tone"]) == ("vulnerable", "gentle")
    assert "Ana" in found["steps"][0]["mails"][0]["text"]
