"""The template `several`: what it must have, and what it may not ask for."""

from pathlib import Path

import pytest
from playbook_files import PLAYBOOK, TEMPLATES, write

from services.playbooks.load import PlaybookFaults, load_playbooks

TOGETHER = PLAYBOOK.replace("about: bill\n", "about: bill\nconsolidate: true\n").replace(
    "links: [portal]", "links: [portal, pay]"
)
SEVERAL = """\
several:
  neutral:
    subject: "{{ count }} things"
    preheader: Whenever you like.
    body: |
      {% for item in items %}
      - {{ item.creditor }}: {{ item.amount }}{% if item.product %}, {{ item.product }}{% endif %}. [Pay]({{ item.links.pay }})

      {% endfor %}

      {% if total %}
      In all {{ total }}.

      {% endif %}
      [Open]({{ links.portal }})
"""  # noqa: E501


def faults(folder: Path, playbook: str, templates: str) -> list[str]:
    write(folder, playbook, templates)
    try:
        load_playbooks(folder)
    except PlaybookFaults as found:
        return [fault.message for fault in found.faults]
    return []


def test_a_playbook_that_consolidates_has_words_for_several(tmp_path: Path) -> None:
    assert faults(tmp_path, TOGETHER, TEMPLATES + SEVERAL) == []


def test_without_them_it_is_refused(tmp_path: Path) -> None:
    told = faults(tmp_path, TOGETHER.replace(", pay]", "]"), TEMPLATES)
    assert set(told) == {
        "template 'several' is missing; what is consolidated is worded by it",
    }


def test_words_that_nothing_uses_are_refused(tmp_path: Path) -> None:
    told = faults(tmp_path, PLAYBOOK, TEMPLATES + SEVERAL)
    assert "template 'several': no step uses it; remove it" in told


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("{{ count }} things", "{{ amount }}", "'amount' is of one thing only"),
        ("links.portal", "links.pay", "link 'pay' leads to one thing only"),
        ("item.creditor", "item.creditr", "has no attribute 'creditr'"),
        ("item.creditor", "item.plan", "has no attribute 'plan'"),
        ("{% if item.product %}, {{ item.product }}{% endif %}", "{{ item.product }}", "guard it"),
        ("item.links.pay", "item.links.renew", "link 'renew' is not listed"),
    ],
)
def test_what_only_one_thing_has_is_asked_of_the_item(
    tmp_path: Path, good: str, bad: str, complaint: str
) -> None:
    assert good in SEVERAL
    told = faults(tmp_path, TOGETHER, TEMPLATES + SEVERAL.replace(good, bad))
    assert any(complaint in one for one in told), told
