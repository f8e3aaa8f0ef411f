"""`rapport playbook publish|approve|withdraw|list`: from a draft to a version in force."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rapport.connection import connection, running
from rapport.playbook_folder import TENANT, read_standing, send
from rapport.terminal import AsJson, Bootstrap, broker, err, out, refuse, stop
from rapport.validate import against_policies, of_every_letter
from schemas.envelope import Envelope
from services.messenger.tenants import TenantFaults
from services.playbooks import lifecycle
from services.playbooks.catalogue import Edition, Signed, Standing
from services.playbooks.load import PlaybookFaults, build, read_source
from services.policy.packs import PolicyFaults
from services.policy.packs import load as load_packs
from services.runtime.clock import Clock
from services.runtime.security import parse_api_tokens
from services.runtime.settings import Settings

NOBODY = "say who you are: --as NAME"

As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Who does it: a name of API_TOKENS, where that is set. Default: its only operator.",
    ),
]
OfTenant = Annotated[str, typer.Option("--tenant", help="Whose playbook it is.")]
Name = Annotated[str, typer.Argument(help="Name of the playbook.")]
Version = Annotated[int, typer.Argument(min=1, help="Its version.")]
Decide = Callable[[Standing], Envelope]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `rapport playbook`."""
    app.command("publish")(publish)
    app.command("approve")(approve)
    app.command("withdraw")(withdraw)
    app.command("list")(show)


def publish(
    folder: Annotated[Path, typer.Argument(help="A playbook's folder.")],
    who: As = None,
    tenant: OfTenant = TENANT,
    bootstrap: Bootstrap = None,
) -> None:
    """Publish a playbook as a draft. It is in force once a second person approves it."""
    author, settings = _actor(who, tenant), Settings()
    try:
        source = read_source(folder.resolve())
        playbook = build(source)
        packs = load_packs(settings.policies_dir)
        shared = of_every_letter(settings.tenants_dir)
    except (PlaybookFaults, PolicyFaults) as error:
        refuse(error.faults)
    except TenantFaults as error:
        stop(str(error))
    verdict = against_policies(playbook, source.file, packs, author.at)
    for note in sorted([*verdict.notes, *shared.notes]):
        typer.echo(f"{note.file}:{note.line}: note: {note.message}")
    if faults := [*verdict.faults, *shared.faults]:
        refuse(faults)
    _decided(
        lambda standing: lifecycle.draft(standing, tenant, playbook, source, author), bootstrap
    )
    out.print(
        f"{playbook.name} {playbook.version} is a draft: a second person approves it with "
        f"`rapport playbook approve {playbook.name} {playbook.version} --as NAME`",
        highlight=False,
        soft_wrap=True,
    )


def approve(
    name: Name,
    version: Version,
    who: As = None,
    tenant: OfTenant = TENANT,
    bootstrap: Bootstrap = None,
) -> None:
    """Approve a draft that somebody else has published: it is in force within seconds."""
    by = _actor(who, tenant)
    _decided(lambda standing: lifecycle.approve(standing, tenant, name, version, by), bootstrap)
    out.print(f"{name} {version} is approved by {escape(by.actor)}", highlight=False)


def withdraw(
    name: Name,
    version: Version,
    who: As = None,
    tenant: OfTenant = TENANT,
    bootstrap: Bootstrap = None,
) -> None:
    """Withdraw a version: what was in force before is so again. Who is in it, stays in it."""
    by = _actor(who, tenant)
    _decided(lambda standing: lifecycle.withdraw(standing, tenant, name, version, by), bootstrap)
    out.print(f"{name} {version} is withdrawn by {escape(by.actor)}", highlight=False)


def show(bootstrap: Bootstrap = None, as_json: AsJson = False) -> None:
    """Show every version, who wrote and approved it, and which are in force."""
    with broker():
        standing = read_standing(connection(bootstrap))
    if as_json:
        print(json.dumps([_row(one, standing) for one in standing.editions], indent=2))
        return
    table = Table(
        "tenant", "playbook", "version", "status", "author", "approved by", "withdrawn by"
    )
    for one in standing.editions:
        row = _row(one, standing)
        status = "[green]in force[/]" if row["in_force"] else row["status"]
        cells = [escape(str(row[name] or "")) for name in ("author", "approver", "withdrawn_by")]
        table.add_row(row["tenant"], row["playbook"], str(row["version"]), status, *cells)
    out.print(table)


def _decided(decide: Decide, bootstrap: str | None) -> None:
    """Decide on how the playbooks stand, and publish it; exit status 1 where it may not be."""
    with broker():
        connected = connection(bootstrap)
        try:
            record = decide(read_standing(connected))
        except lifecycle.Refused as why:
            err.print(escape(str(why)), highlight=False)
            raise typer.Exit(1) from None
        send([record], connected)


def _actor(named: str | None, tenant: str) -> Signed:
    """Who acts, now: a token's name where tokens are set; else whoever is named."""
    settings = Settings()
    callers = {
        one.name
        for one in parse_api_tokens(settings.api_tokens).values()
        if "operate" in one.scopes and one.may_see(tenant)
    }
    # `rapport up` makes one token where none is set, and calls it so.
    own = "local" if running().get("token") else None
    name = named or (next(iter(callers)) if len(callers) == 1 else own)
    if name is None:
        stop(f"{NOBODY}, one of {', '.join(sorted(callers))}" if callers else NOBODY)
    if settings.api_tokens and name not in callers:
        stop(f"{name}: no token of API_TOKENS with the scope operate for tenant {tenant}")
    clock = Clock.parse(settings.clock or running().get("clock"))
    return Signed(name, clock.now())


def _row(one: Edition, standing: Standing) -> dict[str, Any]:
    playbook = one.playbook
    return {
        "tenant": one.tenant,
        "playbook": playbook.name,
        "version": playbook.version,
        "status": one.status,
        "in_force": standing.in_force(one.tenant).get(playbook.name) is playbook,
        "content_sha256": playbook.content_hash,
        "author": one.author.actor,
        "approver": one.approval.actor if one.approval else None,
        "withdrawn_by": one.withdrawal.actor if one.withdrawal else None,
    }
