"""What is set before the demo begins."""

from pathlib import Path

import yaml

from rapport.demo.scenario import plan
from rapport.demo.stage import HOLDOUT_BP, MEASURED, clock_for, set_up, with_holdout
from services.playbooks.load import load_playbooks


def test_the_demos_playbooks_are_the_shipped_ones_and_one_is_measured(tmp_path: Path) -> None:
    set_up(clock_for(plan(), 118, 1_795_000_000), "http://127.0.0.1:9", tmp_path)
    shares = {
        name: playbook.document.holdout_bp
        for name, playbook in load_playbooks(tmp_path / "playbooks").items()
    }
    assert shares[MEASURED] == HOLDOUT_BP
    assert sum(shares.values()) == HOLDOUT_BP
    assert "recover" in shares


def test_a_share_that_a_playbook_has_is_replaced() -> None:
    text = "name: x\nholdout_bp: 1\nlinks: [pay]"
    assert yaml.safe_load(with_holdout(text)) == {
        "name": "x",
        "holdout_bp": HOLDOUT_BP,
        "links": ["pay"],
    }
