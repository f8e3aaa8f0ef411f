"""One-tap choices and people's steps: what is a fault, and what is planned of them."""

import re
from pathlib import Path

import pytest
from playbook_files import PLAYBOOK, TEMPLATES, write

from services.playbooks.conditions import SegmentChoice
from services.playbooks.load import PlaybookFaults, load_playbook, load_playbooks
from services.playbooks.plan import choice_terms, planned_steps
from services.playbooks.variables import event_values

ASKING = PLAYBOOK.replace(
    "    template: hello\n    when:", "    template: late\n    when:"
).replace(
    "exits:",
    """\
  - name: again
    anchor: choice
    choice: later
    days: 7
    valid_for: P2D
    template: reminder
  - name: adviser
    by: person
    seniority: senior
    anchor: trigger
    days: 3
    valid_for: P2D
choices:
  - name: documents
    does: person
    seniority: senior
  - name: cheaper
    does: request
    request: cheaper_plan
    keep: [last]
  - name: later
    does: steps
  - name: leaving
    does: stop
exits:""",
)
LABELS = """\
choices:
  documents: I have trouble with the documents
  cheaper: It costs too much
  later: Not now
  leaving: I need it no more
"""
WORDS = (
    LABELS
    + TEMPLATES
    + "".join(
        f"\n      [Tap]({{{{ choices.{name} }}}})\n"
        for name in ("documents", "cheaper", "later", "leaving")
    )
    + "".join(
        f"""\
{name}:
  neutral:
    subject: As you asked
    preheader: It is later now.
    body: "[Open]({{{{ links.portal }}}})"
"""
        for name in ("reminder", "late")
    )
)


def faults(folder: Path) -> list[str]:
    with pytest.raises(PlaybookFaults) as refused:
        load_playbooks(folder)
    return [f"{fault.file.name}:{fault.line}: {fault.message}" for fault in refused.value.faults]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_playbook_with_choices_and_a_persons_step_loads(tmp_path: Path) -> None:
    playbook = load_playbook(write(tmp_path, ASKING, WORDS))
    assert [one.name for one in choice_terms(playbook)] == [
        "documents",
        "cheaper",
        "later",
        "leaving",
    ]
    assert playbook.labels["ja"]["later"] == "Not now"
    assert "choices" not in playbook.templates["en"]
    values = event_values(
        "payment.missed", {"amount_minor": 5000, "currency": "USD", "due_date": "2026-03-01"}
    )
    steps = {
        step.name: step
        for step in planned_steps(playbook, values, SegmentChoice("everyone", "neutral"))
    }
    assert (steps["again"].anchor, steps["again"].choice) == ("choice", "later")
    assert (steps["adviser"].by, steps["adviser"].template) == ("person", "")
    assert steps["adviser"].seniority == "senior"


def test_what_only_a_choice_plans_is_nothing_where_no_mail_offers_it(tmp_path: Path) -> None:
    never = 'when: segment == "young"\n'
    text = ASKING.replace("valid_for: P1D\n    template: hello\n", f"valid_for: P1D\n    {never}"
                          "    template: hello\n", 1)  # fmt: skip
    text = text.replace('when: segment == "everyone"', never.strip())
    text = text.replace("    seniority: senior\n    anchor: trigger", "    anchor: trigger\n    "
                        + never.strip())  # fmt: skip
    playbook = load_playbook(write(tmp_path, text, WORDS))
    values = event_values("payment.missed", {"amount_minor": 5000, "currency": "USD"})
    assert planned_steps(playbook, values, SegmentChoice("everyone", "neutral")) == ()


def test_the_hash_covers_the_labels(tmp_path: Path) -> None:
    one = load_playbook(write(tmp_path / "a", ASKING, WORDS))
    other = load_playbook(write(tmp_path / "b", ASKING, WORDS.replace("Not now", "Later")))
    assert one.content_hash != other.content_hash


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("choice: later", "choice: latter", "choice: latter", "no choice 'latter'"),
        ("choice: later", "choice: leaving", "choice: leaving", "'leaving' does stop"),
        ("    choice: later\n", "", "- name: again", "choice: missing"),
        ("    anchor: choice\n", "    anchor: trigger\n", "choice: later", "set `anchor: choice`"),
        ("days: 7", "days: -7", "days: -7", "lies before the choice"),
        ("- name: leaving", "- name: later", "- name: later\n    does: stop", "stands twice"),
        ("- name: leaving", "- name: clear", "- name: clear", "means something else"),
        ("    request: cheaper_plan\n", "", "- name: cheaper", "request: missing"),
        ("does: request", "does: person", "request: cheaper", "only a choice that does request"),
        ("does: person", "does: stop", "seniority: senior\n  - name: ch", "does person"),
        ("keep: [last]", "keep: [lost]", "keep: [lost]", "no step 'lost'"),
        ("keep: [last]", "keep: [again]", "keep: [again]", "planned by a choice only"),
        ("keep: [last]", "keep: [first]", "keep: [first]", "after this one none counts"),
        ("does: stop", "does: stop\n    keep: [last]", "keep: [last]\nexits", "keeps nothing"),
        ("does: stop", "does: steps", "does: steps\nexits", "plans no step"),
        ("by: person", "by: machine", "seniority: senior\n    anchor", "only a person's step"),
        ("    by: person\n", "    by: person\n    template: hello\n", "template: hello\n    sen",
         "sends nothing"),
        ("    template: reminder\n", "", "- name: again", "template: missing"),
        ("template: reminder", "template: hello", "template: hello\n  - name: adv",
         "lead in a circle"),
        ("template: reminder", "template: choices", "template: choices", "rename it"),
        ("name: documents", "name: papers", "name: papers", "no template in ja offers it"),
        ("does: person", "does: dance", "does: dance", "input should be"),
    ],
)  # fmt: skip
def test_fault_in_the_playbook(tmp_path: Path, old: str, new: str, at: str, says: str) -> None:
    assert old in ASKING
    text = ASKING.replace(old, new, 1)
    write(tmp_path, text, WORDS)
    found = faults(tmp_path)
    line = line_of(text, at)
    assert any(re.match(rf"playbook\.yaml:{line}: ", one) and says in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("  later: Not now\n", "", "choices:", "add the label of 'later'"),
        (LABELS, "", "hello:", "add the label of 'later'"),
        ("later: Not now", "latter: Not now", "latter:", "no choice 'latter'"),
        ("Not now", '""', "later:", "on one line"),
        ("Not now", "x" * 81, "later:", "too long"),
        (LABELS, "choices: [later]\n", "choices:", "each with a label"),
        ("choices.later }}", "choices.latter }}", "body: |", "choice 'latter' is not listed"),
        ("subject: A note", 'subject: "{{ choices.later }}"', "subject:", "into the body"),
    ],
)
def test_fault_in_a_template(tmp_path: Path, old: str, new: str, at: str, says: str) -> None:
    assert old in WORDS
    text = WORDS.replace(old, new, 1)
    write(tmp_path, ASKING, text)
    found = faults(tmp_path)
    line = line_of(text, at)
    assert any(one.startswith(f"ja.yaml:{line}: ") and says in one for one in found), found


def test_a_message_about_several_matters_offers_no_choice(tmp_path: Path) -> None:
    several = TEMPLATES.replace("hello:", "several:").replace("links.portal", "choices.later")
    text = ASKING.replace("about: bill\n", "about: bill\nconsolidate: true\n")
    write(tmp_path, text, WORDS + several)
    line = line_of(WORDS + several, "several:")
    told = [one for one in faults(tmp_path) if one.startswith(f"zh.yaml:{line}: ")]
    assert any("a choice is about one" in one for one in told), told


def test_a_playbook_of_choices_alone_never_begins(tmp_path: Path) -> None:
    text = re.sub(r"anchor: trigger\n", "anchor: choice\n    choice: later\n", ASKING)
    write(tmp_path, text, WORDS)
    assert any("none begins it" in one for one in faults(tmp_path))
