"""Suppressions that operators bring and take along: from another system, or into one."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas import facts
from schemas.common import Channel, Code, Identifier, Instant, Purpose, normal_phone
from services.messenger import store, suppression_store
from services.messenger.mail import UnusableAddress, normal_address
from services.messenger.model import ANY
from services.messenger.tables import SuppressionRow
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

AT_ONCE = 500
_NUMBER = re.compile(r"\+\d{6,15}")
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Brought(BaseModel):
    """One suppression as an operator brings it: of a customer, or of an address, whoever has it.

    An address is only read to be hashed. Without either it is of the whole tenant. `source` and
    `at` are there so that what was exported can be brought back; whoever brings it is its source.
    """

    model_config = ConfigDict(extra="forbid")

    customer: Identifier | None = None
    address: Annotated[str, Field(max_length=320)] | None = None
    address_hash: Hash | None = None
    channel: Channel | Literal["*"] = "email"
    purpose: Purpose | Literal["*"] = "*"
    reason: Code = "imported"
    expires_at: Instant | None = None
    source: str | None = None
    at: Instant | None = None


class Fault(BaseModel):
    """A line that could not be taken, and why; it does not repeat what the line says."""

    line: int
    why: str


class Listed(BaseModel):
    """One suppression as it is shown. address: only where the caller has named it."""

    customer: str | None
    address_hash: str | None
    address: str | None = None
    channel: str
    purpose: str
    reason: str
    source: str
    at: Instant
    expires_at: Instant | None


def read(
    lines: Iterable[tuple[int, object]], keyed_hash: Callable[[str], str]
) -> tuple[list[Brought], list[Fault]]:
    """What each line brings, and the faults. keyed_hash: of an address as it is known."""
    taken: list[Brought] = []
    faults: list[Fault] = []
    for number, content in lines:
        try:
            one = Brought.model_validate(content)
            hashed = None if one.address is None else keyed_hash(known_as(one.address, one.channel))
            if hashed is not None and one.address_hash not in (None, hashed):
                faults.append(Fault(line=number, why="address_hash: is not that of the address"))
                continue
            taken.append(one)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            faults.append(Fault(line=number, why=f"{where}: {first['msg']}"))
        except UnusableAddress as error:
            faults.append(Fault(line=number, why=f"address: {error}"))
    return taken, faults


def bring(context: Context, tenant: str, by: str, brought: Sequence[Brought]) -> int:
    """Suppress each, at once and for every message not yet intended; how many are new, or last
    longer now. None that stands is shortened: a list of long ago lifts nobody's opt-out.
    """
    new = 0
    for start in range(0, len(brought), AT_ONCE):
        with context.unit() as work:
            part = brought[start : start + AT_ONCE]
            store.lock_customers(
                work.session, {(tenant, one.customer) for one in part if one.customer}
            )
            new += sum(_suppress(context, work, tenant, by, one) for one in part)
    return new


def listed(
    context: Context, tenant: str, *, after: Sequence[str], limit: int
) -> list[SuppressionRow]:
    """The tenant's suppressions in the order of their keys. after: the key of the last one seen."""
    with context.unit() as work:
        return suppression_store.list_suppressions(work.session, tenant, after, limit)


def named(context: Context, addresses: Iterable[str]) -> dict[str, str]:
    """The addresses by their hashes; those that are none are left out."""
    found: dict[str, str] = {}
    for address in addresses:
        try:
            for channel in ("webhook", ANY):
                known = known_as(address.strip(), channel)
                found[context.signer.keyed_hash(known)] = address.strip()
        except UnusableAddress:
            continue
    return found


def known_as(address: str, channel: str) -> str:
    """The form under which an address is known by the channel; `*`: a mail address or a number.

    Raises UnusableAddress.
    """
    if channel == "webhook":
        return address
    if channel == "email" or (channel == ANY and "@" in address):
        return normal_address(address)
    number = normal_phone(address)
    if not _NUMBER.fullmatch(number):
        raise UnusableAddress("not a number with a plus and its country's code")
    return number


def _suppress(context: Context, work: UnitOfWork, tenant: str, by: str, one: Brought) -> bool:
    hashed = one.address_hash or ""
    if one.address is not None:
        hashed = context.signer.keyed_hash(known_as(one.address, one.channel))
    row = SuppressionRow(
        tenant=tenant,
        customer=one.customer or "",
        channel=one.channel,
        purpose=one.purpose,
        reason=one.reason,
        address_hash=hashed,
        source=f"operator:{by}",
        at=work.now,
        expires_at=one.expires_at,
    )
    if not suppression_store.suppress_longer(work.session, row):
        return False
    subject = one.customer or (f"address:{hashed[:32]}" if hashed else f"tenant:{tenant}")
    work.fact(
        facts.ContactSuppressed.TYPE,
        facts.ContactSuppressed(
            scope="address" if hashed else "customer" if one.customer else "tenant",
            address_hash=hashed or None,
            channel=one.channel,
            purpose=one.purpose,
            reason=one.reason,
            by=by,
            expires_at=one.expires_at,
        ),
        subject=subject,
        tenant=tenant,
        key=(
            derive(subject, one.channel, one.purpose, one.reason, hashed),
            one.expires_at.isoformat() if one.expires_at else "",
            work.now.isoformat(),
        ),
    )
    return True
