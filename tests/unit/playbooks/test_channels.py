"""Playbooks that name several channels, and their short texts."""

from pathlib import Path

import pytest
from playbook_files import PLAYBOOK, TEMPLATES, write

from services.playbooks.conditions import SegmentChoice
from services.playbooks.load import PlaybookFaults, load_playbook, load_playbooks
from services.playbooks.plan import planned_steps
from services.playbooks.segments import segments

TEXT = '    sms: "A short word about your bill: {{ links.portal }}"\n'


def with_texts(text: str = TEXT) -> str:
    """The templates, each tone with a short text."""
    lines = TEMPLATES.splitlines(keepends=True)
    return "".join(line + (text if line.startswith("    preheader:") else "") for line in lines)


def naming(channels: str) -> str:
    return PLAYBOOK.replace("about: bill\n", f"about: bill\nchannels: {channels}\n")


def told(folder: Path, playbook: str, templates: str) -> list[str]:
    write(folder, playbook, templates)
    with pytest.raises(PlaybookFaults) as refused:
        load_playbooks(folder)
    return [fault.message for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("named", "first", "all_of_them"),
    [
        ("[email, sms]", "email", ("email", "sms")),
        ("[sms, email]", "sms", ("sms", "email")),
        ("[sms]", "sms", ()),
        ("any", "email", ("email", "webhook", "sms", "in_app")),
    ],
)
def test_steps_go_by_the_channels_that_are_named(
    tmp_path: Path, named: str, first: str, all_of_them: tuple[str, ...]
) -> None:
    playbook = load_playbook(write(tmp_path, naming(named), with_texts()))
    values = {"trigger": "payment.missed", "amount_minor": 100, "currency": "EUR", "age": 30}
    for step in planned_steps(playbook, values, SegmentChoice("everyone", "neutral")):
        assert (step.channel, step.channels) == (first, all_of_them)


def test_a_step_may_go_by_channels_of_its_own(tmp_path: Path) -> None:
    own = PLAYBOOK.replace("    template: hello\n", "    template: hello\n    channels: [sms]\n", 1)
    playbook = load_playbook(write(tmp_path, own, with_texts()))
    assert playbook.document.steps[0].channels == ("sms",)


@pytest.mark.parametrize("named", ["[fax]", "[email, email]", "[]", "some"])
def test_channels_that_there_are_not_are_refused(tmp_path: Path, named: str) -> None:
    assert any("channels" in fault for fault in told(tmp_path, naming(named), with_texts()))


def test_what_goes_by_sms_wants_a_text(tmp_path: Path) -> None:
    faults = told(tmp_path, naming("[email, sms]"), TEMPLATES)
    assert "template 'hello': has no sms" in faults[0]


def test_on_their_own_page_the_customer_reads_the_whole_letter(tmp_path: Path) -> None:
    playbook = load_playbook(write(tmp_path, naming("[email, in_app]"), TEMPLATES))
    assert playbook.document.channels == ("email", "in_app")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Pay {{ amount }} now", "shows 'amount'"),
        ("x" * 400, "takes 4 SMS"),
        ("See https://elsewhere.example/", "bare address"),
        ("Your {{ unknown }}", "no variable"),
    ],
)
def test_a_text_lies_open_and_is_short(tmp_path: Path, text: str, why: str) -> None:
    faults = told(tmp_path, PLAYBOOK, with_texts(f'    sms: "{text}"\n'))
    assert any(why in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("请" * 70, 1),
        ("请" * 71, 2),
        ("a" * 159 + "’", 3),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
    ],
)
def test_parts_of_a_text(text: str, parts: int) -> None:
    assert segments(text) == parts
