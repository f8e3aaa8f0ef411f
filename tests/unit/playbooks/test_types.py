"""What the types of conditions promise: no wrong name or type is left to be found at run time."""

from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.playbooks.cel_syntax import SyntaxFault, parse
from services.playbooks.conditions import compile_condition
from services.playbooks.samples import never_holds
from services.playbooks.type_check import type_fault
from services.playbooks.types import (
    DATE,
    DAYS,
    FLAG,
    FRACTION,
    MONEY,
    NUMBER,
    TEXT,
    TEXTS,
    Type,
    list_of,
    map_of,
    words,
)

FIELDS: dict[str, Type] = {
    "amount_minor": MONEY,
    "balance_minor": MONEY,
    "age": NUMBER,
    "rate": FRACTION,
    "late": DAYS,
    "due_date": DATE,
    "tier": TEXT,
    "currency": words("USD", "EUR"),
    "pending": FLAG,
    "interests": TEXTS,
    "holds": list_of(words("hardship", "dispute")),
    "tags": map_of({"churn": FRACTION, "stage": words("buy", "retain")}),
    "trigger": words("bill.due_soon"),
}
VALUES: dict[str, Any] = {
    "amount_minor": 5,
    "balance_minor": 7,
    "age": 30,
    "rate": 0.25,
    "late": 3,
    "due_date": "2026-03-05",
    "tier": "gold",
    "currency": "USD",
    "pending": False,
    "interests": ["film"],
    "holds": ["dispute"],
    "tags": {"churn": 0.5, "stage": "buy"},
    "trigger": "bill.due_soon",
}
ATOMS = [*FIELDS, "1", "0.5", '"gold"', '"USD"', '"2026-01-01"', "true", '["film"]', "tags.churn"]
SIGNS = ["<", "<=", "==", "!=", ">", "in", "+", "-", "*", "&&", "||"]
EXPRESSIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(SIGNS), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda p: f"!({p})"),
        inner.map(lambda p: f"size({p})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}).contains({p[1]})"),
        inner.map(lambda p: f'({p}).exists(x, x == "film")'),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_what_passes_gives_true_or_false_and_never_a_type_error(source: str) -> None:
    if type_fault(source, FIELDS) is None:
        assert isinstance(cel.evaluate(source, VALUES), bool)


ANY_VALUES = st.fixed_dictionaries(
    {
        "amount_minor": st.integers(0, 10),
        "balance_minor": st.integers(0, 10),
        "age": st.integers(0, 3),
        "rate": st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        "late": st.integers(0, 3),
        "due_date": st.sampled_from(["2025-12-31", "2026-01-01", "2026-05-01"]),
        "tier": st.sampled_from(["", "gold", "film", "other"]),
        "currency": st.sampled_from(["USD", "EUR"]),
        "pending": st.booleans(),
        "interests": st.lists(st.sampled_from(["film", "gold", "other"]), max_size=3),
        "holds": st.lists(st.sampled_from(["dispute", "hardship"]), max_size=2),
        "tags": st.just({}),
        "trigger": st.just("bill.due_soon"),
    }
)


@given(EXPRESSIONS, ANY_VALUES)
def test_what_holds_for_any_value_is_not_said_to_hold_for_none(
    source: str, values: dict[str, Any]
) -> None:
    if type_fault(source, FIELDS) is None and compile_condition(source).holds(values):
        assert not never_holds(compile_condition(source), FIELDS)


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        ("age > 28 && age < 20", True),
        ('tier == "a" && tier == "b"', True),
        ("pending && !pending", True),
        ('due_date > "2026-03-01" && due_date < "2026-02-01"', True),
        ("amount_minor > balance_minor && balance_minor > amount_minor", True),
        ("size(interests) > 9 && size(interests) < 11", False),
        ("size(tier) == 7", False),
        ("tier in interests", False),
        ('due_date > "2026-03-01" && due_date < "2026-03-03"', False),
        ("amount_minor < balance_minor", False),
        ("tags.churn > 0.5", False),
    ],
)
def test_conditions_that_hold_for_nothing_are_told_from_those_that_may(
    condition: str, never: bool
) -> None:
    assert never_holds(compile_condition(condition), FIELDS) is never


@pytest.mark.parametrize(
    "condition",
    [
        "amount_minor > 300 && amount_minor * 2 >= balance_minor + 100",
        "amount_minor >= 2 * 300",
        "double(amount_minor) * rate > 100.0",
        'due_date > "2026-03-31" && due_date != "2026-12-31"',
        "late <= 30 && late > 0",
        'currency in ["USD", "EUR"] && !(currency == "USD")',
        'tier.startsWith("g") || tier.matches("^[XY]\\\\d")',
        '"hardship" in holds && holds.exists(h, h == "dispute") && size(holds) == 2',
        'interests.filter(i, i != "x").size() > 1',
        'has(tags.churn) && tags["churn"] > 0.5 && "stage" in tags && tags.stage == "retain"',
        "pending ? age > 3 : rate >= 0",
        "age in [18, 21] // a comment",
        "tier == 'it\\'s' || tier == r'a\\b'",
    ],
)
def test_sound_conditions_pass(condition: str) -> None:
    assert type_fault(condition, FIELDS) is None


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("due_date > 20260331", "is a date, 20260331 is a number; compare a date with a date"),
        ('due_date > "31.3.2026"', "'31.3.2026' is no date; write it as \"2026-03-31\""),
        ('due_date == "2026-02-30"', "is no date"),
        ('amount_minor > "3"', 'amount_minor is money, "3" is text; write a number'),
        ("amount_minor > 10.50", "money in whole minor units; write 10.50 as 1050"),
        ("amount_minor > age", "compare like with like"),
        ("amount_minor > late", "amount_minor is money, late is a number of days"),
        ("amount_minor + age > 3", "amount_minor is money, age is a number"),
        ("amount_minor * balance_minor > 3", "money times money"),
        ("amount_minor * 0.5 > 3.0", "write double(amount_minor)"),
        ("age / 0 > 1", "divides by zero"),
        ('currency == "USX"', "currency is never 'USX'; did you mean 'USD'?"),
        ('trigger == "bill.dew_soon"', "did you mean 'bill.due_soon'?"),
        ('"hardshp" in holds', "did you mean 'hardship'?"),
        ('currency in ["USD", "EURO"]', "never 'EURO'; did you mean 'EUR'?"),
        ("trigger == currency", "is never"),
        ('tier > "a"', "text has no order; use == or in"),
        ("tier == 3", 'put 3 in quotes: "3"'),
        ('interests == "film"', 'write "film" in interests'),
        ('interests.contains("film")', "interests is a list; use in"),
        ('tier in "gold"', "text is no list"),
        ("pending == 0", "write pending or !pending"),
        ("tags.chrn > 0.5", "no 'chrn' among tags; did you mean 'churn'?"),
        ('"chrn" in tags', "did you mean 'churn'?"),
        ('tags.stage == "by"', "did you mean 'buy'?"),
        ("tags.churn.x > 1", "is a number and has no part 'x'"),
        ("agee < 28", "no variable 'agee' here; did you mean 'age'?"),
        ("young(age)", "no function 'young'"),
        ("amount_minor", "true or false is wanted"),
        ("age > 3 && amount_minor", "`amount_minor` is money, where true or false is wanted"),
        ("occupation == null", "no variable"),
        ("tier == null", 'write "" for unknown text'),
        ('tier.matches("[")', "is no regular expression"),
        ("int(tier) > 3", "int can't take text"),
        ('interests.exists(age, age == "x")', "choose a new name"),
        ('interests.all("x")', "write it as list.all(one, condition on one)"),
        ("has(age)", "has takes a name within something"),
        ("interests[0] == 1", "to look into a list use in"),
        ('{"a": 1}.a == 1', "can't be used here"),
        ("b'a' == tier", "stands where nothing is expected"),
        ("age > 3u", "can't be used here"),
    ],
)
def test_each_fault_says_how_to_mend_it(condition: str, says: str) -> None:
    assert says in (type_fault(condition, FIELDS) or "")


@pytest.mark.parametrize("source", ["", "1 +", "(age", "a.", "age age", "'open", "!" * 100 + "a"])
def test_what_is_no_condition_says_where(source: str) -> None:
    with pytest.raises(SyntaxFault, match="column"):
        parse(source)
