"""The suppression list over HTTP, for operators: shown, taken along, and brought in."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from services.messenger.handlers import suppressing
from services.messenger.replies_api import body_of
from services.messenger.tables import SuppressionRow
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem

Operator = Annotated[Caller, Depends(require("operate"))]
LARGEST_BODY = 8 << 20
MOST_ROWS = 1000
MOST_ADDRESSES = 10_000
WHOM = ("customer", "address", "address_hash")


class Page(BaseModel):
    """Some of the list; `next` is what to give as `after` for more, null at its end."""

    suppressions: list[suppressing.Listed]
    next: str | None


class Taken(BaseModel):
    """What became of lines that were brought: taken ones count at once, faulty ones don't."""

    new: int
    known: int
    faults: list[suppressing.Fault]


def add_to(api: FastAPI, context: Context) -> None:
    """Add the routes."""

    @api.get("/suppressions", tags=["internal"])
    def show(
        caller: Operator, tenant: str = "default", after: str = "", limit: int = MOST_ROWS
    ) -> Page:
        """The list, addresses as keyed hashes."""
        return page(caller, tenant, after, limit, {})

    @api.post("/suppressions/named", tags=["internal"])
    async def show_named(
        caller: Operator,
        request: Request,
        tenant: str = "default",
        after: str = "",
        limit: int = MOST_ROWS,
    ) -> Page:
        """The list, with the addresses of the body (one a line) beside their hashes."""
        text = (await body_of(request, LARGEST_BODY)).decode("utf-8", "replace")
        known = suppressing.named(context, text.splitlines()[:MOST_ADDRESSES])
        return await run_in_threadpool(page, caller, tenant, after, limit, known)

    @api.post("/suppressions", tags=["internal"])
    async def bring(caller: Operator, request: Request, tenant: str = "default") -> Taken:
        """Suppress what the body lists: JSON lines, or with content type text/csv a table.

        Fields: customer, address or address_hash, channel, purpose, reason, expires_at. What
        stands is never shortened. The list as it is shown can be brought, too.
        """
        may_touch(caller, tenant)
        content = await body_of(request, LARGEST_BODY)
        table = request.headers.get("content-type", "").startswith("text/csv")
        taken, faults = suppressing.read(rows(content, table=table), context.signer.keyed_hash)
        new = await run_in_threadpool(suppressing.bring, context, tenant, caller.name, taken)
        return Taken(new=new, known=len(taken) - new, faults=faults)

    def page(caller: Caller, tenant: str, after: str, limit: int, known: dict[str, str]) -> Page:
        may_touch(caller, tenant)
        wanted = max(1, min(limit, MOST_ROWS))
        try:
            last: list[str] = json.loads(after) if after else []
        except ValueError:
            raise Problem(422, "Invalid request", "after must be what `next` said.") from None
        found = suppressing.listed(context, tenant, after=last, limit=wanted)
        return Page(
            suppressions=[_listed(row, known) for row in found],
            next=json.dumps(_key(found[-1])) if len(found) == wanted else None,
        )


def may_touch(caller: Caller, tenant: str) -> None:
    """Raise Problem unless the caller may touch the tenant's data."""
    if not caller.may_see(tenant):
        raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")


def rows(content: bytes, *, table: bool) -> Iterator[tuple[int, Any]]:
    """What a body holds, line by line: JSON lines, or a table with a head."""
    text = content.decode("utf-8-sig", "replace")
    if table:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        for row in reader:
            yield reader.line_num, _told(row)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                yield number, "not JSON"


def _told(row: dict[str | Any, Any]) -> dict[str | Any, Any]:
    """The cells that say something. A row that leaves empty whom it is about stays so and is a
    fault: it must not stop the whole tenant.
    """
    said = {name: value for name, value in row.items() if value not in ("", None)}
    about = [name for name in WHOM if name in row]
    return said if not about or any(name in said for name in about) else said | {about[0]: ""}


def _key(row: SuppressionRow) -> Sequence[str]:
    return [row.customer, row.channel, row.purpose, row.reason, row.address_hash]


def _listed(row: SuppressionRow, known: dict[str, str]) -> suppressing.Listed:
    return suppressing.Listed(
        customer=row.customer or None,
        address_hash=row.address_hash or None,
        address=known.get(row.address_hash),
        channel=row.channel,
        purpose=row.purpose,
        reason=row.reason,
        source=row.source,
        at=row.at,
        expires_at=row.expires_at,
    )
