"""Progress, live: a board in a terminal, a plain line every few seconds elsewhere."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rapport.demo.scenario import Scenario
from rapport.demo.tally import Fact, Tally

PLACES: Final = (
    ("Los Angeles", "America/Los_Angeles"),
    ("New York", "America/New_York"),
    ("London", "Europe/London"),
    ("Shanghai", "Asia/Shanghai"),
    ("Tokyo", "Asia/Tokyo"),
    ("Sydney", "Australia/Sydney"),
)
_EARLIEST, _LATEST = 8, 21
_RECENT = 7

# What is worth a line of its own on the board, in words.
_NOTABLE: Final[Mapping[str, str]] = {
    "outreach.step_deferred": "{step} waits: {reason}",
    "outreach.step_suppressed": "{step} stays unsent: {reason}",
    "outreach.cancelled": "letters stop: {reason}",
    "message.intended": "letter {playbook}/{step} in {locale}",
    "message.clicked": "followed the link {link}",
    "contact.unsubscribed": "opted out of {purpose}",
    "offer.accepted": "accepted an offer",
    "agreement.made": "agreed on a plan",
    "agreement.kept": "kept instalment {instalment}",
    "agreement.broken": "missed instalment {instalment}",
    "handoff.requested": "a person takes over: {reason}",
}


class Board:
    """What the demo shows while it lives."""

    def __init__(self, scenario: Scenario, tally: Tally, speed: float) -> None:
        self._scenario = scenario
        self._tally = tally
        self._speed = speed
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self.dead_letters = 0

    def note(self, fact: Fact) -> None:
        """Show a fact among the latest, if it is notable."""
        if (words := _NOTABLE.get(fact.type)) is not None:
            data = {name: value for name, value in fact.data.items() if value is not None}
            self._recent.append(f"{fact.customer}  {words.format_map(_Lenient(data))}")

    def figures(self) -> dict[str, int]:
        """The running counts, by what they are called on the board."""
        counts, applied = self._tally.counts, self._tally.applied
        return {
            "events": counts["event.applied"],
            "contacted": len(self._tally.contacted),
            "mails": counts["message.sent"],
            "opens": counts["message.opened"],
            "clicks": counts["message.clicked"],
            "agreements": counts["agreement.made"],
            "payments": applied["payment.received"],
            "renewals": applied["subscription.renewed"],
            "opt-outs": counts["contact.unsubscribed"],
            "holds": applied["customer.hold_placed"],
            "to a person": counts["handoff.requested"],
            "deferred": counts["outreach.step_deferred"],
            "suppressed": counts["outreach.step_suppressed"],
            "dead letters": self.dead_letters,
        }

    def line(self, now: datetime) -> str:
        """All of it in one line."""
        figures = ", ".join(f"{count} {name}" for name, count in self.figures().items())
        return f"day {self._day(now):2}  {now:%a %d %b %H:%M} UTC  {figures}"

    def render(self, now: datetime) -> RenderableType:
        """All of it as a board."""
        span = (self._scenario.end - self._scenario.start).total_seconds()
        lived = min(span, (now - self._scenario.start).total_seconds())
        head = Text.assemble(
            (f"{now:%A %d %B %Y  %H:%M} UTC", "bold"),
            (f"   day {self._day(now)} of {self._days}", "default"),
            (f"   {self._speed:,.0f} times real time", "dim"),
        )
        recent = Text("\n".join(self._recent) or "\n", style="dim", no_wrap=True)
        return Panel(
            Group(
                head,
                ProgressBar(total=span, completed=lived, width=None, complete_style="cyan"),
                Text(),
                _local_times(now),
                Text(),
                self._table(),
                Text(),
                recent,
            ),
            title="Rapport: three simulated weeks",
            title_align="left",
            border_style="cyan",
            padding=(1, 2),
        )

    @property
    def _days(self) -> int:
        return (self._scenario.end - self._scenario.start).days

    def _day(self, now: datetime) -> int:
        return min(self._days, (now - self._scenario.start).days + 1)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 3))
        cells = [
            Text.assemble((f"{count:>5}", "bold"), f" {name}")
            for name, count in self.figures().items()
        ]
        width = 4
        for start in range(0, len(cells), width):
            row = cells[start : start + width]
            table.add_row(*row, *[Text()] * (width - len(row)))
        return table


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "it" if key == "step" else "?"


def _local_times(now: datetime) -> Table:
    """Where it is an hour at which a letter may come."""
    table = Table.grid(padding=(0, 4))
    cells = []
    for name, zone in PLACES:
        there = now.astimezone(ZoneInfo(zone))
        open_ = _EARLIEST <= there.hour < _LATEST
        mark, style = ("●", "green") if open_ else ("○", "dim")
        cells.append(Text.assemble((f"{mark} ", style), (f"{there:%H:%M} {name}", style)))
    for start in range(0, len(cells), 3):
        table.add_row(*cells[start : start + 3])
    return table


def console() -> Console:
    """The console of the demo: wide enough for its tables where there is no terminal."""
    ours = Console(highlight=False)
    return ours if ours.is_terminal else Console(highlight=False, width=140)
