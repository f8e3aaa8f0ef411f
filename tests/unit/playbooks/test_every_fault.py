"""One planted fault of every kind: each is named by its exact line, with what to do about it.

Whatever is found, nothing of the folder is used: the version in force stays.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from playbook_files import PLAYBOOK, TEMPLATES, write

from rapport.validate import Verdict, against_policies
from services.playbooks.load import PlaybookFaults, build, load_playbooks, read_source
from services.policy.packs import load as load_packs
from services.runtime.settings import ROOT

PACKS = load_packs(ROOT / "deploy" / "policies")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Planted(NamedTuple):
    """A fault, where it is planted, and how it is told: FILE:LINE: what and how to mend it."""

    what: str
    into: str
    old: str
    new: str
    told: str


APPLICATION = """\
name: nudge
version: 1
title: An application waits
purpose: marketing
about: application
triggers:
  - event: application.abandoned
segments:
  - name: everyone
    when: "true"
    tone: neutral
steps:
  - name: first
    anchor: due
    days: 1
    valid_for: P1D
    template: hello
exits:
  - on: application.completed
    reason: done
links: [portal]
"""
BENEFIT = (
    APPLICATION.replace("application.abandoned", "benefit.granted")
    .replace("application.completed", "benefit.withdrawn")
    .replace("about: application", "about: benefit")
)
PLAIN = TEMPLATES.replace("{{ amount }}{% if product %} for {{ product }}{% endif %}", "your wish")

FAULTS = [
    Planted(**one)
    for one in yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("planted", FAULTS, ids=[one.what for one in FAULTS])
def test_each_kind_of_fault_is_named_with_its_line_and_remedy(
    tmp_path: Path, planted: Planted
) -> None:
    texts = {"playbook": PLAYBOOK, "templates": TEMPLATES}
    assert planted.old in texts[planted.into]
    texts[planted.into] = texts[planted.into].replace(planted.old, planted.new, 1)
    write(tmp_path, texts["playbook"], texts["templates"])
    told = faults(tmp_path)
    assert any(one.startswith(planted.told) for one in told), told


def test_a_missing_translation(tmp_path: Path) -> None:
    (write(tmp_path) / "templates" / "zh.yaml").unlink()
    assert faults(tmp_path) == ["playbook.yaml:1: add templates/zh.yaml"]


def test_a_due_date_that_no_event_gives(tmp_path: Path) -> None:
    write(tmp_path, APPLICATION, PLAIN)
    assert faults(tmp_path) == [
        "playbook.yaml:14: anchor: can never run: application.abandoned gives no due date; "
        "write anchor: trigger"
    ]


def test_a_step_after_the_benefits_end(tmp_path: Path) -> None:
    write(tmp_path, BENEFIT, PLAIN)
    assert faults(tmp_path) == [
        "playbook.yaml:15: days: comes after the benefit's last day; lower days"
    ]


def test_a_step_whose_whole_window_is_outside_every_places_hours(tmp_path: Path) -> None:
    home = write(
        tmp_path,
        PLAYBOOK.replace("at: 10:30\n    valid_for: P1D", "at: 22:00\n    valid_for: PT5H"),
    )
    found = judged(home).faults
    assert [f"{one.line}: {one.message}" for one in found] == [
        "27: step 'last' can never run: from 22:00 for PT5H it never meets the hours 08:00 to "
        "21:00 (default/hours v5); move `at` or lengthen valid_for"
    ]


def test_a_segment_by_age_is_named_with_the_rule_and_who_stands_in(tmp_path: Path) -> None:
    home = write(tmp_path)
    verdict = judged(home)
    assert not verdict.faults
    told = [f"{note.line}: {note.message}" for note in verdict.notes]
    assert any(
        one.startswith(
            "12: segment 'young': everywhere age may not steer collection (rule default/steering v5"
        )
        and one.endswith("it is passed over there, and 'everyone' (neutral) stands in")
        for one in told
    ), told


def test_a_segment_by_age_with_nobody_to_stand_in_is_a_fault(tmp_path: Path) -> None:
    turned = PLAYBOOK.replace('when: "true"', "when: age >= 28")
    home = write(tmp_path, turned)
    found = judged(home).faults
    assert {one.line for one in found} == {12, 15}
    assert all(
        "add a segment below it whose condition does not ask for age" in one.message
        for one in found
    )


@pytest.mark.parametrize(
    ("before", "now", "line", "told"),
    [
        ("subject: A note", "subject: From our law firm", 3, "subject: 'law firm' is prohibited"),
        ("It is about", "Our lawyer writes about", 5, "body: 'lawyer' is prohibited"),
        (
            "    preheader:",
            "    sms: 'From our law office {{ links.portal }}'\n    preheader:",
            4,
            "sms: 'law office' is prohibited",
        ),
        (
            "subject: A note",
            "subject: A note\n    variants: {warm: {subject: Our lawyer writes}}",
            4,
            "subject: 'lawyer' is prohibited",
        ),
    ],
)
def test_what_a_places_pack_prohibits_is_named_with_its_rule(
    tmp_path: Path, before: str, now: str, line: int, told: str
) -> None:
    home = write(tmp_path, templates=TEMPLATES.replace(before, now))
    found = [one for one in _told(home) if "prohibited" in one]
    # The rule is about English words: what stands in the other two files is not told.
    assert all(one.startswith("en.yaml:") for one in found), found
    assert any(
        one.startswith(f"en.yaml:{line}: {told} by us/wording.")
        and one.endswith("; say it otherwise")
        for one in found
    ), found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Your payment is late: {{ links.pay }}", ["sms: 'payment' tells of a debt"]),
        ("By {{ due_date }}: {{ links.portal }}", ["sms: 'due_date' tells what it is about"]),
        ("A word for you: {{ links.pay }}", []),
    ],
)
def test_a_short_text_of_a_collection_tells_of_no_debt(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    playbook = PLAYBOOK.replace("links: [portal]", "links: [portal, pay]")
    shown = TEMPLATES.replace("    preheader:", f"    sms: '{text}'\n    preheader:")
    home = write(tmp_path, playbook, shown.replace("[Open]", "[Pay]({{ links.pay }}) [Open]"))
    found = [one for one in _told(home) if one.startswith("en.") and ": sms: " in one]
    assert len(found) == len(told)
    for one, start in zip(found, told, strict=True):
        assert one.startswith(f"en.yaml:4: {start}")
        assert "since a locked screen shows it all (" in one


def _told(home: Path) -> list[str]:
    """What the policies find fault with."""
    return [f"{one.file.name}:{one.line}: {one.message}" for one in judged(home).faults]


def test_a_variant_that_one_language_lacks_is_a_fault(tmp_path: Path) -> None:
    home = write(tmp_path)
    english = home / "templates" / "en.yaml"
    note = "subject: A note"
    warm = f"{note}\n    variants: {{warm: {{subject: A warm note}}}}"
    english.write_text(english.read_text("utf-8").replace(note, warm), encoding="utf-8")
    assert faults(tmp_path) == [
        f"{locale}.yaml:2: template 'hello': variant 'warm' of 'neutral' is missing in {locale}; "
        "en has it: translate it, or remove it there"
        for locale in ("ja", "zh")
    ]


def test_all_faults_are_told_and_nothing_loads(tmp_path: Path) -> None:
    write(tmp_path)
    bad = PLAYBOOK.replace("name: nudge", "name: bad").replace("age < 28", "agee < 28")
    write(tmp_path, bad.replace("P1D", "P0D", 1), name="bad")
    assert len(faults(tmp_path)) == 2


def judged(home: Path) -> Verdict:
    """What the policies make of a sound playbook."""
    source = read_source(home)
    return against_policies(build(source), source.file, PACKS, NOW)


def faults(folder: Path) -> list[str]:
    """The faults of a folder, with the file's name in place of its path."""
    with pytest.raises(PlaybookFaults) as refused:
        load_playbooks(folder)
    return [f"{one.file.name}:{one.line}: {one.message}" for one in refused.value.faults]
