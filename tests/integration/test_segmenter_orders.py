"""What the segmenter orders, by whatever starts a playbook, is what the contract says."""

import json
from typing import Any

import pytest
from processing_world import NOW, Record, World

from schemas.customer_events import EVENTS
from schemas.envelope import decode, parse_data
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_COMMANDS, OUTREACH_LOG
from services.playbooks.load import load_playbooks
from services.runtime.processing import Processor
from services.runtime.settings import ROOT
from services.segmenter import stream
from services.segmenter.rules import by_trigger
from support.database import Database
from support.playbooks import in_force

GOLDEN = ROOT / "schemas" / "golden"
PLAYBOOKS = list(load_playbooks(ROOT / "deploy" / "playbooks").values())
STARTS: dict[str, dict[str, Any]] = {"handoff.requested": {"reason": "hardship"}}
"""What the shipped playbooks ask for, where the golden example has something else."""
TOPICS = frozenset({CUSTOMER_EVENTS, OUTREACH_LOG})


@pytest.mark.parametrize("kind", sorted(by_trigger(PLAYBOOKS)))
def test_what_is_ordered_reads_back_as_its_contract_has_it(database: Database, kind: str) -> None:
    example = json.loads((GOLDEN / f"{kind}-1.json").read_text(encoding="utf-8"))
    longest = {
        name: "w" * 200 for name in ("creditor", "product", "plan") if name in example["data"]
    }
    consent = {"channel": "*", "purpose": "*", "status": "granted"}
    data = {**example["data"], **longest, **STARTS.get(kind, {})}
    world = World(database)
    worker = world.worker()
    standing = in_force(worker.context.settings.playbooks_dir)
    processor = Processor(worker.context, stream.handlers(worker.context, standing), TOPICS)
    owned = {topic: worker.take_over(topic=topic) for topic in TOPICS}

    def deliver(topic: str, type: str, data: dict[str, Any], **more: Any) -> None:
        told = {"specversion": "1.0", "source": "/bank", "subject": "c-1", **more}
        value = json.dumps({**told, "id": f"e-{type}", "type": type, "data": data}).encode()
        offset = owned[topic].next_offset
        processor.apply(owned[topic], [Record(topic, 0, offset, b"c-1", value)])

    deliver(CUSTOMER_EVENTS, "customer.consent_changed", consent, time=NOW.isoformat())
    if any(kind == model.TYPE for model in EVENTS):
        deliver(CUSTOMER_EVENTS, kind, data, time=example["time"], replay=True)
    else:
        deliver(OUTREACH_LOG, kind, data, time=NOW.isoformat(), source="/rapport/messenger")
    assert world.dead_letters() == []
    orders = world.outbox(OUTREACH_COMMANDS)
    assert orders
    for order in orders:
        parse_data(decode(json.dumps(order).encode()), OUTREACH_COMMANDS)
    world.close()
