"""Shows a preview in a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rapport.preview.result import (
    Happened,
    Mail,
    Preview,
    RuleCited,
    SegmentTried,
    ShortText,
    StepShown,
)

_MARKS = {
    "holds": "[green]✓[/]",
    "does not hold": "[dim]·[/]",
    "undecided": "[yellow]?[/]",
    "passed over": "[red]✗[/]",
    "not reached": "[dim] [/]",
}
_WHY_NOT = {
    "not_triggered": "the trigger's `when` does not hold for this event",
    "old_event": "the event is older than seven days: it updates state and triggers nothing",
    "no_segment": "no segment holds",
}
_COLOURS = {"moved": "yellow", "a person takes over": "magenta"}
_WIDTH = 96
_MANY = 3
_ADDRESS = r"https?://\S+"


def show(preview: Preview, out: Console) -> None:
    """Print one playbook's preview."""
    width = min(out.width, _WIDTH)
    title = f"{preview.playbook} v{preview.version} · {preview.title}"
    out.print(Rule(f"[bold]{escape(title)}[/]", style="cyan"), width=width)
    out.print(_facts(preview), width=width)
    if preview.segments:
        out.print("\n[bold]Segment[/]")
        out.print(_segments(preview), width=width)
        for rule, citation in _cited_rules(preview).items():
            out.print(
                Padding(f"[dim]{escape(rule)}: {escape(citation)}[/]", (0, 0, 0, 2)), width=width
            )
    if not preview.matched:
        why = _WHY_NOT.get(preview.reason or "", preview.reason or "")
        out.print(f"\n[yellow]Nothing is sent:[/] {escape(why)}", highlight=False)
        return
    if preview.stopped is not None:
        out.print(f"\n[yellow]Nothing is planned:[/] {_reason(preview.stopped)}", highlight=False)
        return
    if preview.held_out is not None:
        told = f"held out ({escape(preview.held_out)}): nothing of this is sent"
        out.print(f"\n[yellow]{told}[/]", highlight=False, width=width)
    out.print("\n[bold]Steps[/]")
    feet: set[str] = set()
    for number, step in enumerate(preview.steps, 1):
        _step(preview, number, step, out, width, feet)
    if preview.ended:
        out.print(f"\n[dim]The enrolment ends: {escape(preview.ended)}[/]", highlight=False)
    exits = f"[dim]Before that it ends at once on: {_exits(preview)}[/]\n"
    out.print(exits, highlight=False, width=width)


def _facts(preview: Preview) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    sampled = " (a sample)" if preview.sampled else ""
    given = _said({k: v for k, v in preview.trigger_data.items() if k not in ("perks", "parties")})
    table.add_row("customer", escape(f"{preview.customer} ({preview.tenant})"))
    table.add_row("event", escape(f"{preview.trigger}{sampled}: {given}"))
    where = ", ".join(preview.zones) or "no place known"
    if len(preview.zones) > _MANY:
        where = f"any of {len(preview.zones)} zones, such as {preview.zones[0]}"
    table.add_row("at", escape(f"{preview.local(preview.at)} ({where})"))
    if preview.defaults_used:
        unknown = ", ".join(preview.defaults_used)
        table.add_row("careful default", f"[yellow]{unknown} unknown[/]")
    return table


def _segments(preview: Preview) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for segment in preview.segments:
        style = "bold" if segment.outcome == "holds" else "default"
        name = f"{_MARKS[segment.outcome]} [{style}]{segment.name}[/]"
        dim = "dim" if segment.outcome == "not reached" else "default"
        table.add_row(name, segment.tone, f"[{dim}]{escape(segment.when)}[/]{_why(segment)}")
    return table


def _cited_rules(preview: Preview) -> Mapping[str, str]:
    """The sources of the rules that passed a segment over, by rule."""
    rules = [rule for segment in preview.segments for rule in segment.rules]
    return {
        _named(rule): f"{rule.citation}; in force {rule.in_force}"
        for rule in rules
        if rule.citation
    }


def _why(segment: SegmentTried) -> str:
    if segment.outcome == "passed over":
        rules = ", ".join(_named(rule) for rule in segment.rules)
        return (
            f"\n[red]passed over[/]: {escape(' and '.join(segment.forbidden))} may not steer "
            f"here ({escape(rules)})"
        )
    if segment.outcome == "not reached" or not segment.inputs:
        return ""
    return f"\n[dim]{segment.outcome}: {escape(_said(segment.inputs))}[/]"


def _named(rule: RuleCited) -> str:
    return f"{rule.pack}/{rule.rule} v{rule.version}" if rule.pack else rule.rule


def _step(
    preview: Preview, number: int, step: StepShown, out: Console, width: int, feet: set[str]
) -> None:
    """Print one step. `feet`: the mails' footers that were shown already."""
    head = f"\n[bold cyan]{number}[/] [bold]{escape(step.name)}[/]"
    if step.when is not None:
        why = f"{step.when} [{_said(step.inputs)}]"
        out.print(f"{head}  [dim]not planned: {escape(why)}[/]", highlight=False)
        return
    if step.sent_at is not None:
        local, utc = preview.local(step.sent_at), f"{step.sent_at:%Y-%m-%d %H:%M}"
        head += f"  [green]{local}[/]  [dim]{utc} UTC[/]"
        head += "  [dim]or that day's hour at which the customer answers[/]" * step.own_hour
    out.print(head, highlight=False)
    for one in step.history:
        if one.what not in ("planned", "sent"):
            out.print(Padding(_happened(preview, one), (0, 0, 0, 2)), highlight=False, width=width)
    if not step.history:
        waits = f"the customer's choice {step.choice}" if step.choice else "what calls for it"
        out.print(f"  [dim]waits for {escape(waits)}[/]", highlight=False)
    if step.counts:
        counts = ", ".join(f"{rule}: {count + 1} of {limit}" for rule, count, limit in step.counts)
        out.print(f"  [dim]caps: {escape(counts)}[/]", highlight=False)
    if step.fault:
        out.print(f"  [red]{escape(step.fault)}[/]", highlight=False)
    for mail in step.mails:
        out.print(Padding(_mail(mail, feet), (0, 0, 0, 2)), width=width)
    for text in step.texts:
        out.print(Padding(_text(text), (0, 0, 0, 2)), width=width)


def _happened(preview: Preview, one: Happened) -> str:
    colour = _COLOURS.get(one.what, "red")
    to = f" to {preview.local(one.to_at)}" if one.to_at else ""
    if one.reason is None:
        return f"[{colour}]{one.what}[/]  {preview.local(one.at)}"
    return f"[{colour}]{one.what}{to}[/]: {_reason(one)}"


def _reason(one: Happened) -> str:
    reason = escape((one.reason or "").replace("_", " "))
    return f"{reason} ({_cited(one.rule)})" if one.rule and one.rule.rule else reason


def _cited(rule: RuleCited) -> str:
    if rule.pack is None:
        return escape(rule.rule)
    return f"{escape(_named(rule))}: {escape(rule.citation or '')}"


def _mail(mail: Mail, feet: set[str]) -> Panel:
    """The mail as its reader sees it; a footer that was shown before is left out."""
    words, _, foot = mail.text.strip().partition("\n--\n")
    body = Text(words.rstrip())
    body.highlight_regex(_ADDRESS, "blue")
    parts = [Text(mail.preheader, style="dim italic"), Text(), body]
    if foot and foot not in feet:
        feet.add(foot)
        parts += [Text(), Text(foot, style="dim")]
    return Panel(
        Group(*parts),
        title=Text.assemble((mail.subject, "bold"), ("  " + mail.locale, "dim")),
        title_align="left",
        subtitle=Text(mail.variant, style="dim"),
        subtitle_align="right",
        border_style="dim",
        padding=(0, 2),
    )


def _text(text: ShortText) -> Panel:
    body = Text(text.text)
    body.highlight_regex(_ADDRESS, "blue")
    return Panel(
        body,
        title=Text.assemble((f"by {text.channel}", "bold"), ("  " + text.locale, "dim")),
        title_align="left",
        subtitle=Text(f"{text.parts} SMS" if text.channel == "sms" else "", style="dim"),
        subtitle_align="right",
        border_style="dim",
        padding=(0, 2),
    )


def _exits(preview: Preview) -> str:
    found = []
    for rule in preview.exits:
        when = f" ({rule['when']})" if rule.get("when") else ""
        found.append(f"{rule['on']}{when}")
    return escape(", ".join(found))


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} = {'unknown' if value is None else value!r}" for name, value in values.items()
    )
