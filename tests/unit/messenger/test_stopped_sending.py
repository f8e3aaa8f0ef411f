"""Which obligations of an order an operator's stop reaches, by every scope that there is."""

import msgspec
import pytest

from schemas.commands import DispatchOrdered
from schemas.envelope import decode, parse_data
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger.handlers.translate import halted_of
from services.policy.sending import SendingStop
from services.runtime.settings import ROOT

GOLDEN = msgspec.json.decode(
    (ROOT / "schemas/golden/outreach.dispatch_ordered-1.json").read_bytes()
)


def ordered() -> DispatchOrdered:
    """The golden order, about two obligations to two creditors."""
    data = GOLDEN["data"]
    terms = data["obligations"][0]
    both = [
        {**terms, "obligation_id": "b1", "creditor": "Acme"},
        {**terms, "obligation_id": "b2", "creditor": "Bay Bank"},
    ]
    event = decode(msgspec.json.encode({**GOLDEN, "data": {**data, "obligations": both}}))
    found = parse_data(event, OUTREACH_DISPATCHES)
    assert isinstance(found, DispatchOrdered)
    return found


@pytest.mark.parametrize(
    ("stop", "reached"),
    [
        (SendingStop("everything"), {"b1", "b2"}),
        (SendingStop("tenant", "acme"), {"b1", "b2"}),
        (SendingStop("tenant", "other"), set()),
        (SendingStop("creditor", "acme", "Bay Bank"), {"b2"}),
        (SendingStop("creditor", "other", "Bay Bank"), set()),
        (SendingStop("playbook", "acme", GOLDEN["data"]["playbook"]), {"b1", "b2"}),
        (SendingStop("playbook", "acme", "another"), set()),
    ],
)
def test_a_stop_reaches_what_it_names(stop: SendingStop, reached: set[str]) -> None:
    assert halted_of(ordered(), "acme", [stop]) == dict.fromkeys(reached, stop.rule)
