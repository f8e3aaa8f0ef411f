"""Our way of choosing wordings on logged choices that nobody here made: the Open Bandit sample.

ZOZOTOWN's log of fashion items shown by two rules, one of them uniform at random, with propensities
(Y. Saito and others, Open Bandit Dataset and Pipeline, NeurIPS 2021; Apache 2.0 in the wheel `obp`
0.4.1, 10,000 rows a file). The wheel is fetched once into `.rapport/open-bandit/`; its CSV files
are read as they are, its code is not used.

Two questions, for each of three campaigns:

- *Are the estimates right?* What the other rule (Bernoulli Thompson sampling) would have brought,
  worked out from the uniform log by IPS, SNIPS and DR, beside what it did bring in its own log.
- *What would our rule have brought?* It learns from the first half of the uniform log, position by
  position with what positions share, and is estimated on the second.

Clicks stand in for outcomes, and there are few (38 to 69 in 10,000): intervals are wide, and no
lift is proven or claimed. Reached: our rule's probabilities are sound, and each estimate of the
other rule agrees with what that rule brought, within both intervals.
"""

import csv
import io
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rapport.lift.estimates import Choice, Estimate, doubly_robust, gain, ips, observed, snips
from services.messenger.rules.wording import Tally, propensities

CACHE = Path(".rapport") / "open-bandit"
WHEEL = "obp==0.4.1"
CAMPAIGNS = ("all", "men", "women")
ESTIMATES = {"IPS": ips, "SNIPS": snips, "DR": doubly_robust}
SHRINK = 200.0
"""Showings' worth of the position's common rate that an item's expected rate begins with."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row: an item shown at a position, with which probability, and whether it was clicked."""

    position: str
    item: str
    clicked: int
    propensity: float


Plan = Mapping[str, Mapping[str, float]]
"""Probabilities of items by position."""


def run() -> bool:
    """Estimate and print; whether the estimates agree with what was seen."""
    wheel = _wheel()
    if wheel is None:
        print(f"wording-offline: NOT RUN: {WHEEL} cannot be fetched and is not in {CACHE}")
        return True
    table = Table(title="Open Bandit sample: clicks in a thousand, 95 %")
    for name in ("campaign", "rule", "seen in its own log", *ESTIMATES, "less uniform (SNIPS)"):
        table.add_column(name, justify="left" if name in ("campaign", "rule") else "right")
    agreed, disagreed = 0, []
    for campaign in CAMPAIGNS:
        uniform, other = _rows(wheel, "random", campaign), _rows(wheel, "bts", campaign)
        seen = observed(_choices(other, _plan_of(other), {}))
        found = _estimates(uniform, _plan_of(other), uniform)
        table.add_row(campaign, "Thompson, as logged", _said(seen), *map(_said, found.values()), "")
        for name, estimate in found.items():
            if _overlap(seen, estimate):
                agreed += 1
            else:
                disagreed.append(f"{campaign} {name}")
        learnt, rest = uniform[: len(uniform) // 2], uniform[len(uniform) // 2 :]
        plan = ours(learnt)
        if not all(abs(sum(own.values()) - 1) < 1e-9 for own in plan.values()):
            disagreed.append(f"{campaign}: probabilities do not add up")
        own = _estimates(rest, plan, learnt)
        table.add_row(
            campaign,
            "ours, learnt on the first half",
            "",
            *map(_said, own.values()),
            _said(_less_uniform(rest, plan)),
        )
    Console(width=150).print(table)
    print(
        f"wording-offline: {agreed} of {len(CAMPAIGNS) * len(ESTIMATES)} estimates agree with what "
        f"was seen{': not ' + ', '.join(disagreed) if disagreed else ''}; too few clicks to prove "
        f"a lift: {'reached' if not disagreed else 'MISSED'}"
    )
    return not disagreed


def ours(learnt: Sequence[Shown]) -> Plan:
    """What the messenger's rule makes of what was seen: a position is what a segment is there."""
    shown: dict[str, Counter[str]] = defaultdict(Counter)
    clicked: dict[str, Counter[str]] = defaultdict(Counter)
    for row in learnt:
        shown[row.position][row.item] += 1
        clicked[row.position][row.item] += row.clicked
    tallies = {
        position: {item: Tally(count, clicked[position][item]) for item, count in own.items()}
        for position, own in shown.items()
    }
    items = sorted({row.item for row in learnt})
    return {position: propensities(tallies, position, items) for position in tallies}


def _estimates(
    rows: Sequence[Shown], plan: Plan, learnt: Sequence[Shown]
) -> Mapping[str, Estimate]:
    choices = _choices(rows, plan, _model(learnt))
    return {name: estimate(choices) for name, estimate in ESTIMATES.items()}


def _less_uniform(rows: Sequence[Shown], plan: Plan) -> Estimate:
    """Our rule less the uniform one whose log this is: the gain with its sign turned."""
    found = gain(_choices(rows, plan, {}))
    turned = replace(found.interval, low=-found.interval.high, high=-found.interval.low)
    return Estimate(-found.value, turned)


def _choices(
    rows: Sequence[Shown], plan: Plan, model: Mapping[tuple[str, str], float]
) -> list[Choice]:
    on_the_whole = {
        position: sum(chance * model.get((position, item), 0.0) for item, chance in own.items())
        for position, own in plan.items()
    }
    return [
        Choice(
            row.clicked,
            row.propensity,
            plan[row.position].get(row.item, 0.0),
            number,
            model.get((row.position, row.item), 0.0),
            on_the_whole[row.position],
        )
        for number, row in enumerate(rows)
    ]


def _model(rows: Sequence[Shown]) -> Mapping[tuple[str, str], float]:
    """Expected rates by position and item, shrunk to the position's."""
    shown: Counter[tuple[str, str]] = Counter()
    clicked: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for key in ((row.position, row.item), (row.position, "")):
            shown[key] += 1
            clicked[key] += row.clicked
    return {
        key: (clicked[key] + SHRINK * clicked[key[0], ""] / shown[key[0], ""]) / (count + SHRINK)
        for key, count in shown.items()
    }


def _plan_of(rows: Sequence[Shown]) -> Plan:
    """A logged rule's probabilities: the mean of an item's propensities at a position, to sum 1."""
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        seen[row.position][row.item].append(row.propensity)
    plan = {}
    for position, own in seen.items():
        means = {item: sum(chances) / len(chances) for item, chances in own.items()}
        whole = sum(means.values())
        plan[position] = {item: mean / whole for item, mean in means.items()}
    return plan


def _overlap(one: Estimate, other: Estimate) -> bool:
    return one.interval.low <= other.interval.high and other.interval.low <= one.interval.high


def _said(found: Estimate) -> str:
    low, high = found.interval.low * 1000, found.interval.high * 1000
    return f"{found.value * 1000:.1f} [{low:.1f}, {high:.1f}]"


def _rows(wheel: Path, rule: str, campaign: str) -> list[Shown]:
    with zipfile.ZipFile(wheel) as archive:
        name = f"obp/dataset/obd/{rule}/{campaign}/{campaign}.csv"
        text = io.StringIO(archive.read(name).decode("utf-8"))
    return list(_read(text))


def _read(text: io.StringIO) -> Iterator[Shown]:
    for row in csv.DictReader(text):
        yield Shown(
            row["position"], row["item_id"], int(row["click"]), float(row["propensity_score"])
        )


def _wheel() -> Path | None:
    """The wheel, fetched where it is not there yet."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(CACHE.glob("obp-*.whl"))):
        fetch = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "-q",
            "-d",
            str(CACHE),
            WHEEL,
        ]
        subprocess.run(fetch, check=False, timeout=120)
        found = sorted(CACHE.glob("obp-*.whl"))
    return found[0] if found else None
