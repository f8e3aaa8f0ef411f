"""What nobody should send, through PostgreSQL: each is told with its reason, and nothing stops."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from scheduler_node import Bench, Record, due_soon, message, requested

from schemas.envelope import Envelope, encode, make
from schemas.topics import DEAD_LETTERS, OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.policy.standing import PacksInForce
from services.runtime.settings import ROOT
from services.scheduler.timers import LookingAgain
from support.database import Database

POLICIES = ROOT / "deploy" / "policies"


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def refused(bench: Bench) -> list[tuple[str, str | None]]:
    """The reasons of the dead letters, with the fields at fault."""
    return [(one.data["code"], one.data["pointer"]) for one in bench.outbox(DEAD_LETTERS)]


def order_with(data: dict[str, Any], dataschema: str | None = None) -> Envelope:
    """A command for cho that is like any other but for `data`."""
    good = requested(customer="cho", bill_id="b3")
    bad = {**good.data, **data}
    return good.model_copy(update={"data": bad, "dataschema": dataschema or good.dataschema})


def test_a_command_at_fault_is_kept_with_its_reason_and_its_neighbour_is_planned(
    bench: Bench,
) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    terms = requested(customer="cho", bill_id="b3").data["obligation"]
    place = {"timezone": "Mars/Base", "country": "JP"}
    bad = [
        order_with({"obligation": {**terms, "due_date": "2026-02-30"}}),
        order_with({"place": place}),
        order_with({"playbook_version": "newest"}),
        order_with({}, dataschema="urn:rapport:outreach.requested/99"),
    ]
    own = bench.owned[OUTREACH_COMMANDS]
    values = [(one.subject, encode(one)) for one in (*bad, requested())]
    bench.processor.apply(
        own,
        [
            Record(OUTREACH_COMMANDS, 0, own.next_offset + n, key.encode(), value)
            for n, (key, value) in enumerate(values)
        ],
    )
    assert refused(bench) == [
        ("invalid_field", "/data/obligation/due_date"),
        ("invalid_field", "/data/place/timezone"),
        ("invalid_field", "/data/playbook_version"),
        ("unknown_version", "/dataschema"),
    ]
    assert "outreach.enrolled" in bench.told()


def test_a_fact_about_what_nobody_knows_is_noted_and_told_and_stops_nothing(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    nobodys = {"step_id": "?", "dispatch_id": "?"}
    order = make(
        "x", nobodys, id="d", source="/x", tenant="default", subject="ann",
        time=datetime.fromisoformat("2026-03-02T09:00:00Z"),
    )  # fmt: skip
    chosen = {
        "enrolment_id": "?", "choice": "later", "does": "steps", "message_id": "m",
        "obligation_id": "b1", "playbook": "recover", "locale": "en",
    }  # fmt: skip
    choice = make(
        "choice.made", chosen, id="c", source="/rapport/messenger", tenant="default",
        subject="ann", time=datetime.fromisoformat("2026-03-02T09:00:00Z"),
    )  # fmt: skip
    unknown = message("message.unknown", order, message_id="m", reason="crash")
    bench.deliver(OUTREACH_LOG, unknown, choice)
    assert refused(bench) == [
        ("unknown_enrolment", "/data/step_id"),
        ("unknown_enrolment", "/data/enrolment_id"),
    ]
    [letter, _] = bench.outbox(DEAD_LETTERS)
    assert "/rapport/messenger" in letter.data["detail"]
    [told] = bench.get("/customers/ann/timeline?type=message")["facts"]
    assert told["data"]["reason"] == "crash"
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    assert len(bench.outbox(OUTREACH_DISPATCHES)) == 1


def test_a_faulty_pack_is_told_once_and_all_that_is_in_force_stays(
    bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    packs = PacksInForce(folder)
    before = tuple(packs)
    look = LookingAgain(bench.context, packs)
    faulty = folder / "jp.yaml"
    text = faulty.read_text(encoding="utf-8").replace("version:", "vresion:", 1)
    faulty.write_text(text, encoding="utf-8")
    (folder / "uk.yaml").unlink()
    look()
    look()
    [told] = [one for one in bench.outbox() if one.type == "policy.refused"]
    assert all(fault.startswith("jp.yaml:") for fault in told.data["faults"])
    assert tuple(packs) == before
