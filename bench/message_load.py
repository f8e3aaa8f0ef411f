"""What the messenger of the bench finds: customers, their bills, and orders to write to them."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg

from services.runtime.partitioning import lane

TENANT = "default"
LANGUAGES = ("en", "zh", "ja")
SAID: tuple[tuple[str, str, str], ...] = (
    ("recover", "hello", "collection"),
    ("bill-reminder", "week_before", "service"),
)
"""Playbook, template and purpose of the orders, in turn."""


def fill(
    connection: "psycopg.Connection[Any]", count: int, now: datetime, versions: Mapping[str, int]
) -> None:
    """Store `count` customers, each with a bill and one pending order; one transaction.

    versions: of the playbooks in force, by name.
    """
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(
            "COPY customer (tenant, customer, email, name, locale, timezone, country) FROM STDIN"
        ) as copy:
            for number in range(count):
                language = LANGUAGES[number % 3]
                address = f"customer-{number}@example.com"
                copy.write_row(
                    (TENANT, _id(number), address, "Ana Berg", language, "Europe/Berlin", "DE")
                )
        with cursor.copy(
            "COPY obligation (tenant, kind, obligation_id, state, amount_minor, agreed) FROM STDIN"
        ) as copy:
            for number in range(count):
                copy.write_row((TENANT, "bill", f"b-{number}", "open", _amount(number), False))
        with cursor.copy(
            "COPY dispatch (tenant, dispatch_id, customer, step_id, lane, state, event) FROM STDIN"
        ) as copy:
            for number in range(count):
                event = json.dumps(order(number, now, versions))
                copy.write_row(
                    (TENANT, f"d-{number}", _id(number), f"s-{number}", lane(_id(number)))
                    + ("pending", event)
                )
    connection.execute("ANALYZE")


def order(number: int, now: datetime, versions: Mapping[str, int]) -> dict[str, Any]:
    """One order of the scheduler's, as the messenger stores it."""
    playbook, template, purpose = SAID[number // 3 % len(SAID)]
    at = now.isoformat()
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/rapport/scheduler",
        "type": "outreach.dispatch_ordered",
        "subject": _id(number),
        "time": at,
        "tenant": TENANT,
        "correlationid": f"cause-{number}",
        "data": {
            "dispatch_id": f"d-{number}",
            "step_id": f"s-{number}",
            "enrolment_id": f"en-{number}",
            "attempt": 1,
            "playbook": playbook,
            "playbook_version": versions[playbook],
            "step": template,
            "template": template,
            "segment": "everyone",
            "tone": "neutral",
            "purpose": purpose,
            "channel": "email",
            "obligations": [
                {
                    "obligation_id": f"b-{number}",
                    "kind": "bill",
                    "creditor": "Nordbank",
                    "amount_minor": _amount(number),
                    "currency": "EUR",
                    "due_date": (now + timedelta(days=7)).date().isoformat(),
                    "parties": [_id(number)],
                }
            ],
            "context": {},
            "locale": LANGUAGES[number % 3],
            "place": {"timezone": "Europe/Berlin", "country": "DE"},
            "zones": ["Europe/Berlin"],
            "decided_at": at,
            "not_after": (now + timedelta(days=3)).isoformat(),
            "packs": [{"name": "default", "version": 1}],
            "counts": [],
            "after": {},
        },
    }


def _id(number: int) -> str:
    return f"c-{number}"


def _amount(number: int) -> int:
    return 4200 + number % 9000
