"""`rapport watch|audit|lift|explain`: what the shared log tells.

What a command works with is imported when it runs: other commands start without it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from rapport.audit import IN_FLIGHT_SECONDS
from rapport.lift import WINDOW_DAYS
from rapport.terminal import AsJson, Bootstrap, broker, err, out, stop

if TYPE_CHECKING:
    from rapport.audit.log import Record
    from rapport.explain import Story


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (watch, audit, lift, explain):
        app.command()(command)


def watch(
    bootstrap: Bootstrap = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the shared log live, one line a fact, until Ctrl-C."""
    from rapport.connection import connection
    from rapport.reading import follow
    from rapport.watch import watch as show
    from schemas.topics import OUTREACH_LOG

    with broker():
        try:
            live = follow(OUTREACH_LOG, connection(bootstrap))
            show(live, out, customer=customer, as_lines=as_json)
        except KeyboardInterrupt:
            return


def audit(
    bootstrap: Bootstrap = None,
    file: Annotated[
        Path | None, typer.Option(help="A log file, as `rapport watch --json` writes it.")
    ] = None,
    as_json: AsJson = False,
    in_flight: Annotated[
        float, typer.Option(help="Real seconds before the log's end that are still under way.")
    ] = IN_FLIGHT_SECONDS,
) -> None:
    """Prove or refute the promises from the shared log. Exit status 1 where one is violated."""
    from rapport import verdict_view
    from rapport.audit.run import NothingToAudit
    from rapport.audit.run import audit as prove
    from rapport.records import UnreadableFile

    with broker():
        try:
            report = prove(_log(bootstrap, file), in_flight)
        except (NothingToAudit, UnreadableFile, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        verdict_view.show(report, out)
    raise typer.Exit(0 if report.held else 1)


def lift(
    bootstrap: Bootstrap = None,
    file: Annotated[Path | None, typer.Option(help="A log file in place of the broker.")] = None,
    as_json: AsJson = False,
    window: Annotated[
        int, typer.Option(min=1, max=366, help="Days after its trigger in which an outcome counts.")
    ] = WINDOW_DAYS,
) -> None:
    """Tell from the shared log what outreach was worth, against those held out of it."""
    from pydantic import ValidationError

    from rapport import lift_view
    from rapport.lift.run import NothingToMeasure
    from rapport.lift.run import lift as measure
    from rapport.records import UnreadableFile

    with broker():
        try:
            report = measure(_log(bootstrap, file), window)
        except (NothingToMeasure, UnreadableFile, ValidationError, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        lift_view.show(report, out)


def explain(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    bootstrap: Bootstrap = None,
    file: Annotated[Path | None, typer.Option(help="A log file in place of the broker.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell from the shared log why a customer was, or was not, contacted."""
    from rapport.explain import explain as tell
    from rapport.records import UnreadableFile

    with broker():
        try:
            stories = tell(_log(bootstrap, file, customer), customer)
        except (UnreadableFile, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps([story.as_dict() for story in stories], indent=2, ensure_ascii=False))
    for story in stories if not as_json else ():
        _tell(story)
    if not stories:
        err.print(f"the log knows no customer {escape(customer)}")
        raise typer.Exit(1)


def _log(
    bootstrap: str | None, file: Path | None, customer: str | None = None
) -> "Iterator[Record]":
    from rapport import reading, records
    from rapport.connection import connection
    from schemas.topics import OUTREACH_LOG

    if file is not None:
        yield from records.read_file(file)
        return
    wanted = None if customer is None else customer.encode()
    for raw in reading.read_to_end(OUTREACH_LOG, connection(bootstrap)):
        if wanted is None or raw.key == wanted or (raw.key or b"").startswith(b"policy:"):
            yield records.record(raw)


def _tell(story: "Story") -> None:
    out.print(f"[bold]{escape(story.customer)}[/] ({escape(story.tenant)})")
    for chapter in story.chapters:
        if chapter.lines:
            out.print(f"\n[bold cyan]{escape(chapter.title)}[/]")
        for line in chapter.lines:
            out.print(f"  [dim]{line.at}[/]  {escape(line.what)}", highlight=False, soft_wrap=True)
    if story.rules:
        out.print("\n[bold cyan]The rules that decided[/]")
    for name, rule in story.rules.items():
        said = f"{rule.citation} ({rule.status}{'' if rule.verified else ', not verified'})"
        out.print(
            f"  {escape(name)}: {escape(said)}; in force {rule.in_force}",
            highlight=False,
            soft_wrap=True,
        )
