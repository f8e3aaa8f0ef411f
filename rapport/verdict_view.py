"""The audit's report for people: a table of promises, and each violation with its evidence."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rapport.audit.verdict import Outcome, Report

SHOWN = 20
"""How many violations of one promise are written out."""


def show(report: Report, console: Console) -> None:
    """Print the table, the violations, and the verdict as the last line."""
    table = Table(title="Promises, from the shared log alone", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("promise", ratio=4)
    table.add_column("checked", ratio=3)
    table.add_column("verdict", no_wrap=True)
    table.add_column("in flight", ratio=3)
    table.add_column("for information", ratio=3)
    for outcome in report.outcomes:
        table.add_row(
            str(outcome.promise),
            outcome.title,
            _listed(outcome.checked),
            _verdict(outcome),
            _listed(outcome.in_flight),
            _listed(outcome.notes),
        )
    console.print(table)
    for outcome in report.outcomes:
        _violations(outcome, console)
    console.print(f"{report.facts} facts, {report.duplicates} transport duplicates dropped")
    if report.held:
        console.print("[bold green]AUDIT HELD[/]")
    else:
        console.print("[bold red]AUDIT VIOLATED[/]")


def _verdict(outcome: Outcome) -> str:
    if outcome.held:
        return "[green]held[/]"
    return f"[red]violated ({len(outcome.violations)})[/]"


def _listed(counts: Mapping[str, int]) -> str:
    return "\n".join(f"{count} {what}" for what, count in counts.items())


def _violations(outcome: Outcome, console: Console) -> None:
    for violation in outcome.violations[:SHOWN]:
        rule = f"[red]promise {violation.promise}, {violation.rule}:[/]"
        console.print(f"{rule} {escape(violation.what)}", soft_wrap=True)
        for event in violation.events:
            console.print(f"    {escape(str(event))}", soft_wrap=True, highlight=False)
    if len(outcome.violations) > SHOWN:
        more = len(outcome.violations) - SHOWN
        console.print(f"    and {more} more of promise {outcome.promise}: see --json")
