"""What is told of a simulated population, by a log in which much happens."""

from rich.console import Console

from rapport.audit.run import audit
from rapport.lift.assumptions import Assumptions
from rapport.simulation.figures import Figures, of_records
from rapport.simulation.view import show
from support.audit.good_world import good
from support.audit.world import World

PRICES = Assumptions(assumed_cost_currency="EUR")


def figures(world: World) -> Figures:
    records = list(world.records())
    return of_records(records, audit(records), PRICES)


def test_debts_are_resolved_alone_or_with_a_person() -> None:
    world = good()
    before = figures(world)
    # The keeper has paid all of it; whoever broke a plan has resolved nothing.
    assert 0 < before.resolved < before.debts
    assert before.paid_but_contacted == 0
    world.add("asked", "handoff.requested", "keeper", "2026-03-07T00:00:00+00:00",
              handoff_id="h-keep", case_id="keep", obligation_id="b-keep",
              reason="question")  # fmt: skip
    after = figures(world)
    assert (after.resolved, after.alone) == (before.resolved, before.alone - 1)
    assert after.cost == before.cost + float(PRICES.assumed_cost_handoff)
    assert after.as_dict()["simulated"] is True


def test_a_message_about_what_is_paid_is_counted() -> None:
    world = good()
    world.message("d-late-2", "tokyo", "2026-03-11T00:00:00+00:00", "tokyo-9", "e-tokyo", "b-tokyo",
                  packs=("house", "japan"))  # fmt: skip
    assert figures(world).paid_but_contacted == 1


def test_the_table_says_that_nobody_of_them_exists() -> None:
    console = Console(width=100, force_terminal=False)
    with console.capture() as shown:
        show(figures(good()), console)
        show(Figures(0, 0, 0, 0, 0, 0, 0.0, "EUR", 0), console)
    assert "simulated customers" in shown.get()
    assert "without a person" in shown.get()
