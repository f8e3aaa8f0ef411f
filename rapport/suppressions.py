"""`rapport suppressions import|export|list`: whom nothing is sent to, and why."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import httpx
import typer
from rich.table import Table

from rapport.connection import running
from rapport.terminal import err, out, stop
from services.runtime.settings import Settings

COLUMNS = ("customer", "address_hash", "address", "channel", "purpose", "reason", "source", "at",
           "expires_at")  # fmt: skip
_SECONDS = 60

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
    with _messenger() as http:
        taken = _answer(
            http.post(
                "/suppressions",
                params={"tenant": tenant},
                content=content,
                headers={"Content-Type": kind},
            )
        )
    for fault in taken["faults"]:
        typer.echo(f"{file}:{fault['line']}: {fault['why']}")
    typer.echo(f"{taken['new']} new, {taken['known']} known already")
    if taken["faults"]:
        raise typer.Exit(1)


def _read(tenant: str, addresses: Path | None) -> Iterator[dict[str, Any]]:
    named = addresses.read_bytes() if addresses else None
    after: str | None = ""
    with _messenger() as http:
        while after is not None:
            asked = {"tenant": tenant, "after": after}
            if named is None:
                found = _answer(http.get("/suppressions", params=asked))
            else:
                found = _answer(http.post("/suppressions/named", params=asked, content=named))
            yield from found["suppressions"]
            after = found["next"]


def _messenger() -> httpx.Client:
    """The messenger of a `rapport up` in this folder, or the one that the settings tell of."""
    settings, known = Settings(), running()
    token = known.get("token")
    for entry in (settings.api_tokens or "").split(","):
        name, _, rest = entry.partition("=")
        secret, _, scopes = rest.partition(":")
        if name and "operate" in scopes.split("+"):
            token = token or secret
    if not token:
        stop("no token with the scope operate is known: set API_TOKENS, or start `rapport up`")
    base = known.get("services", {}).get("messenger") or settings.service_url("messenger")
    return httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS
    )


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.is_error:
        _refused(response)
    answer: dict[str, Any] = response.json()
    return answer


def _refused(response: httpx.Response) -> NoReturn:
    try:
        why = response.json().get("detail")
    except ValueError:
        why = response.reason_phrase
    err.print(f"the messenger refuses: {why}", highlight=False, markup=False)
    raise typer.Exit(2)
