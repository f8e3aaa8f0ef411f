"""The figures as people read them."""

from rich import box
from rich.console import Console
from rich.table import Table

from rapport.simulation.figures import Figures

NONE = "·"


def show(found: Figures, console: Console) -> None:
    """Print them; the title says that nobody of these customers exists."""
    table = Table(
        title="How debts were resolved (simulated customers, assumed prices)",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=False,
    )
    table.add_column()
    table.add_column(justify="right")
    money = found.currency
    for name, value in (
        ("debts written about", str(found.debts)),
        ("resolved: paid, or by a plan that holds", _share(found.resolved, found.share_resolved)),
        ("of these without a person", _share(found.alone, found.share_alone)),
        ("instalments paid", str(found.kept)),
        ("hand-offs to a person", str(found.handoffs)),
        ("messages", str(found.contacts)),
        ("messages for each that was resolved", _number(found.contacts_per_resolution, 1)),
        (f"cost of a contact, persons included ({money})", _number(found.cost_per_contact, 3)),
        ("contacted though known to be paid", str(found.paid_but_contacted)),
    ):
        table.add_row(name, value)
    console.print(table)


def _share(count: int, share: float | None) -> str:
    return f"{count} ({share:.0%})" if share is not None else str(count)


def _number(value: float | None, places: int) -> str:
    return NONE if value is None else f"{value:.{places}f}"
