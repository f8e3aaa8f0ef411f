"""`rapport suppressions import|export|list`: whom nothing is sent to, and why."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from rapport.calling import answer, operator_of
from rapport.terminal import out, stop

COLUMNS = ("customer", "address_hash", "address", "channel", "purpose", "reason", "source", "at",
           "expires_at")  # fmt: skip
MESSENGER = "messenger"

app = typer.Typer(no_args_is_help=True, help="Whom nothing is sent to, and why.")

OfTenant = Annotated[str, typer.Option("--tenant", help="Whose list it is.")]
Addresses = Annotated[
    Path | None,
    typer.Option(help="Addresses of yours, one a line: shown beside their hashes."),
]


@app.command("list")
def show(tenant: OfTenant = "default", addresses: Addresses = None) -> None:
    """Show the list. Addresses are kept as keyed hashes."""
    table = Table(*COLUMNS)
    for one in _read(tenant, addresses):
        table.add_row(*(str(one[name] or "") for name in COLUMNS))
    out.print(table)


@app.command("export")
def export(
    tenant: OfTenant = "default",
    addresses: Addresses = None,
    form: Annotated[Literal["jsonl", "csv"], typer.Option("--format")] = "jsonl",
) -> None:
    """Write the list to standard output."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    if form == "csv":
        writer.writeheader()
    for one in _read(tenant, addresses):
        if form == "csv":
            writer.writerow(one)
        else:
            text.write(json.dumps(one, ensure_ascii=False) + "\n")
    typer.echo(text.getvalue(), nl=False)


@app.command("import")
def bring(
    file: Annotated[Path, typer.Argument(help="FILE.csv, or JSON lines.")],
    tenant: OfTenant = "default",
) -> None:
    """Suppress what a file lists: customer, address or address_hash, channel, purpose, reason,
    expires_at. Lines at fault are named and left out; exit status 1 if there are any.
    """
    kind = "text/csv" if file.suffix == ".csv" else "application/x-ndjson"
    try:
        content = file.read_bytes()
    except OSError as error:
        stop(f"{file}: {error.strerror}")
    with operator_of(MESSENGER) as http:
        taken = answer(
            MESSENGER,
            http.post(
                "/suppressions",
                params={"tenant": tenant},
                content=content,
                headers={"Content-Type": kind},
            ),
        )
    for fault in taken["faults"]:
        typer.echo(f"{file}:{fault['line']}: {fault['why']}")
    typer.echo(f"{taken['new']} new, {taken['known']} known already")
    if taken["faults"]:
        raise typer.Exit(1)


def _read(tenant: str, addresses: Path | None) -> Iterator[dict[str, Any]]:
    named = addresses.read_bytes() if addresses else None
    after: str | None = ""
    with operator_of(MESSENGER) as http:
        while after is not None:
            asked = {"tenant": tenant, "after": after}
            if named is None:
                found = answer(MESSENGER, http.get("/suppressions", params=asked))
            else:
                found = answer(
                    MESSENGER, http.post("/suppressions/named", params=asked, content=named)
                )
            yield from found["suppressions"]
            after = found["next"]
