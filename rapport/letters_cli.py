"""`rapport dead-letters list|replay`: what could not be accepted."""

import json
from typing import Annotated

import typer
from rich.markup import escape

from rapport import dead_letters
from rapport.connection import connection
from rapport.terminal import AsJson, Bootstrap, broker, out, stop

app = typer.Typer(no_args_is_help=True, help="What could not be accepted.")


@app.command("list")
def list_letters(
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
    value: Annotated[
        bool, typer.Option("--value", help="With key and value, which may be personal.")
    ] = False,
) -> None:
    """Show what could not be accepted, where it came from, and what to do about it."""
    with broker():
        letters = dead_letters.read(connection(bootstrap))
    if as_json:
        for letter in letters:
            print(json.dumps(letter.as_dict(with_value=value), ensure_ascii=False))
        return
    for letter in letters:
        where = f" {letter.data.pointer}" if letter.data.pointer else ""
        out.print(
            f"[bold]{letter.number}[/]  [red]{letter.data.code}{escape(where)}[/]  "
            f"{escape(letter.data.detail)}\n    from {escape(letter.origin)} by "
            f"{letter.data.service} at {letter.at}",
            highlight=False,
            soft_wrap=True,
        )
        if value:
            text = letter.original.decode(errors="backslashreplace")
            out.print(f"    {escape(text[:2000])}", highlight=False, soft_wrap=True)
    out.print(f"{len(letters)} dead letters", highlight=False)


@app.command("replay")
def replay_letters(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Numbers that `list` shows, such as 0/12.")
    ] = None,
    bootstrap: Bootstrap = None,
    everything: Annotated[bool, typer.Option("--all", help="Replay all of them.")] = False,
) -> None:
    """Put dead letters back on the topic that they came from, byte for byte."""
    if bool(numbers) == everything:
        stop("say which dead letters: their numbers, or --all")
    with broker():
        connected = connection(bootstrap)
        letters = dead_letters.read(connected)
        if numbers:
            letters, unknown = dead_letters.chosen(letters, numbers)
            if unknown:
                stop(f"no dead letter has the number {', '.join(unknown)}: nothing was replayed")
        sent = dead_letters.replay(letters, connected)
    out.print(f"replayed {sent} dead letters", highlight=False)
