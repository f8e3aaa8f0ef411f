"""The command line against a real broker."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from rapport import reading
from rapport.cli import app
from rapport.connection import connection
from rapport.topics import create_topics
from schemas.envelope import encode, make
from schemas.facts import DeadLetter, HttpOrigin, RecordPosition
from services.runtime.clock import Clock
from services.runtime.partitioning import lane
from services.runtime.settings import Settings
from support.audit.good_world import good
from support.broker import Broker
from support.polling import poll_until

pytestmark = pytest.mark.brokers("embedded")

UPDATE = {"type": "customer.updated", "subject": "c-1", "data": {"timezone": "Asia/Tokyo"}}


def rapport(broker: Broker, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [*arguments, "--bootstrap", broker.address], input=stdin)


@pytest.fixture
def ready(broker: Broker) -> Broker:
    """A broker with Rapport's topics."""
    create_topics(Settings(), broker.address)
    return broker


def records(broker: Broker, topic: str) -> list[reading.Raw]:
    return list(reading.read_to_end(topic, connection(broker.address)))


def write(broker: Broker, topic: str, *values: bytes, key: bytes | None = None) -> None:
    with closing(KafkaProducer(bootstrap_servers=broker.address)) as producer:
        for value in values:
            producer.send(topic, value=value, key=key)
        producer.flush()


def write_good_log(broker: Broker) -> None:
    with closing(KafkaProducer(bootstrap_servers=broker.address)) as producer:
        for record in good().records():
            key = json.loads(record.value)["subject"].encode()
            producer.send("outreach.log", record.value, key, partition=record.partition)
        producer.flush()


# --- topics ----------------------------------------------------------------------------------


def test_topics_are_created_once_and_shown(broker: Broker) -> None:
    before = rapport(broker, "topics")
    assert before.exit_code == 1
    assert "missing" in before.output
    created = rapport(broker, "topics", "--create")
    assert created.exit_code == 0
    assert "created: customer.events, outreach.commands" in created.output
    again = rapport(broker, "topics", "--create")
    assert again.exit_code == 0
    assert "nothing to create" in again.output


# --- publish ---------------------------------------------------------------------------------


def test_published_events_arrive_keyed_in_their_lane(ready: Broker, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    events = [UPDATE | {"subject": f"c-{number}"} for number in range(20)]
    file.write_text("\n".join(map(json.dumps, events)))
    result = rapport(ready, "publish", str(file))
    assert result.exit_code == 0, result.output
    assert "published 20 events" in result.output
    arrived = records(ready, "customer.events")
    assert len(arrived) == 20
    ids = set()
    for record in arrived:
        event = json.loads(record.value or b"")
        assert record.key == event["subject"].encode()
        assert record.partition == lane(event["subject"])
        assert dict(record.headers)["content-type"].startswith(b"application/cloudevents+json")
        ids.add(event["id"])
    assert all(f"id {one}" in result.output for one in ids)


def test_a_fault_is_named_and_nothing_is_sent(ready: Broker, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(UPDATE) + "\n" + json.dumps(UPDATE | {"type": "no.such"}) + "\n{\n")
    result = rapport(ready, "publish", str(file))
    assert result.exit_code == 1
    told = result.output.replace("\n", "")
    assert "events.jsonl:2: Send a type of the contract" in told
    assert "events.jsonl:3: Send one complete JSON object" in told
    assert not records(ready, "customer.events")


def test_standard_input_and_raw_lines(ready: Broker) -> None:
    assert rapport(ready, "publish", "-", stdin=json.dumps(UPDATE)).exit_code == 0
    large = json.dumps(UPDATE | {"data": {"name": "x" * (2 << 20)}})
    raw = rapport(ready, "publish", "-", "--raw", stdin=f"{{\n\n{large}\n")
    assert raw.exit_code == 0, raw.output
    values = sorted((record.value or b"" for record in records(ready, "customer.events")), key=len)
    assert values[:2] == [b"", b"{"]
    assert values[3] == large.encode()


def test_a_missing_file_and_an_absent_broker_are_said_plainly(broker: Broker) -> None:
    missing = rapport(broker, "publish", "nowhere.jsonl")
    assert missing.exit_code == 2
    assert "nowhere.jsonl: No such file" in missing.output


# --- audit, explain, watch -------------------------------------------------------------------


def test_the_audit_reads_the_whole_log_and_decides_the_exit_status(ready: Broker) -> None:
    nothing = rapport(ready, "audit")
    assert nothing.exit_code == 2
    assert "nothing to audit" in nothing.output
    write_good_log(ready)
    held = rapport(ready, "audit")
    assert held.exit_code == 0, held.output
    assert held.output.rstrip().endswith("AUDIT HELD")
    applied = next(r for r in good().records() if b'"tokyo.due"' in r.value)
    write(ready, "outreach.log", applied.value.replace(b'"id":"tokyo.due"', b'"id":"again"', 1),
          key=b"tokyo")  # fmt: skip
    violated = rapport(ready, "audit")
    assert violated.exit_code == 1
    assert violated.output.rstrip().endswith("AUDIT VIOLATED")
    report = json.loads(rapport(ready, "audit", "--json").output)
    found = [one for promise in report["promises"] for one in promise["violations"]]
    assert [(one["promise"], one["rule"]) for one in found] == [(1, "applied-twice")]
    assert {event["id"] for event in found[0]["events"]} == {"tokyo.due", "again"}
    assert all(event["topic"] == "outreach.log" for event in found[0]["events"])


def test_explain_tells_the_story_of_one_customer(ready: Broker) -> None:
    write_good_log(ready)
    told = rapport(ready, "explain", "delhi")
    assert told.exit_code == 0
    assert "allowed by house v1, india v3" in told.output
    assert "tokyo" not in told.output
    unknown = rapport(ready, "explain", "nobody")
    assert unknown.exit_code == 1
    assert "knows no customer nobody" in unknown.output


@pytest.fixture
def watching(ready: Broker, tmp_path: Path) -> Iterator[tuple[Broker, Path]]:
    """`rapport watch --json`, running, and the file that it writes."""
    file = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "rapport.cli", "watch", "--json"]
    with file.open("w") as output:
        process = subprocess.Popen([*command, "--bootstrap", ready.address], stdout=output)
    yield ready, file
    process.kill()
    process.wait()


def test_what_watch_writes_can_be_audited(watching: tuple[Broker, Path]) -> None:
    broker, file = watching
    count = len(list(good().records()))
    write_good_log(broker)
    poll_until(lambda: file.read_text().count("\n") >= count, 60, "watch shows every fact")
    result = CliRunner().invoke(app, ["audit", "--file", str(file), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["facts"] == count


# --- dead letters ----------------------------------------------------------------------------


def dead_letter(number: int, value: bytes, **changes: Any) -> bytes:
    data = {
        "code": "not_json",
        "detail": "Send one complete JSON object.",
        "service": "segmenter",
        "origin": RecordPosition(topic="customer.events", partition=3, offset=number),
        "key": "c-1",
        "headers": {"content-type": "application/json"},
        "value_base64": base64.b64encode(value).decode(),
    }
    letter = DeadLetter.model_validate(data | changes)
    at = Clock().real()
    return encode(make("dead.letter", letter, id=f"d-{number}", source="/rapport/segmenter",
                       tenant="default", subject="dead", time=at))  # fmt: skip


def test_dead_letters_are_listed_and_put_back(ready: Broker) -> None:
    posted = json.dumps(UPDATE | {"specversion": "1.0", "id": "1", "source": "/bank",
                                  "time": "2026-03-02T09:00:00Z"}).encode()  # fmt: skip
    write(
        ready,
        "dead.letters",
        dead_letter(0, b"\xff{"),
        dead_letter(1, posted, origin=HttpOrigin(http=True), key=None, headers={}),
        dead_letter(2, b"left alone"),
    )
    listed = rapport(ready, "dead-letters", "list")
    assert listed.exit_code == 0
    assert "0/0  not_json  Send one complete JSON object." in listed.output
    assert "from customer.events/3@0 by segmenter" in listed.output
    assert "c-1" not in listed.output
    shown = rapport(ready, "dead-letters", "list", "--json", "--value").output.splitlines()
    assert [json.loads(line)["value"] for line in shown][0::2] == ["\\xff{", "left alone"]
    replayed = rapport(ready, "dead-letters", "replay", "0/0", "0/1")
    assert replayed.exit_code == 0, replayed.output
    back = records(ready, "customer.events")
    assert {(record.key, record.value) for record in back} == {(b"c-1", b"\xff{"), (b"c-1", posted)}
    headers = [record.headers for record in back if record.value == b"\xff{"]
    assert headers == [(("content-type", b"application/json"),)]


def test_replay_wants_to_know_which(ready: Broker) -> None:
    write(ready, "dead.letters", dead_letter(0, b"{"))
    for arguments in ((), ("0/0", "--all"), ("0/9",)):
        refused = rapport(ready, "dead-letters", "replay", *arguments)
        assert refused.exit_code == 2
    assert "no dead letter has the number 0/9" in refused.output
    assert not records(ready, "customer.events")


# --- where there is no broker ----------------------------------------------------------------


def test_an_unreachable_broker_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rapport.connection.PATIENCE_SECONDS", 1.0)
    began = time.perf_counter()
    result = CliRunner().invoke(app, ["audit", "--bootstrap", "127.0.0.1:1"])
    assert result.exit_code == 2
    assert "can't be reached" in result.output
    assert time.perf_counter() - began < 30


# --- playbook preview ------------------------------------------------------------------------


def test_a_real_customer_is_previewed_from_the_topics(ready: Broker, tmp_path: Path) -> None:
    person = {"name": "Aiko", "email": "aiko@example.com", "locale": "ja", "country": "JP"}
    bill = {
        "bill_id": "b-1",
        "creditor": "Harbour Bank",
        "amount_minor": 50_000,
        "currency": "JPY",
        "due_date": "2026-03-01",
    }
    events = [
        UPDATE | {"data": UPDATE["data"] | person},  # type: ignore[operator]
        {"type": "payment.missed", "subject": "c-1", "data": bill},
        UPDATE | {"subject": "c-2"},
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, events)))
    assert rapport(ready, "publish", str(file)).exit_code == 0
    previewing = ("playbook", "preview", "recover", "--at", "2026-03-02T22:00:00+09:00", "--json")
    result = rapport(ready, *previewing, "--customer", "c-1")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)[0]
    assert (found["sampled"], found["segment"]) == (False, "everyone")
    first = found["steps"][0]
    assert first["sent_local"] == "Tue 2026-03-03 08:00"
    assert "Aiko" in first["mails"][0]["text"]
    assert "50,000円" in first["mails"][0]["text"]
    unknown = rapport(ready, *previewing, "--customer", "c-9")
    assert unknown.exit_code == 2
    assert "neither a file nor a customer" in unknown.output
