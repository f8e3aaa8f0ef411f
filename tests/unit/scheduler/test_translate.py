"""From commands on the wire to the scheduler's values."""

import msgspec
import pytest

from schemas.envelope import decode, parse_data
from schemas.topics import OUTREACH_COMMANDS
from services.runtime.messages import Incoming
from services.runtime.settings import ROOT
from services.scheduler.translate import command_of

GOLDEN = (ROOT / "schemas/golden/outreach.requested-1.json").read_bytes()


def enrolment_id(kind: str) -> str:
    """The id of the enrolment that the golden order begins, about an obligation of this kind."""
    order = msgspec.json.decode(GOLDEN)
    order["data"]["obligation"]["kind"] = kind
    raw = msgspec.json.encode(order)
    event = decode(raw)
    data = parse_data(event, OUTREACH_COMMANDS)
    return command_of(
        Incoming(OUTREACH_COMMANDS, 0, 0, event.subject, event, data, raw),
        data,  # type: ignore[arg-type]
    ).enrolment.id


@pytest.mark.parametrize("kind", ["subscription", "application", "benefit"])
def test_an_enrolments_id_tells_the_kind_of_what_it_is_about(kind: str) -> None:
    assert enrolment_id(kind) == enrolment_id(kind) != enrolment_id("bill")
