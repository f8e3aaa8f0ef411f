"""The report at the end: what became of whom, why not, and what could not be accepted."""

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rapport.demo.tally import Line, Tally
from schemas.facts import DeadLetter

NOT_ENROLLED = "not enrolled"


def show(console: Console, tally: Tally, letters: Sequence[DeadLetter]) -> None:
    """Print all of it. The figures are those of invented customers."""
    console.print(outcomes(tally))
    console.print(reasons(tally))
    console.print(refused(letters))


def outcomes(tally: Tally) -> Table:
    """One row a playbook and segment, counted in enrolments but for the mails."""
    table = _table("What came of it (simulated customers; enrolments, not persons)")
    table.add_column("playbook", overflow="fold")
    table.add_column("segment", overflow="fold")
    for name in (
        *("enrolled", "contacted", "mails", "opened", "clicked", "agreed", "paid or renewed"),
        *("opted out", "deferred", "suppressed"),
    ):
        table.add_column(name, justify="right", overflow="fold")
    for (playbook, segment), line in sorted(tally.lines.items()):
        if playbook:
            table.add_row(playbook, segment or NOT_ENROLLED, *map(str, counted(line)))
    return table


def counted(line: Line) -> tuple[int, ...]:
    """The figures of one row."""
    return (
        len(line.enrolled),
        len(line.contacted),
        line.mails,
        len(line.opened),
        len(line.clicked),
        len(line.agreed),
        len(line.settled),
        len(line.opted_out),
        line.deferred.total(),
        line.suppressed.total(),
    )


def reasons(tally: Tally) -> Table:
    """Why letters waited, were never sent, or stopped: by playbook, segment and reason."""
    table = _table("Why later, why not, why no more (simulated)")
    for name in ("playbook", "segment"):
        table.add_column(name, overflow="fold")
    for name in ("deferred: steps", "suppressed: steps", "stopped: enrolments"):
        table.add_column(name, ratio=1)
    for (playbook, segment), line in sorted(tally.lines.items()):
        if playbook:
            told = (line.deferred, line.suppressed, line.stopped)
            table.add_row(playbook, segment or NOT_ENROLLED, *map(listed, told))
    return table


def listed(counts: Counter[str]) -> str:
    """Reasons with their counts, the most frequent first."""
    return "\n".join(f"{count} {escape(reason)}" for reason, count in counts.most_common())


def refused(letters: Sequence[DeadLetter]) -> Table:
    """What could not be accepted: reason, and what the publisher shall do."""
    table = _table(f"Dead letters: {len(letters)}")
    table.add_column("reason", overflow="fold")
    table.add_column("where", overflow="fold")
    table.add_column("what the publisher is told", ratio=1)
    table.add_column("count", justify="right")
    counts = Counter((one.code, one.pointer or "", one.detail) for one in letters)
    for (code, pointer, detail), count in sorted(counts.items()):
        table.add_row(code, escape(pointer), escape(detail), str(count))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
