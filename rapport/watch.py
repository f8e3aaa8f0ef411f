"""A live view of the shared log: one line a fact. No personal data is there to be seen."""

import hashlib
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape

from rapport.audit.log import Fact, build
from rapport.local_time import LocalTimes
from rapport.reading import Raw
from rapport.records import as_json, record
from rapport.sentences import sentence
from schemas.common import Typed
from schemas.facts import LogHeartbeat

_COLOURS = {
    "event": "white",
    "customer": "cyan",
    "outreach": "blue",
    "message": "green",
    "contact": "magenta",
    "feedback": "magenta",
    "offer": "yellow",
    "agreement": "yellow",
    "request": "yellow",
    "handoff": "red",
    "notice": "red",
}
_PEOPLE = ("red", "green", "yellow", "blue", "magenta", "cyan")


def watch(
    records: Iterable[Raw | None],
    console: Console,
    *,
    customer: str | None = None,
    as_lines: bool = False,
) -> None:
    """Show each fact as it comes, for as long as `records` (`reading.follow`) goes on.

    as_lines: JSON lines that `rapport audit --file` reads, heartbeats included.
    """
    view = _View(console)
    for raw in records:
        if raw is None or not _wanted(raw, customer):
            continue
        if as_lines:
            print(as_json(raw), flush=True)
        else:
            view.show(raw)


def _wanted(raw: Raw, customer: str | None) -> bool:
    return customer is None or raw.key == customer.encode()


class _View:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._times = LocalTimes()

    def show(self, raw: Raw) -> None:
        log = build([record(raw)])
        for fact in log.facts:
            self._times.see(fact)
            if not isinstance(fact.data, LogHeartbeat):
                self._console.print(self._line(fact), soft_wrap=True, highlight=False)
        for fault in log.unreadable:
            self._console.print(f"[red]{fault.position}: {escape(fault.what)}[/]", soft_wrap=True)

    def _line(self, fact: Fact[Typed]) -> str:
        colour = _COLOURS.get(fact.type.partition(".")[0], "white")
        # Python's own hash differs from run to run; a customer keeps their colour.
        number = hashlib.sha256(fact.customer.encode()).digest()[0]
        person = _PEOPLE[number % len(_PEOPLE)]
        return (
            f"[dim]{self._times.text(fact)}[/]  [{person}]{escape(fact.customer)}[/]  "
            f"[{colour}]{fact.type}[/]  {escape(sentence(self._times.data(fact)))}"
        )
