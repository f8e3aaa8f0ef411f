"""The draw of the holdouts: true to its shares, independent, and the same for ever."""

from dataclasses import replace
from itertools import pairwise

import pytest

from services.playbooks.load import load_playbooks
from services.playbooks.model import Playbook
from services.runtime.settings import ROOT
from services.segmenter.holdouts import NO_HOLDOUTS, HeldOut, Holdouts, lot

RECOVER = load_playbooks(ROOT / "deploy" / "playbooks")["recover"]
CUSTOMERS = [f"c-{number}" for number in range(40_000)]


def playbook(name: str = "recover", **changes: object) -> Playbook:
    """A playbook with another name or other shares."""
    return replace(RECOVER, document=RECOVER.document.model_copy(update={"name": name, **changes}))


def held(holdouts: Holdouts, of: Playbook, tenant: str = "default") -> set[str]:
    """The customers that are held out."""
    return {one for one in CUSTOMERS if holdouts.of(of, tenant, one)}


@pytest.mark.parametrize("share_bp", [1, 100, 500, 1000, 5000])
def test_the_share_is_met(share_bp: int) -> None:
    found = len(held(Holdouts(share_bp), playbook()))
    expected = len(CUSTOMERS) * share_bp / 10_000
    # Four standard deviations of the binomial distribution.
    assert abs(found - expected) <= 4 * (expected * (1 - share_bp / 10_000)) ** 0.5 + 1


def test_nobody_is_held_out_until_a_share_is_set() -> None:
    assert held(NO_HOLDOUTS, playbook()) == set()


def test_a_larger_share_holds_out_the_same_and_more() -> None:
    draws = [held(Holdouts(share), playbook()) for share in (100, 500, 1000)]
    for smaller, larger in pairwise(draws):
        assert smaller < larger


def test_draws_are_independent_of_each_other() -> None:
    """Global, each playbook, tenant and salt: overlaps as chance has them."""
    draws = [
        held(Holdouts(2000), playbook()),
        held(Holdouts(), playbook(holdout_bp=2000)),
        held(Holdouts(), playbook("other", holdout_bp=2000)),
        held(Holdouts(), playbook("global", holdout_bp=2000)),
        held(Holdouts(2000), playbook(), "elsewhere"),
        held(Holdouts(2000, "pepper"), playbook()),
    ]
    share = 0.2 * 0.2
    spread = 4 * (len(CUSTOMERS) * share * (1 - share)) ** 0.5
    for index, one in enumerate(draws):
        for other in draws[index + 1 :]:
            assert abs(len(one & other) - len(CUSTOMERS) * share) <= spread


def test_the_draw_never_changes() -> None:
    """Golden: another draw would mix the arms of every comparison that is under way."""
    assert [lot("", "global", "", "default", f"c-{n}") for n in range(6)] == [
        9694,
        336,
        937,
        8912,
        642,
        2941,
    ]
    assert [lot("", "playbook", "recover", "default", f"c-{n}") for n in range(6)] == [
        1881,
        2871,
        2761,
        328,
        5265,
        2094,
    ]
    assert lot("", "global", "", "default", "客户-1") == 9886


def test_a_new_version_keeps_its_customers() -> None:
    assert held(Holdouts(), playbook(holdout_bp=500)) == held(
        Holdouts(), playbook(holdout_bp=500, version=9)
    )


def test_the_global_holdout_comes_first_unless_the_playbook_is_out_of_it() -> None:
    both = Holdouts(5000)
    everyone = playbook(holdout_bp=5000)
    found = [both.of(everyone, "default", one) for one in CUSTOMERS]
    assert HeldOut(None, "global", 5000) in found
    assert HeldOut("recover", "recover", 5000) in found
    needed = playbook(holdout_bp=5000, global_holdout=False)
    assert held(both, needed) == held(Holdouts(), everyone)
    assert held(both, playbook(global_holdout=False)) == set()
