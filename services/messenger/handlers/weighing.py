"""What wordings are worth, by all that the log has told, and which have to go."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import date, timedelta
from typing import Any

from schemas import facts
from services.messenger import metrics, wording_store
from services.messenger.handlers import wordings
from services.messenger.handlers.writing import Family
from services.messenger.rules import wording as rules
from services.messenger.rules.wording import Chosen, Day, Tallies, Tally
from services.messenger.rules.wording_guard import Harm, Harms, Withdrawal, withdrawals
from services.messenger.wording_tables import WordingCountRow, WordingStateRow
from services.runtime import logging
from services.runtime.context import Context
from services.runtime.ids import fresh
from services.runtime.unit_of_work import UnitOfWork

log = logging.get(__name__)

BATCH = 5_000
GUARD = "guard"


@dataclass(frozen=True)
class Known:
    """What is known of wordings at one moment."""

    tallies: Mapping[Family, Tallies] = field(default_factory=dict)
    names: Mapping[Family, Mapping[str, str]] = field(default_factory=dict)
    """The variants' names by wording."""
    withdrawn: frozenset[tuple[Family, str]] = frozenset()
    plans: dict[tuple[Family, str, tuple[str, ...]], Mapping[str, float]] = field(
        default_factory=dict
    )
    """Propensities worked out so far, by family, segment and the wordings there are."""


class Weighing:
    """A timer that adds up what came of wordings, and the choice that follows from it.

    Several workers may run it: one at a time adds up and withdraws; each reads what there is.
    """

    def __init__(self, context: Context, *, window_days: int, memory_days: int, floor: float):
        """window_days: how long after a message an outcome counts for it. memory_days: what was
        sent before is forgotten, for people change. floor: least probability of a wording.
        """
        self._context = context
        self._window_days = window_days
        self._memory_days = memory_days
        self._floor = floor
        self._known = Known()

    def __call__(self) -> bool:
        """Weigh once; True if there was more than one batch to add up."""
        more = False
        with self._context.unit() as work:
            if wording_store.alone(work.session):
                more = wording_store.match_outcomes(work.session, self._window_days, BATCH)
                more = wording_store.count(work.session, BATCH) or more
                counts, states = self._read(work)
                if not more:
                    self._guard(work, counts, states)
                    work.session.expire_all()
            known = self._weigh(*self._read(work))
        self._known = known
        return more

    def choose(self, family: Family, segment: str, wordings: Sequence[str], key: str) -> Chosen:
        """One of the wordings; the chance is drawn from `key`."""
        return rules.draw(self.propensities(family, segment, wordings), chance(key))

    def propensities(
        self, family: Family, segment: str, wordings: Sequence[str]
    ) -> Mapping[str, float]:
        """The probability of each of the wordings that is not withdrawn."""
        known = self._known
        asked = (family, segment, tuple(wordings))
        plan = known.plans.get(asked)
        if plan is None:
            standing = [one for one in wordings if (family, one) not in known.withdrawn]
            # Where each was withdrawn, the first stands: a step is not lost over its words.
            plan = rules.propensities(
                known.tallies.get(family, {}), segment, standing or wordings[:1], self._floor
            )
            known.plans[asked] = plan
        return plan

    def told(self) -> list[dict[str, Any]]:
        """What is known, for people: a line for each segment and wording."""
        known, lines = self._known, []
        for family, tallies in sorted(known.tallies.items(), key=lambda item: astuple(item[0])):
            names = known.names[family]
            for segment in sorted(tallies):
                plan = self.propensities(family, segment, sorted(names))
                for wording, variant in sorted(names.items(), key=lambda item: item[1]):
                    seen = tallies[segment].get(wording, Tally())
                    lines.append(
                        asdict(family)
                        | {
                            "segment": segment,
                            "variant": variant,
                            "wording": wording,
                            "withdrawn": (family, wording) in known.withdrawn,
                            "probability": round(plan.get(wording, 0.0), 4),
                            "trials": round(seen.trials, 1),
                            "successes": round(seen.successes, 1),
                        }
                    )
        return lines

    def _read(
        self, work: UnitOfWork
    ) -> tuple[Sequence[WordingCountRow], Sequence[WordingStateRow]]:
        since = work.now.date() - timedelta(days=self._memory_days)
        return wording_store.counts(work.session, since), wording_store.states(work.session)

    def _weigh(self, counts: Iterable[WordingCountRow], states: Iterable[WordingStateRow]) -> Known:
        today = self._context.clock.now().date()
        days: dict[Family, dict[str, dict[str, list[Day]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        names: dict[Family, dict[str, str]] = defaultdict(dict)
        for row in counts:
            names[family_of(row)][row.wording] = row.variant
            day = Day(row.sent_on, row.sent, row.rewarded, row.clicked)
            days[family_of(row)][row.segment][row.wording].append(day)
        tallies = {
            family: {
                segment: {name: self._tally(own, today) for name, own in by_wording.items()}
                for segment, by_wording in by_segment.items()
            }
            for family, by_segment in days.items()
        }
        gone = frozenset((family_of(row), row.wording) for row in states if row.withdrawn)
        former = self._known
        unchanged = {
            asked: plan
            for asked, plan in former.plans.items()
            if gone == former.withdrawn and tallies.get(asked[0]) == former.tallies.get(asked[0])
        }
        return Known(tallies, names, gone, unchanged)

    def _tally(self, days: Iterable[Day], today: date) -> Tally:
        return rules.tally(days, today, self._window_days)

    def _guard(
        self,
        work: UnitOfWork,
        counts: Iterable[WordingCountRow],
        states: Iterable[WordingStateRow],
    ) -> None:
        known = {(family_of(row), row.wording): row for row in states}
        for family, (harms, names) in _harms(counts).items():
            gone = {name for name in names if _is_gone(known.get((family, name)))}
            judged = _since_restored(harms, family, known)
            for one in withdrawals(judged, names.keys() - gone):
                self._withdraw(work, family, names[one.wording], one)

    def _withdraw(self, work: UnitOfWork, family: Family, variant: str, found: Withdrawal) -> None:
        told = facts.VariantWithdrawn(
            playbook=family.playbook,
            template=family.template,
            tone=family.tone,
            variant=variant,
            wording=found.wording,
            sent=found.sent,
            harmed=found.harmed,
            by=GUARD,
            others_sent=found.others_sent,
            others_harmed=found.others_harmed,
            chance=round(found.chance, 6),
        )
        work.fact(
            "variant.withdrawn",
            told,
            subject=f"variant:{found.wording}",
            tenant=family.tenant,
            key=(family.playbook, family.template, family.tone, found.wording, fresh()),
        )
        # From now on, and not only once the log has told it.
        wording_store.put_state(work.session, wordings.state(family.tenant, told, work.now))
        metrics.VARIANTS_WITHDRAWN.inc()
        log.warning("a wording is withdrawn", playbook=family.playbook, variant=variant)


def chance(key: str) -> float:
    """A number from 0 up to 1, always the same for the same key."""
    drawn = hashlib.sha256(f"wording {key}".encode()).digest()
    return int.from_bytes(drawn[:7], "big") / (1 << 56)


def family_of(row: WordingCountRow | WordingStateRow) -> Family:
    """Which template and tone a row is about."""
    return Family(row.tenant, row.playbook, row.template, row.tone)


def _harms(
    counts: Iterable[WordingCountRow],
) -> dict[Family, tuple[dict[str, dict[str, Harm]], dict[str, str]]]:
    """By family: harm by segment and wording, and the variants' names by wording."""
    found: dict[Family, tuple[dict[str, dict[str, Harm]], dict[str, str]]] = {}
    for row in counts:
        harms, names = found.setdefault(family_of(row), ({}, {}))
        own = harms.setdefault(row.segment, {})
        so_far = own.get(row.wording, Harm(0, 0))
        own[row.wording] = Harm(so_far.sent + row.sent, so_far.harmed + row.harmed)
        names[row.wording] = row.variant
    return found


def _is_gone(row: WordingStateRow | None) -> bool:
    return row is not None and row.withdrawn


def _since_restored(
    harms: Harms, family: Family, known: Mapping[tuple[Family, str], WordingStateRow]
) -> Harms:
    """What came since an operator brought a wording back; the same share of each segment's."""

    def since(wording: str, harm: Harm) -> Harm:
        row = known.get((family, wording))
        if row is None or row.withdrawn:
            return harm
        sent = sum(own[wording].sent for own in harms.values() if wording in own)
        harmed = sum(own[wording].harmed for own in harms.values() if wording in own)
        kept = max(0.0, 1 - row.sent / sent) if sent else 1.0
        still = max(0.0, 1 - row.harmed / harmed) if harmed else 1.0
        return Harm(round(harm.sent * kept), round(harm.harmed * still))

    return {
        segment: {wording: since(wording, harm) for wording, harm in own.items()}
        for segment, own in harms.items()
    }
