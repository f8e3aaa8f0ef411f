"""The whole report over one log."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rapport.audit.log import Log, Record, build
from rapport.demo.catalogue import BANK, SHOP, VIDEO
from rapport.lift import WINDOW_DAYS
from rapport.lift.assumptions import Assumptions
from rapport.lift.compare import Share, compare, share
from rapport.lift.costs import Contact, Contacts, SmallDebt, costs, small_debt
from rapport.lift.hour_gain import hour_gains
from rapport.lift.loop import loops
from rapport.lift.outcomes import Outcomes, outcomes_of
from rapport.lift.report import Report, Row, Wording
from rapport.lift.units import Unit, against, first_of_each_customer, units
from rapport.lift.wording_gain import wording_gains
from schemas.facts import EventApplied

SIMULATED: Final = frozenset({BANK, SHOP, VIDEO})
"""Sources of events about customers that do not exist."""
ANY_OUTCOME: Final = "paid, renewed, completed or active"


class NothingToMeasure(ValueError):
    """The log holds no fact at all."""


def lift(
    records: Iterable[Record], window_days: int = WINDOW_DAYS, assumed: Assumptions | None = None
) -> Report:
    """What outreach was worth, from the records of the log alone.

    window_days: for how long after its trigger an outcome counts; a customer whose window has not
    closed by the log's last fact counts nowhere yet. assumed: prices; absent: from the environment.
    Raises NothingToMeasure where there is no fact.
    """
    log = build(records)
    if log.last_time is None:
        raise NothingToMeasure("nothing to measure: the log holds no fact")
    return _Measured(log, log.last_time, timedelta(days=window_days), assumed).report()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A unit whose window has closed, and what became of it."""

    unit: Unit
    contacts: Sequence[Contact]
    handoffs: int
    reached: Mapping[str, bool]

    @property
    def any_outcome(self) -> bool:
        """The first outcome of its family: the one that counts where only one does."""
        return self.reached[outcomes_of(self.unit.family)[0]]


class _Measured:
    def __init__(
        self, log: Log, until: datetime, window: timedelta, assumed: Assumptions | None
    ) -> None:
        self._log, self._until, self._window = log, until, window
        self._assumed = assumed or Assumptions()
        self._outcomes, self._contacts = Outcomes(log), Contacts(log)
        self._units = units(log)

    def report(self) -> Report:
        closed = [unit for unit in self._units if self._is_closed(unit)]
        by_playbook: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
        for unit in closed:
            by_playbook[unit.tenant, unit.playbook].append(self._seen(unit))
        firsts = [self._seen(unit, any_playbook=True) for unit in first_of_each_customer(closed)]
        rows = list(self._together(firsts))
        wordings: list[Wording] = []
        small: dict[tuple[str, str], SmallDebt | None] = {}
        for (tenant, playbook), seen in sorted(by_playbook.items()):
            whole = list(self._of_playbook(seen))
            rows += whole
            wordings += _wordings(seen)
            if self._contacts.purposes.get((tenant, playbook)) == "collection":
                for paid in (row for row in whole if not row.segment and row.outcome == "paid"):
                    found = small_debt(paid.costs, paid.comparison, self._assumed)
                    small[tenant, playbook] = found
        return Report(
            window_days=self._window.days,
            until=self._until,
            assumptions=self._assumed,
            rows=rows,
            wordings=wordings,
            gains=wording_gains(self._log, self._until),
            hours=hour_gains(self._log, self._until),
            simulated=any(f.data.event_source in SIMULATED for f in self._log.of(EventApplied)),
            small_debts=small,
            loops=loops(self._log, _alone(by_playbook)),
            open=Counter(
                (unit.tenant, unit.playbook) for unit in self._units if not self._is_closed(unit)
            ),
        )

    def _is_closed(self, unit: Unit) -> bool:
        return unit.began + self._window <= self._until

    def _seen(self, unit: Unit, *, any_playbook: bool = False) -> _Seen:
        until = unit.began + self._window
        made = self._contacts.of_any_playbook if any_playbook else self._contacts.of
        return _Seen(
            unit,
            made(unit, until),
            self._outcomes.handoffs(unit, until),
            {
                outcome: self._outcomes.reached(unit, outcome, until)
                for outcome in outcomes_of(unit.family)
            },
        )

    def _together(self, firsts: Sequence[_Seen]) -> Iterator[Row]:
        by_tenant: dict[str, list[_Seen]] = defaultdict(list)
        for one in firsts:
            by_tenant[one.unit.tenant].append(one)
        for tenant, seen in sorted(by_tenant.items()):
            reached = [(one, one.any_outcome) for one in seen]
            yield self._row(reached, (tenant, None, None, None), ANY_OUTCOME, "global_holdout")

    def _of_playbook(self, seen: Sequence[_Seen]) -> Iterator[Row]:
        holdout = against([one.unit for one in seen])
        sides = [one for one in seen if one.unit.arm in ("outreach", holdout)]
        first = seen[0].unit
        groups: dict[tuple[str | None, str | None], list[_Seen]] = {(None, None): sides}
        for one in sides:
            groups.setdefault((one.unit.segment, one.unit.tone), []).append(one)
        for (segment, tone), group in sorted(groups.items(), key=lambda item: _named(item[0])):
            for outcome in _outcomes(group):
                reached = [(one, one.reached[outcome]) for one in group if outcome in one.reached]
                about = (first.tenant, first.playbook, segment, tone)
                yield self._row(reached, about, outcome, holdout)

    def _row(
        self,
        reached: Sequence[tuple[_Seen, bool]],
        about: tuple[str, str | None, str | None, str | None],
        outcome: str,
        holdout: str | None,
    ) -> Row:
        treated = [one for one, _ in reached if one.unit.arm != holdout]
        comparison = compare(
            share([yes for one, yes in reached if one.unit.arm != holdout]),
            share([yes for one, yes in reached if one.unit.arm == holdout]),
        )
        made = [contact for one in treated for contact in one.contacts]
        handoffs = sum(one.handoffs for one in treated)
        return Row(
            *about,
            outcome=outcome,
            against=holdout,
            contacted=sum(bool(one.contacts) for one in treated),
            comparison=comparison,
            costs=costs(len(treated), made, handoffs, comparison, self._assumed),
        )


def _named(group: tuple[str | None, str | None]) -> tuple[str, str]:
    return group[0] or "", group[1] or ""


def _outcomes(group: Sequence[_Seen]) -> list[str]:
    """The outcomes of these, in the order of their families; a second one if anybody reached it."""
    firsts = {outcomes_of(one.unit.family)[0] for one in group}
    named = dict.fromkeys(outcome for one in group for outcome in one.reached)
    return [
        outcome
        for outcome in named
        if outcome in firsts or any(one.reached.get(outcome) for one in group)
    ]


def _wordings(seen: Sequence[_Seen]) -> Iterator[Wording]:
    by_variant: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in seen:
        if one.contacts:
            outcome = outcomes_of(one.unit.family)[0]
            by_variant[one.contacts[0].variant, outcome].append(one.any_outcome)
    for (variant, outcome), flags in sorted(by_variant.items()):
        unit = seen[0].unit
        yield Wording(unit.tenant, unit.playbook, variant, outcome, share(flags))


def _alone(by_playbook: Mapping[tuple[str, str], Sequence[_Seen]]) -> dict[str, Share]:
    """By tenant: of the matters under care that came to a good end, those without a person."""
    alone: dict[str, list[bool]] = defaultdict(list)
    for (tenant, _), seen in by_playbook.items():
        for one in seen:
            if one.unit.arm == "outreach" and any(one.reached.values()):
                alone[tenant].append(one.handoffs == 0)
    return {tenant: share(flags) for tenant, flags in alone.items()}
