"""The report at the end: what became of whom, why not, and what could not be accepted."""

from collections import Counter
from collections.abc import Callable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rapport.demo.tally import Line, Tally
from schemas.facts import DeadLetter

NOT_ENROLLED = "not enrolled"
NONE = "·"

FIGURES: tuple[tuple[str, Callable[[Line], int]], ...] = (
    ("enrolled", lambda line: len(line.enrolled)),
    ("contacted", lambda line: len(line.contacted)),
    ("mails", lambda line: line.mails),
    ("opened", lambda line: len(line.opened)),
    ("clicked", lambda line: len(line.clicked)),
    ("agreed", lambda line: len(line.agreed)),
    ("paid or renewed", lambda line: len(line.settled)),
    ("opted out", lambda line: len(line.opted_out)),
)
"""Counted in enrolments, but for the mails."""

REASONS: tuple[tuple[str, Callable[[Line], Counter[str]]], ...] = (
    ("deferred steps", lambda line: line.deferred),
    ("suppressed steps", lambda line: line.suppressed),
    ("stopped enrolments", lambda line: line.stopped),
)


def show(console: Console, tally: Tally, letters: Sequence[DeadLetter]) -> None:
    """Print all of it. The figures are those of invented customers."""
    console.print(outcomes(tally))
    console.print(refused(letters))


def outcomes(tally: Tally) -> Table:
    """A column for each playbook and segment; reasons stand below what they explain."""
    groups = sorted(group for group in tally.lines if group[0])
    lines = [tally.lines[group] for group in groups]
    table = _table("What came of it, by playbook and segment (simulated customers)")
    table.add_column("", no_wrap=True)
    for playbook, segment in groups:
        # Long names break where they have a hyphen: the table is wide enough as it is.
        name = playbook.replace("-", "-\n")
        heading = f"{escape(name)}\n{escape(segment or NOT_ENROLLED)}"
        table.add_column(heading, justify="right", overflow="fold")
    for name, figure in FIGURES:
        table.add_row(name, *(_number(figure(line)) for line in lines))
    for name, reasons in REASONS:
        counts = [reasons(line) for line in lines]
        table.add_section()
        totals = [_number(count.total()) for count in counts]
        table.add_row(name, *totals, style="bold")
        for reason, _ in sum(counts, Counter[str]()).most_common():
            table.add_row(f"  {escape(reason)}", *(_number(count[reason]) for count in counts))
    return table


def refused(letters: Sequence[DeadLetter]) -> Table:
    """What could not be accepted: reason, and what the publisher shall do."""
    table = _table(f"Dead letters: {len(letters)}")
    table.add_column("reason", overflow="fold")
    table.add_column("where", overflow="fold")
    table.add_column("what the publisher is told", overflow="fold")
    table.add_column("count", justify="right")
    counts = Counter((one.code, one.pointer or "", one.detail) for one in letters)
    for (code, pointer, detail), count in sorted(counts.items()):
        table.add_row(code, escape(pointer), escape(detail), str(count))
    return table


def _number(count: int) -> str:
    return str(count) if count else NONE


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
