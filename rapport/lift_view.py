"""What `rapport lift` says to people: tables, and a plain word where there is too little data."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rapport.lift.assumptions import Assumptions
from rapport.lift.compare import Share
from rapport.lift.costs import SmallDebt
from rapport.lift.intervals import Interval
from rapport.lift.loop import Loop
from rapport.lift.report import METHOD, RULE, Report, Row, Wording
from schemas.world import minor_units

NONE = "·"
TOO_FEW = "too few"
HOLDOUTS = {"playbook_holdout": "its own holdout", "global_holdout": "the global holdout"}


def show(report: Report, console: Console) -> None:
    """Print all of it."""
    brief(report, console, segments=True)
    for (_, playbook), count in sorted(report.open.items()):
        _print(console, f"{playbook}: not counted yet, since their window is open: {count}")
    for (_, playbook), small in sorted(report.small_debts.items()):
        _print(console, f"{playbook}: {small_debt(small, report.assumptions)}")
    if report.wordings:
        console.print(wordings(report.wordings))
    if report.gains:
        console.print(gains(report))
    if report.hours:
        console.print(hours(report))
        for line in _why_no_hours(report):
            _print(console, line)
    console.print(loop(report.loops))
    for line in in_short(report):
        _print(console, f"In short, {line}.")
    _print(console, _assumed(report.assumptions))
    _print(console, f"{METHOD}\n{RULE}")


def brief(report: Report, console: Console, note: str = "", *, segments: bool = False) -> None:
    """Print what each playbook was worth. note: what must be known of the figures' origin."""
    _print(console, f"What outreach was worth, {report.window_days} days from the trigger{note}")
    whole = [row for row in report.rows if row.segment is None]
    if not whole:
        _print(console, "Too little data: nobody's window has closed yet.")
        return
    console.print(rows(report.rows if segments else whole, report.assumptions))
    for row in whole:
        if row.comparison.why_not:
            name = row.playbook or "all playbooks"
            _print(console, f"{name}, {row.outcome}: no lift shown, {row.comparison.why_not}.")


def in_short(report: Report) -> list[str]:
    """A line for each tenant: how much came to a good end without a person, and what a contact
    cost, hand-offs to people included.
    """
    return [
        f"{'' if one.tenant == 'default' else one.tenant + ': '}resolved without a person: "
        f"{share(one.alone)}; {_per_contact(report, one.tenant)}"
        for one in report.loops
    ]


def _per_contact(report: Report, tenant: str) -> str:
    """What a contact cost over all playbooks; a playbook's rows tell the same costs each."""
    spent = {
        row.playbook: row.costs
        for row in report.rows
        if row.tenant == tenant and row.playbook is not None and row.segment is None
    }
    contacts = sum(one.contacts for one in spent.values())
    if not contacts:
        return "no contact whose window has closed"
    price = sum(one.total for one in spent.values()) / contacts
    unit = report.assumptions.assumed_cost_currency
    return f"{price:.4f} {unit} a contact over {contacts:,}, people's work in it, at assumed prices"


def rows(found: Sequence[Row], assumed: Assumptions) -> Table:
    """A row for each playbook, segment with its tone, and outcome."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("playbook / segment (tone)", overflow="fold")
    table.add_column("outcome", overflow="fold")
    table.add_column("contacted", justify="right")
    table.add_column("outreach", justify="right")
    table.add_column("held out", justify="right")
    table.add_column("lift, percentage points", justify="right")
    unit = assumed.assumed_cost_currency
    table.add_column(f"per contact, {unit}", justify="right")
    table.add_column(f"per outcome gained, {unit}", justify="right")
    for row in found:
        spent, compared = row.costs, row.comparison
        table.add_row(
            _name(row),
            row.outcome,
            f"{row.contacted} of {compared.outreach.of}",
            share(compared.outreach, "\n"),
            share(compared.holdout, "\n"),
            _points(compared.difference, compared.interval),
            _price(spent.per_contact),
            _price(spent.per_outcome, spent.per_outcome_interval),
            style="bold" if row.segment is None else None,
        )
    return table


def wordings(found: Sequence[Wording]) -> Table:
    """What became of those whose first message had each wording."""
    table = Table(
        title="By wording of the first message (no comparison: not drawn by lot)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for name in ("playbook", "wording", "outcome", "share"):
        table.add_column(name, overflow="fold")
    for one in found:
        table.add_row(one.playbook, one.variant, one.outcome, share(one.share))
    return table


def gains(report: Report) -> Table:
    """What choosing among wordings has brought, against choosing evenly."""
    table = Table(
        title="Words chosen by what they bring, against an even choice (SNIPS on logged "
        f"propensities, 95 %{_origin(report)})",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for name in ("playbook", "messages", "chosen", "even choice", "gain, percentage points"):
        table.add_column(name, overflow="fold")
    for one in report.gains:
        if one.gain is None or one.chosen is None or one.even is None:
            table.add_row(one.playbook, str(one.messages), TOO_FEW, NONE, NONE)
            continue
        table.add_row(
            one.playbook,
            str(one.messages),
            f"{one.chosen.value:.1%}",
            f"{one.even.value:.1%}",
            _points(one.gain.value, one.gain.interval).replace("\n", " "),
        )
    return table


def hours(report: Report) -> Table:
    """What writing at the learned hour has brought, against the playbook's hour."""
    table = Table(
        title="Steps at the hour at which customers answer, against the playbook's hour (drawn by "
        f"lot; customers for whom the two differ; 95 %{_origin(report)})",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for name in ("playbook", "outcome", "learned from", "learned hour", "playbook's hour"):
        table.add_column(name, overflow="fold")
    table.add_column("gain, percentage points", justify="right")
    for one in report.hours:
        compared = one.comparison
        table.add_row(
            escape(one.playbook if one.tenant == "default" else f"{one.tenant}: {one.playbook}"),
            one.outcome,
            ", ".join(f"{whose} {count}" for whose, count in sorted(one.by.items())),
            share(compared.outreach),
            share(compared.holdout),
            _points(compared.difference, compared.interval).replace("\n", " "),
        )
    return table


def _why_no_hours(report: Report) -> list[str]:
    return [
        f"{one.playbook}, {one.outcome}: no gain of the hour shown, {one.comparison.why_not}."
        for one in report.hours
        if one.comparison.why_not
    ]


def _origin(report: Report) -> str:
    return "; simulated customers" if report.simulated else ""


def loop(found: Sequence[Loop]) -> Table:
    """The figures of each tenant, one a line."""
    table = Table(title="The loop", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("tenant", "what", "figure"):
        table.add_column(name, overflow="fold")
    for one in found:
        lines = [
            ("penetration: known customers who paid, renewed or completed", share(one.penetration)),
            ("repurchase: of these, about two matters or more", share(one.repurchase)),
            *(
                (f"value per customer who paid, {code}", _worth(value, code))
                for code, value in one.value.items()
            ),
            ("satisfaction: messages said to have helped", share(one.helpful)),
            ("resolved without a person", share(one.alone)),
        ]
        for what, figure in lines:
            table.add_row(escape(one.tenant), what, figure)
    return table


def small_debt(found: SmallDebt | None, assumed: Assumptions) -> str:
    """The sentence about the cost per contact that makes a small debt worth it."""
    unit = assumed.assumed_cost_currency
    debt = f"a debt of {assumed.assumed_small_debt:g} {unit}"
    if found is None:
        return f"too little data to say what makes {debt} worth it."
    said = (
        f"{debt} takes {found.contacts_per_debt:.1f} contacts at {found.cost_per_contact:.4f} "
        f"{unit} each (with hand-offs) and is worth it from {found.needed:.2%} more of such debts "
        "paid."
    )
    between = found.break_even_interval
    if found.break_even is None or between is None:
        return f"{said} What outreach adds is not proven, so no break-even cost is shown."
    verdict = "worth it" if found.is_worth_it else "not surely worth it"
    return (
        f"{said} By the lift measured over debts of every size, it is worth it while a contact "
        f"costs at most {found.break_even:.4f} {unit} [{between.low:.4f}, {between.high:.4f}]: "
        f"{verdict} now."
    )


def share(found: Share, between: str = " ") -> str:
    """`34.1% of 320 [29.0, 39.6]`, or what there is where it is too little to say."""
    interval = found.interval
    if found.rate is None or interval is None:
        return f"{TOO_FEW} ({found.of})" if found.of else NONE
    bounds = f"[{interval.low * 100:.1f}, {interval.high * 100:.1f}]"
    return f"{found.rate:.1%} of {found.of}{between}{bounds}"


def _name(row: Row) -> str:
    tenant = "" if row.tenant == "default" else f"{row.tenant}: "
    if row.segment is not None:
        return escape(f"  {row.segment} ({row.tone})")
    against = f" against {HOLDOUTS[row.against]}" if row.against else ""
    return escape(f"{tenant}{row.playbook or 'all playbooks'}{against}")


def _points(difference: float | None, interval: Interval | None) -> str:
    if difference is None or interval is None:
        return NONE
    return f"{difference * 100:+.1f}\n[{interval.low * 100:+.1f}, {interval.high * 100:+.1f}]"


def _price(price: float | None, interval: Interval | None = None) -> str:
    if price is None:
        return NONE
    return f"{price:.4f}" + (f"\n[{interval.low:.4f}, {interval.high:.4f}]" if interval else "")


def _worth(value_minor: float | None, currency: str) -> str:
    if value_minor is None:
        return TOO_FEW
    places = minor_units(currency)
    return f"{value_minor / 10**places:.{places}f}"


def _assumed(assumed: Assumptions) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in assumed.as_dict().items())
    return f"Assumed, not measured: {listed}."


def _print(console: Console, text: str) -> None:
    console.print(escape(text), soft_wrap=True, highlight=False)
