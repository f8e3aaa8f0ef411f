"""`rapport playbook ...`: strategies, before they meet a customer.

What rehearses and renders is imported where it is used: other commands start without it.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from rapport import playbook_lifecycle
from rapport.connection import connection, running
from rapport.terminal import AsJson, Bootstrap, broker, out, refuse, stop
from rapport.validate import against_policies, of_every_letter
from services.messenger.tenants import TenantFaults
from services.playbooks.load import PlaybookFaults, load_playbook, load_playbooks
from services.playbooks.model import Playbook
from services.policy.packs import PolicyFaults
from services.policy.packs import load as load_packs
from services.runtime.clock import Clock
from services.runtime.settings import Settings
from services.yaml_lines import read

app = typer.Typer(no_args_is_help=True, help="Strategies of outreach.")


@app.command("validate")
def validate(
    folder: Annotated[
        Path, typer.Argument(help="Folder with one folder a playbook, or a playbook's own.")
    ],
) -> None:
    """Check playbooks and their templates, also by the policies in force.

    Every fault is named by file, line and remedy. Where a policy lets an attribute steer nothing,
    the segment that is passed over there is named, too; that is no fault.
    """
    settings = Settings()
    try:
        packs = load_packs(settings.policies_dir)
        found = _load(folder)
        shared = of_every_letter(settings.tenants_dir)
    except (PlaybookFaults, PolicyFaults) as error:
        refuse(error.faults)
    except TenantFaults as error:
        stop(str(error))
    now = _now()
    verdicts = [
        against_policies(playbook, read(home / "playbook.yaml"), packs, now)
        for home, playbook in found
    ]
    verdicts.append(shared)
    for note in sorted(note for one in verdicts for note in one.notes):
        typer.echo(f"{note.file}:{note.line}: note: {note.message}")
    faults = {fault for one in verdicts for fault in one.faults}
    if faults:
        refuse(sorted(faults))
    for _, playbook in found:
        typer.echo(f"{playbook.name} v{playbook.version} is sound")


@app.command("preview")
def preview(
    playbook: Annotated[
        str, typer.Argument(help="A playbook's folder, a folder of such, or a playbook's name.")
    ],
    customer: Annotated[
        str | None,
        typer.Option(help="FILE.json that describes a customer, or a real customer's id."),
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option(
            help="FILE.json with the trigger: type and data. Default: the customer's "
            "newest that triggers, or a sample."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="RFC 3339 instant of the event; default: now.")
    ] = None,
    choose: Annotated[
        str | None, typer.Option(help="The answer that the customer taps where a mail offers it.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=0, help="Days to look ahead; default: past the last step.")
    ] = None,
    locale: Annotated[
        list[str] | None, typer.Option(help="Write the mails in this language; may be repeated.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the mails as HTML files into this folder.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Tenant of a real customer.")] = "default",
    bootstrap: Bootstrap = None,
    as_json: AsJson = False,
) -> None:
    """Show what a playbook would do for one customer: segment, steps, times, mails, and rules.

    Nothing is stored or sent. The services' own functions decide.
    """
    from rapport.preview.command import Asked, Connect, NothingToPreview, previews, write_html
    from rapport.preview.person import PersonFaults
    from rapport.preview.samples import NoSample
    from rapport.preview.view import show

    asked = Asked(
        playbook, customer, event, _instant(at), days, tuple(locale or ()), tenant, choose
    )
    with broker():
        try:
            found = previews(asked, Settings(), Connect(lambda: connection(bootstrap)))
        except (PlaybookFaults, PolicyFaults, PersonFaults) as error:
            refuse(error.faults)
        except (NothingToPreview, NoSample, TenantFaults) as error:
            stop(str(error))
    if as_json:
        print(json.dumps([one.as_dict() for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            show(one, out)
    for file in write_html(found, html) if html else ():
        typer.echo(f"wrote {file}", err=as_json)


playbook_lifecycle.add_to(app)


def _load(folder: Path) -> list[tuple[Path, Playbook]]:
    """Each playbook with its folder. Raises PlaybookFaults."""
    if (folder / "playbook.yaml").is_file():
        home = folder.resolve()
        return [(folder, load_playbook(home))]
    return [(folder / one.name, one) for one in load_playbooks(folder).values()]


def _instant(text: str | None) -> datetime:
    if text is None:
        return _now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        stop(f"--at {text}: want an instant with its offset, such as 2026-03-02T09:00:00+09:00")
    return at


def _now() -> datetime:
    """Business time, as a running Rapport has it."""
    return Clock.parse(Settings().clock or running().get("clock")).now()
