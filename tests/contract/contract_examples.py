"""Golden examples, by name, and changed copies of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.envelope import Rejection, decode, parse_data
from schemas.topics import CUSTOMER_EVENTS

SCHEMAS = Path(__file__).parents[2] / "schemas"
GOLDEN = SCHEMAS / "golden"

Event = dict[str, Any]


def golden(name: str, *, data: Mapping[str, Any] | None = None, **attributes: Any) -> Event:
    """The golden event of a type, with some of its data or attributes replaced."""
    event: Event = json.loads((GOLDEN / f"{name}-1.json").read_text(encoding="utf-8"))
    return {**event, "data": {**event["data"], **(data or {})}, **attributes}


def raw(event: object) -> bytes:
    """The event as a publisher would write it."""
    return json.dumps(event).encode()


def refusal(value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Rejection | None:
    """How `customer.events` refuses the value; None if it is accepted."""
    try:
        parse_data(decode(value, headers), CUSTOMER_EVENTS)
    except Rejection as rejection:
        return rejection
    return None
