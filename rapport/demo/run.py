"""The demo from start to end: parts and services up, three weeks lived, report, verdict."""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError
from rich.console import Console
from rich.live import Live

from rapport import lift_view, verdict_view
from rapport.audit.log import Record
from rapport.audit.run import NothingToAudit, audit
from rapport.connection import connection
from rapport.demo import report, show
from rapport.demo.life import Life
from rapport.demo.publishers import Publishers
from rapport.demo.scenario import plan
from rapport.demo.stage import UNSET, clock_for, set_up
from rapport.demo.town import Town
from rapport.demo.website import application, serving
from rapport.demo.wire import Wire
from rapport.launcher import Fleet, Parts, running
from rapport.lift.run import lift
from rapport.reading import read_to_end
from rapport.records import record
from rapport.simulation import view as simulation_view
from rapport.simulation.figures import of_records
from schemas.topics import OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.embedded.children import StartError

LIFE_SECONDS: Final = 118.0
"""Real seconds that the three weeks take."""
LEAD_SECONDS: Final = 22.0
"""Real seconds from the launch until time begins to run: the parts start meanwhile."""
QUIET_SECONDS: Final = 20.0
"""Real seconds to wait at the end for dispatches that have no end yet."""
LIFT_DAYS: Final = 14
"""Days after its trigger in which an outcome counts; most triggers come in the first week."""
SIMULATED: Final = "simulated customers, so these figures say nothing of real ones"
LINE_SECONDS: Final = 5.0
FRAME_SECONDS: Final = 0.25


def simulate(seed: int, life_seconds: float, as_json: bool) -> int:
    """Live the demo's weeks and print what came of debts; the exit status is as the demo's.

    as_json: the figures alone, for programs.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    told = Console(stderr=True) if as_json else show.console()
    try:
        with _lived(told, seed, life_seconds, LEAD_SECONDS) as (_, parts, _, _):
            records = _log_of(parts)
        found = audit(records)
        figures = of_records(records, found)
    except KeyboardInterrupt:
        told.print("ended before its time")
        return 130
    except (StartError, KafkaError, NothingToAudit) as error:
        told.print(str(error), style="red", markup=False)
        return 1
    if as_json:
        print(json.dumps({**figures.as_dict(), "audit_held": found.held}))
    else:
        simulation_view.show(figures, told)
        verdict_view.show(found, told)
    return 0 if found.held else 1


def demo(
    seed: int = 2026,
    life_seconds: float = LIFE_SECONDS,
    lead_seconds: float = LEAD_SECONDS,
    serve: bool | None = None,
) -> int:
    """Run the demo; the process's exit status: 0 where the audit holds.

    serve: keep serving after the report until Ctrl-C; None: in a terminal only.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    console = show.console()
    if serve is None:
        serve = console.is_terminal and sys.stdin.isatty()
    try:
        return _run(console, seed, life_seconds, lead_seconds, serve)
    except KeyboardInterrupt:
        console.print("ended before its time")
        return 130
    except (StartError, KafkaError) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _run(console: Console, seed: int, life_seconds: float, lead_seconds: float, serve: bool) -> int:
    real = Clock()
    began = real.monotonic()
    with _lived(console, seed, life_seconds, lead_seconds) as (life, parts, fleet, website):
        held = _report(console, life, parts)
        console.print(f"\nThe whole took {real.monotonic() - began:.0f} seconds.")
        _pages(console, parts, website)
        if serve:
            _serve(console, fleet)
        return 0 if held else 1


@contextmanager
def _lived(
    console: Console, seed: int, life_seconds: float, lead_seconds: float
) -> Iterator[tuple[Life, Parts, Fleet, str]]:
    """Everything is up and the weeks are over: who lived them, parts, services, the website."""
    scenario = plan(seed)
    clock = clock_for(scenario, life_seconds, Clock().real().timestamp() + lead_seconds)
    wire = Wire()
    publishers = Publishers(scenario.books, clock, wire.send)
    console.print(
        f"[bold]Rapport demo[/]: {len(scenario.people)} invented customers, "
        f"{(scenario.end - scenario.start).days} days in {life_seconds:.0f} seconds. "
        "Everything is simulated but the software.\n"
    )
    with ExitStack() as up:
        folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="rapport-demo-")))
        website = up.enter_context(serving(application(publishers)))
        up.enter_context(_environment(set_up(clock, website, folder)))
        parts, fleet = up.enter_context(running(None, console.print))
        if parts.mail_page is None:
            raise StartError("the demo's customers read the embedded inbox: unset SMTP_URL")
        people = scenario.people
        town = Town(people, parts.mail_page, website, clock, seed, scenario.end)
        life = Life(scenario, clock, publishers, wire, town)
        up.callback(life.stop)
        life.start(connection(settings=parts.settings))
        _live(console, life, clock, fleet)
        yield life, parts, fleet, website


def _log_of(parts: Parts) -> list[Record]:
    """All of the shared log."""
    raws = read_to_end(OUTREACH_LOG, connection(settings=parts.settings))
    return [record(raw) for raw in raws]


def _live(console: Console, life: Life, clock: Clock, fleet: Fleet) -> None:
    """Show the weeks pass, then wait until what is on its way has its end."""
    with _progress(console, life, clock) as progress:
        while not life.is_over:
            _watch(life, fleet)
            progress()
        life.rest()
        deadline = clock.monotonic() + QUIET_SECONDS
        while not life.is_quiet and clock.monotonic() < deadline:
            _watch(life, fleet)
            progress()


def _watch(life: Life, fleet: Fleet) -> None:
    fleet.mend()
    if (fault := life.fault()) is not None:
        raise StartError(f"the demo itself stumbled: {type(fault).__name__}: {fault}")


@contextmanager
def _progress(console: Console, life: Life, clock: Clock) -> Iterator[Callable[[], None]]:
    """Gives what to call again and again; it waits a moment each time."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=False) as live:

            def draw() -> None:
                live.update(life.board.render(clock.now()), refresh=True)
                time.sleep(FRAME_SECONDS)

            yield draw
        return
    told = float("-inf")

    def tell() -> None:
        nonlocal told
        if clock.monotonic() - told >= LINE_SECONDS:
            told = clock.monotonic()
            console.print(life.board.line(clock.now()), soft_wrap=True)
        time.sleep(FRAME_SECONDS)

    yield tell


def _report(console: Console, life: Life, parts: Parts) -> bool:
    """Print report and verdict; whether the audit holds."""
    console.print()
    report.show(console, life.tally, life.letters)
    if life.town.troubles:
        told = ", ".join(f"{count} {what}" for what, count in life.town.troubles.items())
        console.print(f"Doors that stayed shut to customers: {told}", style="yellow")
    console.print()
    records = _log_of(parts)
    try:
        verdict = audit(records)
    except NothingToAudit as error:
        console.print(str(error), style="red")
        return False
    worth = lift(records, LIFT_DAYS)
    lift_view.brief(worth, console, f": {SIMULATED}")
    for line in lift_view.in_short(worth):
        console.print(f"Simulated: {line}.", soft_wrap=True, highlight=False)
    console.print()
    simulation_view.show(of_records(records, verdict), console)
    verdict_view.show(verdict, console)
    return verdict.held


def _pages(console: Console, parts: Parts, website: str) -> None:
    settings = parts.settings
    scheduler, negotiator = settings.service_url("scheduler"), settings.service_url("negotiator")
    for what, url in (
        ("the letters", f"{parts.mail_page}"),
        ("the operators' console", f"{scheduler}/console"),
        ("the desk for people", f"{negotiator}/desk"),
        ("the interfaces", f"{scheduler}/docs"),
        ("the bank, shop and films", website),
    ):
        console.print(f"  {what:<26}{url}", soft_wrap=True)
    if parts.token:
        console.print(f"  {'token for both':<26}{parts.token}", soft_wrap=True)


def _serve(console: Console, fleet: Fleet) -> None:
    console.print("\nAll of it keeps running, and time with it, until Ctrl-C.")
    try:
        while True:
            fleet.mend()
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("ending")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set the variables, and unset those that a demo must not heed, for the block."""
    before = {name: os.environ.get(name) for name in (*values, *UNSET)}
    os.environ.update(values)
    for name in UNSET:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
