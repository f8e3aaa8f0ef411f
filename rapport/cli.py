"""The command line: `rapport COMMAND --help`.

Exit statuses: 0 done, 1 a fault in what was given (or a violated promise), 2 nothing could be
done, because a part is missing or can't be reached.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from rapport import (
    dead_letters,
    lift_view,
    playbook_lifecycle,
    publish,
    reading,
    records,
    topics,
    verdict_view,
)
from rapport.audit.log import Record
from rapport.audit.run import NothingToAudit
from rapport.audit.run import audit as run_audit
from rapport.audit.verdict import IN_FLIGHT_SECONDS
from rapport.connection import connection, running
from rapport.erasing import erase
from rapport.explain import Story
from rapport.explain import explain as tell
from rapport.lift.run import WINDOW_DAYS, NothingToMeasure
from rapport.lift.run import lift as measure
from rapport.playbook_cli import playbook_app
from rapport.playbook_folder import publish_folder
from rapport.suppressions import app as suppressions_app
from rapport.terminal import AsJson, Bootstrap, broker, err, out, stop
from rapport.watch import watch as watch_log
from schemas.topics import OUTREACH_LOG
from services.messenger import signatures
from services.playbooks.load import PlaybookFaults
from services.runtime.clock import Clock
from services.runtime.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Rapport turns customer events into considerate outreach, and proves its promises.",
)
letters_app = typer.Typer(no_args_is_help=True, help="What could not be accepted.")
app.add_typer(letters_app, name="dead-letters")
app.add_typer(suppressions_app, name="suppressions")
playbook_lifecycle.add_to(playbook_app)
app.add_typer(playbook_app, name="playbook")
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
    try:
        if make:
            signatures.make(folder, make)
        keys = signatures.keys_of(folder)
    except (signatures.KeyFaults, OSError) as error:
        stop(str(error))
    for key in keys:
        name, text = key.record
        print(f'{name}. TXT "{text}"')


@app.command()
def watch(
    bootstrap: Bootstrap = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the shared log live, one line a fact, until Ctrl-C."""
    with broker():
        try:
            live = reading.follow(OUTREACH_LOG, connection(bootstrap))
            watch_log(live, out, customer=customer, as_lines=as_json)
        except KeyboardInterrupt:
            return


@app.command()
def audit(
    bootstrap: Bootstrap = None,
    file: Annotated[
        Path | None, typer.Option(help="A log file, as `rapport watch --json` writes it.")
    ] = None,
    as_json: AsJson = False,
    in_flight: Annotated[
        float, typer.Option(help="Real seconds before the log's end that are still under way.")
    ] = IN_FLIGHT_SECONDS,
) -> None:
    """Prove or refute the promises from the shared log. Exit status 1 where one is violated."""
    with broker():
        try:
            report = run_audit(_log(bootstrap, file), in_flight)
        except (NothingToAudit, records.UnreadableFile, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        verdict_view.show(report, out)
    raise typer.Exit(0 if report.held else 1)


@app.command()
def lift(
    bootstrap: Bootstrap = None,
    file: Annotated[Path | None, typer.Option(help="A log file in place of the broker.")] = None,
    as_json: AsJson = False,
    window: Annotated[
        int, typer.Option(min=1, max=366, help="Days after its trigger in which an outcome counts.")
    ] = WINDOW_DAYS,
) -> None:
    """Tell from the shared log what outreach was worth, against those held out of it."""
    with broker():
        try:
            report = measure(_log(bootstrap, file), window)
        except (NothingToMeasure, records.UnreadableFile, ValidationError, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        lift_view.show(report, out)


@app.command()
def explain(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    bootstrap: Bootstrap = None,
    file: Annotated[Path | None, typer.Option(help="A log file in place of the broker.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell from the shared log why a customer was, or was not, contacted."""
    with broker():
        try:
            stories = tell(_log(bootstrap, file, customer), customer)
        except (records.UnreadableFile, OSError) as error:
            stop(str(error))
    if as_json:
        print(json.dumps([story.as_dict() for story in stories], indent=2, ensure_ascii=False))
    for story in stories if not as_json else ():
        _tell(story)
    if not stories:
        err.print(f"the log knows no customer {escape(customer)}")
        raise typer.Exit(1)


@letters_app.command("list")
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


@letters_app.command("replay")
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


def _log(bootstrap: str | None, file: Path | None, customer: str | None = None) -> Iterator[Record]:
    if file is not None:
        yield from records.read_file(file)
        return
    wanted = None if customer is None else customer.encode()
    for raw in reading.read_to_end(OUTREACH_LOG, connection(bootstrap)):
        if wanted is None or raw.key == wanted:
            yield records.record(raw)


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        stop(f"{file}: {error.strerror}: name a file of JSON lines, or - for standard input")


def _tell(story: Story) -> None:
    out.print(f"[bold]{escape(story.customer)}[/] ({escape(story.tenant)})")
    for chapter in story.chapters:
        if chapter.lines:
            out.print(f"\n[bold cyan]{escape(chapter.title)}[/]")
        for line in chapter.lines:
            out.print(f"  [dim]{line.at}[/]  {escape(line.what)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
