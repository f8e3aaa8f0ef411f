"""The command line: `rapport COMMAND --help`.

Exit statuses: 0 done, 1 a fault in what was given (or a violated promise), 2 nothing could be
done, because a part is missing or can't be reached.

What a command works with is imported when it runs: all of it takes a second, even for `--help`.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from rapport import log_cli
from rapport.erasing import erase
from rapport.later import group
from rapport.terminal import AsJson, Bootstrap, broker, err, out, stop

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Rapport turns customer events into considerate outreach, and proves its promises.",
)
app.add_typer(group("rapport.letters_cli", "What could not be accepted."), name="dead-letters")
app.add_typer(
    group("rapport.suppressions", "Whom nothing is sent to, and why."), name="suppressions"
)
app.add_typer(group("rapport.playbook_cli", "Strategies of outreach."), name="playbook")
app.command("erase")(erase)


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.CRITICAL)
    app()


@app.command()
def up(
    data: Annotated[
        Path | None,
        typer.Option(help="Keep broker and database in this folder (the broker is Apache Kafka)."),
    ] = None,
) -> None:
    """Start what is not set (broker, database, mail) and the four services; run until Ctrl-C."""
    from rapport import launcher

    raise typer.Exit(launcher.up(data))


@app.command()
def run(service: Annotated[str, typer.Argument(help="One of the four services.")]) -> None:
    """Run one service alone until Ctrl-C."""
    from rapport import launcher

    raise typer.Exit(launcher.run(service))


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, other lives.")] = 2026,
    seconds: Annotated[
        float, typer.Option(min=60, help="Real seconds that three weeks take.")
    ] = 118,
    serve: Annotated[
        bool | None,
        typer.Option(help="Keep serving after the report; default: in a terminal only."),
    ] = None,
) -> None:
    """Live three weeks of 240 invented customers on real parts, then report and audit."""
    from rapport.demo.run import demo as live

    raise typer.Exit(live(seed, seconds, serve=serve))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(help="Another seed, other lives.")] = 2026,
    seconds: Annotated[
        float, typer.Option(min=60, help="Real seconds that three weeks take.")
    ] = 118,
    as_json: AsJson = False,
) -> None:
    """Live the demo's weeks on real parts; print how debts were resolved, and the audit's verdict.

    The customers are simulated, so the figures say nothing of real ones.
    """
    from rapport.demo.run import simulate as live

    raise typer.Exit(live(seed, seconds, as_json))


@app.command("topics")
def show_topics(
    bootstrap: Bootstrap = None,
    create: Annotated[
        bool,
        typer.Option(
            "--create",
            help="Create those that are missing, and publish the playbooks of PLAYBOOKS_DIR.",
        ),
    ] = False,
) -> None:
    """Show the declared topics and how the broker has them."""
    from rapport import topics
    from rapport.connection import connection
    from services.runtime.settings import Settings

    with broker():
        if create:
            made = topics.create_topics(Settings(), bootstrap)
            out.print(f"created: {', '.join(made)}" if made else "nothing to create")
            _publish_folder(bootstrap)
        found = topics.standing(connection(bootstrap))
    table = Table("topic", "partitions", "kept", "owner", "readers", "state")
    for one in found:
        kept = "for ever" if one.topic.retention is None else f"{one.topic.retention.days} days"
        state = f"[red]{one.fault}[/]" if one.fault else "[green]as declared[/]"
        readers = ", ".join(one.topic.readers)
        table.add_row(
            one.topic.name, str(one.topic.partitions), kept, one.topic.owner, readers, state
        )
    out.print(table)
    if any(one.fault for one in found):
        raise typer.Exit(1)


def _publish_folder(bootstrap: str | None) -> None:
    from rapport.playbook_folder import publish_folder
    from services.playbooks.load import PlaybookFaults
    from services.runtime.settings import Settings

    try:
        published = publish_folder(Settings(), bootstrap)
    except PlaybookFaults as faults:
        for fault in faults.faults:
            err.print(escape(str(fault)), highlight=False)
        raise typer.Exit(1) from None
    out.print(f"playbooks published: {', '.join(published) or 'none, all are there'}")


@app.command("publish")
def publish_file(
    file: Annotated[str, typer.Argument(help="One CloudEvent a line; - reads standard input.")],
    bootstrap: Bootstrap = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Send every line as it is, faults and all.")
    ] = False,
) -> None:
    """Publish customer events; where a line has a fault, name it and send nothing."""
    from rapport import publish
    from rapport.connection import connection, running
    from services.runtime.clock import Clock
    from services.runtime.settings import Settings

    content = _content(file)
    if raw:
        prepared = publish.prepare_raw(content)
    else:
        now = Clock.parse(Settings().clock or running().get("clock")).now()
        prepared, faults = publish.prepare(file, content, now)
        for fault in faults:
            err.print(escape(str(fault)), highlight=False)
        if faults:
            err.print(f"nothing was sent: {len(faults)} of the lines can't be accepted")
            raise typer.Exit(1)
    with broker():
        sent = publish.send(prepared, connection(bootstrap))
    for one in prepared:
        if isinstance(one.given_id, str):
            out.print(f"{file}:{one.line}: id {one.given_id}", highlight=False, soft_wrap=True)
    out.print(f"published {sent} events", highlight=False)


@app.command("dkim")
def dkim_records(
    folder: Annotated[Path, typer.Argument(help="As DKIM_KEYS_DIR: DOMAIN/SELECTOR.pem.")],
    make: Annotated[
        str | None, typer.Option(help="Make a key for this domain first, if it has none.")
    ] = None,
) -> None:
    """Print the DNS records to publish, so that what is signed with these keys can be verified."""
    from services.messenger import signatures

    try:
        if make:
            signatures.make(folder, make)
        keys = signatures.keys_of(folder)
    except (signatures.KeyFaults, OSError) as error:
        stop(str(error))
    for key in keys:
        name, text = key.record
        print(f'{name}. TXT "{text}"')


log_cli.add_to(app)


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        stop(f"{file}: {error.strerror}: name a file of JSON lines, or - for standard input")


if __name__ == "__main__":
    main()
