"""Matrices as files: read, found by creditor, and every fault named with its line."""

from pathlib import Path

import pytest

from services.negotiator.authorities import Authorities, AuthorityFaults, load
from services.negotiator.model import Authority
from services.negotiator.model.terms import Role
from services.negotiator.rules import authority

SHIPPED = Path(__file__).parents[3] / "deploy" / "authorities"
GOOD = """\
name: north
version: 2
title: North Bank
creditors: [North Bank]
economics:
  funded_by: commission
  commission_bp: 2500
  give_up_bp: 500
  floor_bp: 9000
  yearly_rate_bp: 800
  lost_bp_a_month: 150
cells:
  - cell: large
    balance: { at_least: { EUR: 100000 } }
    grace_days: 5
    everyone: { max_discount_bp: 100, max_instalments: 12, max_days: 370, min_npv_bp: 9000 }
    need: { max_discount_bp: 500, max_instalments: 24, max_days: 740, min_npv_bp: 8500 }
  - cell: all
    grace_days: 3
    everyone: { max_discount_bp: 0, max_instalments: 3, max_days: 100, min_npv_bp: 9500 }
"""
CAP = Authority("recover", 1, 500, 6, 1_000, 190, 168, "commission")


def _folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def _faults(folder: Path) -> list[str]:
    with pytest.raises(AuthorityFaults) as caught:
        load(folder)
    return [f"{fault.file.name}:{fault.line}: {fault.message}" for fault in caught.value.faults]


def test_the_shipped_matrix_is_sound_and_for_everyone() -> None:
    known = load(SHIPPED)
    matrix = known.of("default", "Whoever Bank")
    assert matrix is not None
    assert matrix.name == "default"
    assert known.of("elsewhere", "Whoever Bank") is None


def test_a_creditors_own_matrix_comes_before_the_one_for_all(tmp_path: Path) -> None:
    everyone = GOOD.replace("name: north", "name: rest").replace("[North Bank]", '["*"]')
    known = load(_folder(tmp_path, north=GOOD, rest=everyone))
    names = [
        found.name for one in ("North Bank", "South", None) if (found := known.of("default", one))
    ]
    assert names == ["north", "rest", "rest"]
    assert Authorities().of("default", "North Bank") is None


@pytest.mark.parametrize(
    ("balance", "currency", "cell", "instalments"),
    [
        (100_000, "EUR", "large", 6),
        (99_999, "EUR", "all", 3),
        (10**9, "USD", "all", 3),
    ],
)
def test_the_first_cell_that_fits_narrows_the_playbook(
    tmp_path: Path, balance: int, currency: str, cell: str, instalments: int
) -> None:
    matrix = load(_folder(tmp_path, north=GOOD)).of("default", "North Bank")
    assert matrix is not None
    found = authority.cell_for(matrix, "young", "1-29", balance, currency)
    assert found.name == cell
    bounds = authority.bounds(CAP, balance, currency, matrix, found, Role.NEED)
    assert bounds.max_instalments == instalments
    assert bounds.max_discount_minor == (balance * 500 // 10_000 if cell == "large" else 0)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("commission_bp: 2500", "commission_bp: 1900", "7: economics.commission_bp"),
        ("give_up_bp: 500", "give_up_bp: 2600", "5: economics: give_up_bp is more"),
        ("floor_bp: 9000", "floor_bp: 0", "9: economics.floor_bp"),
        ("max_instalments: 24", "max_instalments: 6", "13: cells.0: need.max_instalments"),
        ("min_npv_bp: 8500", "min_npv_bp: 9900", "13: cells.0: need.min_npv_bp"),
        ("EUR: 100000", "EUR: -1", "14: cells.0.balance.at_least.EUR"),
        ("grace_days: 5", "grace_day: 5", "13: cells.0.grace_days"),
        ("grace_days: 5", "grace_days: 5\n    grace: 1", "16: cells.0.grace"),
        ("cell: large", "cell: all", "1: the matrix: cells must have names of their own"),
        ("    balance: { at_least: { EUR: 100000 } }\n", "", "1: the matrix: cell 'all' is never"),
        ("  - cell: all\n", "  - cell: all\n    buckets: [current]\n", "1: the matrix: the last"),
        ("name: north", "name: [", "3: not YAML"),
    ],
)
def test_every_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    found = _faults(_folder(tmp_path, north=GOOD.replace(old, new, 1)))
    assert any(one.startswith(f"north.yaml:{fault}") for one in found), found


def test_two_matrices_for_one_creditor_are_a_fault(tmp_path: Path) -> None:
    other = GOOD.replace("name: north", "name: second")
    (fault,) = _faults(_folder(tmp_path, a=GOOD, b=other))
    assert (
        fault
        == "b.yaml:1: creditor 'North Bank' has the matrix 'north' already; name it in one only"
    )


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path / "nowhere")
    assert "AUTHORITIES_DIR" in fault
