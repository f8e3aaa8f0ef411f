"""What goes wrong at publishers: events that must be refused, each with a reason to act on."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rapport.demo.catalogue import BANK, SHOP
from rapport.demo.events import Record, attributes, event, to_json
from rapport.demo.people import Person


def mistakes(person: Person, at: datetime) -> Iterator[tuple[str, Record]]:
    """Each mistake with its name, in the name of a customer whose next good event must get on."""
    key = person.id.encode()
    good = _bill(person, at)
    yield "cut short", Record(key, good[: len(good) // 2])
    yield "a line of a CSV file", Record(key, b"hl-0001;payment.missed;42.50")
    yield "empty", Record(key, b"")
    yield "in Latin-1", Record(key, good.replace(b"Caf\xc3\xa9", b"Caf\xe9"))
    yield "JSON, but no CloudEvent", Record(key, to_json({"customer": person.id, "owes": 4250}))
    yield "keyed by another customer", Record(b"hl-0000", good)
    yield "two mebibytes", Record(key, to_json({"padding": "x" * (2 << 20)}))
    yield "an address for a pseudonym", _named_by_address(good)
    for name, changed in (
        ("unknown type", {"type": "payment.overdue"}),
        ("unknown version", {"dataschema": "https://harbour-lane.example/payment.missed/7"}),
    ):
        yield name, Record(key, to_json(json.loads(good) | changed))
    for name, wrong in (
        ("negative money", {"amount_minor": -4250}),
        ("money as a decimal", {"amount_minor": 42.5}),
        ("unknown currency", {"currency": "DUCATS"}),
        ("due long ago", {"due_date": "1926-03-02"}),
        ("no such day", {"due_date": "2026-02-30"}),
        ("without its bill", {"bill_id": None}),
    ):
        yield name, Record(key, _with_data(good, wrong))
    zone = event(
        "customer.updated",
        {"timezone": "Atlantis/Capital"},
        id=f"mistake:{person.id}:zone",
        source=BANK,
        subject=person.id,
        time=at,
    )
    yield "unknown time zone", zone


def _bill(person: Person, at: datetime) -> bytes:
    named = attributes(
        "payment.missed", id=f"mistake:{person.id}", source=SHOP, subject=person.id, time=at
    )
    data = {
        "bill_id": f"shop-mistake-{person.id}",
        "creditor": "Café at Harbour Lane",
        "amount_minor": 4250,
        "currency": "USD",
        "due_date": at.date().isoformat(),
    }
    return to_json(named | {"data": data})


def _with_data(good: bytes, wrong: Mapping[str, Any]) -> bytes:
    whole = json.loads(good)
    data = whole["data"] | wrong
    whole["data"] = {name: value for name, value in data.items() if value is not None}
    return to_json(whole)


def _named_by_address(good: bytes) -> Record:
    address = "alder.sample@example.com"
    return Record(address.encode(), to_json(json.loads(good) | {"subject": address}))
