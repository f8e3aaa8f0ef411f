"""Each pack does what its table says, case by case; a change of either is for a person to read."""

import csv
import io

import pytest

from services.policy.packs import load
from support.policy_tables import PLACES, ROOT, RULES, TABLES, pairwise, rules, tables

WRITTEN = tables()


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_pack_does_what_its_table_says(name: str) -> None:
    golden = (TABLES / f"{name}.csv").read_text(encoding="utf-8")
    assert WRITTEN[name].splitlines() == golden.splitlines(), (
        "run tests/support/policy_tables.py, and read what has changed"
    )


def test_each_pack_has_a_table_and_no_table_has_lost_its_pack() -> None:
    assert {file.stem for file in TABLES.glob("*.csv")} == set(WRITTEN) == set(PLACES)


def test_the_page_of_all_rules_says_what_the_packs_say() -> None:
    assert RULES.read_text(encoding="utf-8") == rules(), "run tests/support/policy_tables.py"


def test_a_rule_is_in_its_table_from_the_local_midnight_on() -> None:
    for pack, rule in (("us-nyc", "attempts"), ("us-dc", "messages"), ("au", "week")):
        rows = list(csv.DictReader(io.StringIO(WRITTEN[pack])))
        found = next(p for p in load(ROOT / "deploy" / "policies") if p.name == pack)
        since = next(one.since for one in found.caps if one.name == rule)
        bound = {r["local time"] for r in rows if f"{pack}/{rule}" in r["all that refuse"].split()}
        assert f"{since} 00:00:00" in bound
        assert not any(at < f"{since} 00:00:00" for at in bound)


def test_each_refusal_by_a_pack_names_its_source() -> None:
    for text in WRITTEN.values():
        for row in csv.DictReader(io.StringIO(text)):
            if row["verdict"] == "refused" and "/" in row["rule"]:
                cited = row["citation"] or row["rule"].startswith("consent/")
                assert cited, row


def test_each_hours_rule_and_cap_refuses_somewhere_in_its_table() -> None:
    for pack in load(ROOT / "deploy" / "policies"):
        rows = csv.DictReader(io.StringIO(WRITTEN[pack.name]))
        seen = {name for row in rows for name in row["all that refuse"].split()}
        asked = {f"{pack.name}/{rule.name}" for rule in (*pack.hours, *pack.caps)}
        assert asked <= seen


def test_any_two_values_meet() -> None:
    factors = {"a": ("1", "2", "3"), "b": ("x", "y"), "c": ("p", "q", "r", "s")}
    cases = pairwise(factors)
    for one in factors["a"]:
        for other in factors["c"]:
            assert any((case["a"], case["c"]) == (one, other) for case in cases)
    assert len(cases) < 3 * 2 * 4
