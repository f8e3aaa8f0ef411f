"""Passages that several texts share: in their places for whatever looks at a playbook."""

from pathlib import Path

import pytest
from playbook_files import PLAYBOOK, write

from rapport.validate import against_policies
from services.playbooks.load import PlaybookFaults, build, load_playbook, read_source
from services.policy.packs import load as load_packs
from services.runtime.clock import Clock
from services.runtime.settings import ROOT

TEMPLATES = """\
blocks:
  later:
    neutral: |
      Not now? [Say when]({{ links.portal }}).
    light: Busy? [Say when]({{ links.portal }}).
  thanks: "Thank you{% if name %}, {{ name }}{% endif %}."
hello:
  neutral:
    subject: A note
    preheader: "{{ blocks.thanks }}"
    body: |
      It is about {{ amount }}.

      {{blocks.later}}
  light:
    subject: A note
    preheader: Whenever you like.
    body: |
      {{ blocks.thanks }}

      {{ blocks.later }}
    variants: {warm: {preheader: "Hello. {{ blocks.thanks }}"}}
"""


def test_a_block_stands_where_it_is_asked_for_in_its_tone(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, PLAYBOOK, TEMPLATES))
    hello = build(source).templates["ja"]["hello"]
    neutral, light = hello["neutral"], hello["light"]
    thanks = "Thank you{% if name %}, {{ name }}{% endif %}."
    assert neutral.preheader == thanks
    assert neutral.body == "It is about {{ amount }}.\n\nNot now? [Say when]({{ links.portal }}).\n"
    assert light.body == f"{thanks}\n\nBusy? [Say when]({{{{ links.portal }}}}).\n"
    assert light.variants["warm"].preheader == f"Hello. {thanks}"
    # What is published is whole: whoever reads it need not know of blocks.
    assert set(source.templates["en"].data) == {"hello"}


def test_what_is_prohibited_is_found_in_a_block(tmp_path: Path) -> None:
    home = write(tmp_path, PLAYBOOK, TEMPLATES.replace("Not now?", "Or ask our lawyer:"))
    source = read_source(home)
    packs = load_packs(ROOT / "deploy" / "policies")
    found = against_policies(build(source), source.file, packs, Clock().real()).faults
    assert any(one.line == 11 and "'lawyer' is prohibited by us/" in one.message for one in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("{{blocks.later}}", "{{ blocks.latr }}", 11, "body: no block 'latr'; there are later,"),
        ("  thanks:", "  more: x\n  thanks:", 6, "block 'more': no text has it; remove it"),
        ("    neutral: |\n", "    gentle: |\n", 2, "block 'later': want a text, or one for each"),
        ("light: Busy?", 'light: "{{ blocks.thanks }}" #', 2, "block 'later': has a block in it"),
        ("light: Busy?", "light: [1] #", 2, "block 'later': want a text, or one for each tone"),
        ("blocks:\n", "blocks: none\nothers:\n", 1, "blocks: want blocks by name, each a text"),
    ],
)
def test_a_block_at_fault_is_named_by_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    home = write(tmp_path, PLAYBOOK, TEMPLATES.replace(old, new, 1))
    with pytest.raises(PlaybookFaults) as refused:
        load_playbook(home)
    found = [one for one in refused.value.faults if one.file.name == "en.yaml"]
    assert any(one.line == line and one.message.startswith(told) for one in found), found
