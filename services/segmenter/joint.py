"""Bills that several answer for: what one of them pays, all of them have settled."""

from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session

from services.segmenter import store, together
from services.segmenter.model import Happening
from services.segmenter.store import Customer, Obligation, Profiles

Told = Sequence[tuple[str, str, Happening]]
"""Tenant, customer, and what happened."""


def bills(session: Session, told: Told) -> Mapping[Obligation, Collection[str]]:
    """The bills with several parties that are spoken of, with these; new parties are noted."""
    named: dict[Obligation, frozenset[str]] = {}
    settled: set[Obligation] = set()
    for tenant, customer, event in told:
        bill = event.data.get("bill_id")
        if bill is None:
            continue
        if parties := together.parties_of(event.data, customer):
            named[tenant, bill] = named.get((tenant, bill), frozenset()) | parties
        elif event.type in together.SETTLES:
            settled.add((tenant, bill))
    if named:
        store.add_parties(session, named)
    return store.parties(session, settled | named.keys())


def concerned(told: Told, joint: Mapping[Obligation, Collection[str]]) -> list[Customer]:
    """Whose profiles are needed."""
    own = [(tenant, customer) for tenant, customer, _ in told]
    into = [
        (tenant, str(event.data["into"]))
        for tenant, _, event in told
        if event.type == together.MERGED
    ]
    return [*own, *into, *((tenant, p) for (tenant, _), among in joint.items() for p in among)]


def share(profiles: Profiles, joint: Mapping[Obligation, Collection[str]]) -> None:
    """Let the parties of each bill know how far it is settled."""
    for (tenant, bill), parties in joint.items():
        together.share(bill, [profiles[tenant, one] for one in sorted(parties)])
