"""Every fault of a playbook is named by file and line, and refuses the whole folder."""

import re
from pathlib import Path

import pytest
from playbook_files import PLAYBOOK, TEMPLATES, write

from services.playbooks.load import PlaybookFaults, load_playbook, load_playbooks


def faults(folder: Path) -> list[str]:
    with pytest.raises(PlaybookFaults) as refused:
        load_playbooks(folder)
    return [f"{fault.file.name}:{fault.line}: {fault.message}" for fault in refused.value.faults]


def spoilt(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_good_playbook_loads(tmp_path: Path) -> None:
    write(tmp_path)
    playbook = load_playbooks(tmp_path)["nudge"]
    assert playbook.attributes == (frozenset({"age"}), frozenset())
    assert playbook.document.exits[0].on == "payment.received"
    assert playbook.document.steps[1].at == "10:30"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("version: 1", "version: one", 2, "version: input should be a valid integer"),
        ("title: A nudge", "titel: A nudge", 3, "titel: no such key"),
        ("name: nudge", "name: other", 1, "its folder is 'nudge'"),
        ("event: payment.missed", "event: payment.mist", 7, "no event or fact 'payment.mist'"),
        ("amount_minor > floor_minor", "amuont_minor > 3", 8, "no variable 'amuont_minor'"),
        ("amount_minor > floor_minor", "amount_minor >", 8, "not CEL: column"),
        ("amount_minor > floor_minor", "currency > 3", 8, "put 3 in quotes"),
        ("amount_minor > floor_minor", "amount_minor", 8, "where true or false is wanted"),
        ("amount_minor > floor_minor", "age > 3", 8, "may steer segments only"),
        ("{USD: 300, JPY: 450}", "{USD: 300, JPX: 450}", 9, "JPX"),
        ("when: age < 28", "when: agee < 28", 12, "no variable 'agee'"),
        ("when: age < 28", 'when: age < "28"', 12, "write a number, not"),
        ("when: age < 28", 'when: \'tier == "a" && age < "x"\'', 12, "write a number, not"),
        ("when: age < 28", "when: young(age)", 12, "no function 'young'"),
        ("when: age < 28", 'when: "true"', 14, "can never be chosen"),
        ("tone: light", "tone: silly", 13, "tone: input should be"),
        ("- name: everyone", "- name: young", 14, "'young' stands twice"),
        ("valid_for: P1D", "valid_for: one day", 21, "ISO 8601 duration"),
        ("valid_for: P1D", "valid_for: P0D", 21, "lasts no time"),
        ("at: 10:30", "at: 25:30", 26, "at:"),
        ('segment == "everyone"', 'segment == "nobody"', 29, "segment is never 'nobody'"),
        ("on: payment.received", "on: payment.recieved", 31, "no event or fact"),
        ("remaining_minor == 0", "pending == 0", 32, "write pending or !pending"),
        ("when: age < 28", "when: tier == 3", 12, "put 3 in quotes"),
        ("when: age < 28", "when: tags.engagment > 0.5", 12, "did you mean 'engagement'?"),
        ("when: age < 28", "when: '\"engagment\" in tags'", 12, "did you mean 'engagement'?"),
        ("when: age < 28", "when: 'tags.engagement > \"high\"'", 12, "write a number"),
        ("when: age < 28", "when: tags.delinquency == 30", 12, "in quotes"),
        ("when: age < 28", "when: 'tags.delinquency == \"31-61\"'", 12, "did you mean '31-60'?"),
        ("when: age < 28", "when: tags.engagement", 12, "where true or false is wanted"),
        ("amount_minor > floor_minor", "tags.engagement > 0.5", 8, "no variable 'tags' here"),
        ("when: age < 28", "when: age > 28 && age < 20", 12, "holds for no value"),
        ("least_instalment: {USD: 1000}", "least_instalment: {USD: 0}", 37, "greater than 0"),
        ("links: [portal]", "links: [portal, pay]", 41, "no template uses the link 'pay'"),
    ],
)
def test_fault_in_the_playbook(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    write(tmp_path, spoilt(PLAYBOOK, old, new))
    found = faults(tmp_path)
    assert any(re.match(rf"\w+\.yaml:{line}: ", one) and says in one for one in found), found


@pytest.mark.parametrize(
    "condition",
    [
        'due_date > "2026-01-01"',
        "amount_minor > balance_minor",
        "age >= 18 && age < 28 && amount_minor != 5",
        'currency.matches("^[XY].*")',
        '"film" in interests && size(interests) > 1',
        'country in ["JP", "CN"] && tier != "gold"',
        'tags.churn_risk > 0.5 || tags.value_tier == "vip"',
        'tags.delinquency in ["61-90", "90+"] && tags.readiness < tags.capacity',
        "!has(tags.engagement)",
    ],
)
def test_conditions_that_can_hold_are_not_doubted(tmp_path: Path, condition: str) -> None:
    write(tmp_path, spoilt(PLAYBOOK, "when: age < 28", f"when: '{condition}'"))
    assert load_playbooks(tmp_path)


def test_a_link_that_is_not_listed(tmp_path: Path) -> None:
    write(tmp_path, spoilt(PLAYBOOK, "links: [portal]", "links: []"))
    assert any(one.startswith("en.yaml:5: ") and "not listed" in one for one in faults(tmp_path))


def test_exit_rules_in_conflict(tmp_path: Path) -> None:
    write(
        tmp_path,
        spoilt(
            PLAYBOOK,
            "offers:",
            "  - on: payment.received\n    when: "
            "remaining_minor == 0\n    reason: settled\noffers:",
        ),
    )
    assert any("already holds whenever this one does" in one for one in faults(tmp_path))


def test_a_cycle(tmp_path: Path) -> None:
    write(tmp_path, spoilt(PLAYBOOK, "offers:", "  - on: payment.missed\n    reason: x\noffers:"))
    assert any("both starts and ends it" in one for one in faults(tmp_path))


def test_an_exit_may_not_keep_every_step_nor_an_unknown_one(tmp_path: Path) -> None:
    write(tmp_path, spoilt(PLAYBOOK, "reason: paid", "reason: paid\n    keep: [first, last, old]"))
    found = faults(tmp_path)
    assert any("no step 'old'" in one for one in found)
    assert any("keeps every step" in one for one in found)


def two_triggers(says: str) -> tuple[str, str]:
    """A playbook that two events start, whose letter says `says`."""
    event = "  - event: payment.missed\n    when: amount_minor > floor_minor\n"
    second = "  - event: subscription.expiring\n"
    return spoilt(PLAYBOOK, event, event + second), spoilt(
        TEMPLATES, "{{ amount }}{%", f"{says}{{%"
    )


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ("a plan{% if plan %} {{ plan }}{% endif %}", None),
        ("a plan {{ plan }}", "guard it with"),
        ("a plan{% if plan %} of {{ creditor }}{% endif %}", "after subscription.expiring"),
        ("a step{% if step %} {{ step }}{% endif %}", "payment.missed, subscription.expiring"),
    ],
)
def test_a_letter_about_two_events_guards_what_one_of_them_lacks(
    tmp_path: Path, says: str, fault: str | None
) -> None:
    write(tmp_path, *two_triggers(says))
    if fault is None:
        assert load_playbooks(tmp_path)
    else:
        assert any(fault in one for one in faults(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("hello:", "hullo:", 1, "template 'hello' is missing"),
        ("neutral:", "light:", 1, "add the tone neutral"),
        ("neutral:", "neutral: {}\n  loud:", 3, "no tone 'loud'"),
        ("subject: A note", "title: A note", 2, "want subject, preheader, body"),
        ("subject: A note", 'subject: "{{ amount }} due"', 3, "shows 'amount'"),
        ("subject: A note", "subject: Final notice", 3, "prohibited"),
        ("subject: A note", 'subject: "A\\nnote"', 3, "must be one line"),
        ("{{ amount }}{%", "{{ ammount }}{%", 5, "no variable 'ammount'"),
        ("{{ amount }}{%", "{{ plan }}{%", 5, "payment.missed doesn't give it"),
        ("{{ amount }}{%", "{{ product }}{%", 5, "guard it with"),
        ("{{ amount }}{%", "{{ amount | upcase }}{%", 5, "no filter 'upcase'"),
        ("{{ amount }}{%", "{{ amount }{%", 6, "expected"),
        ("{{ amount }}{%", "{{ amount.real.x }}{%", 5, "body:"),
        ("It is about", "1. It is about", 5, "no form for ordered_list_open"),
        ("{{ links.portal }}", "{{ links.pay }}", 5, "link 'pay' is not listed"),
    ],
)
def test_fault_in_a_template(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    write(tmp_path, templates=spoilt(TEMPLATES, old, new))
    found = faults(tmp_path)
    assert any(one.startswith(f"en.yaml:{line}: ") and says in one for one in found), found


def test_a_missing_language_is_a_fault(tmp_path: Path) -> None:
    (write(tmp_path) / "templates" / "ja.yaml").unlink()
    assert faults(tmp_path) == ["playbook.yaml:1: add templates/ja.yaml"]


def test_a_template_that_no_step_uses_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, templates=TEMPLATES + TEMPLATES.replace("hello", "spare"))
    assert any("no step uses it" in one for one in faults(tmp_path))


@pytest.mark.parametrize("text", ["name: [", "", "name: a\nname: b\n", "- just\n- a list\n"])
def test_what_is_no_playbook_at_all(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert faults(tmp_path)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (write(tmp_path) / "playbook.yaml").write_bytes(b"name: \xff\xfe")
    assert "save it as UTF-8" in faults(tmp_path)[0]


def test_all_faults_of_all_playbooks_are_named_at_once_and_nothing_loads(tmp_path: Path) -> None:
    write(tmp_path)
    bad = spoilt(PLAYBOOK, "name: nudge", "name: bad")
    bad = spoilt(bad, "age < 28", "agee < 28")
    bad = spoilt(bad, "remaining_minor == 0", "remaining == 0")
    write(tmp_path, bad, spoilt(TEMPLATES, "{{ amount }}{%", "{{ x }}{%"), name="bad")
    assert len(faults(tmp_path)) == 5  # two in the playbook, one in each language


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path)


def test_the_hash_covers_meaning_and_words_but_not_comments(tmp_path: Path) -> None:
    one = load_playbook(write(tmp_path / "a"))
    same = load_playbook(write(tmp_path / "b", "# a comment\n" + PLAYBOOK))
    other = load_playbook(write(tmp_path / "c", spoilt(PLAYBOOK, "days: 2", "days: 3")))
    worded = load_playbook(
        write(tmp_path / "d", templates=spoilt(TEMPLATES, "A note", "Another note"))
    )
    assert one.content_hash == same.content_hash
    assert len({one.content_hash, other.content_hash, worded.content_hash}) == 3
