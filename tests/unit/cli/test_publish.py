"""What `rapport publish` accepts, fills in and refuses."""

import json
from datetime import UTC, datetime
from typing import Any

from rapport.publish import SOURCE, prepare, prepare_raw
from schemas.envelope import decode

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(**changes: Any) -> dict[str, Any]:
    whole = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/bank",
        "type": "customer.updated",
        "subject": "c-1",
        "time": "2026-03-02T09:00:00Z",
        "data": {"timezone": "Asia/Tokyo", "name": "アナ"},
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def lines(*events: object) -> bytes:
    return b"\n".join(e if isinstance(e, bytes) else json.dumps(e).encode() for e in events)


def test_whole_events_are_sent_byte_for_byte() -> None:
    line = b'  {"data":{"timezone":"Asia/Tokyo"},' + json.dumps(event(data=None)).encode()[1:]
    prepared, faults = prepare("f", line + b"\r\n\n", NOW)
    assert not faults
    assert [(one.line, one.key, one.value) for one in prepared] == [(1, b"c-1", line)]


def test_what_may_be_left_out_is_filled_in() -> None:
    partial = event(specversion=None, id=None, source=None, time=None)
    prepared, faults = prepare("f", lines(partial, partial), NOW)
    assert not faults
    first, second = (decode(one.value) for one in prepared)
    assert (first.source, first.time, first.data["name"]) == (SOURCE, NOW, "アナ")
    assert first.id != second.id
    assert [one.given_id for one in prepared] == [first.id, second.id]


def test_faults_name_the_line_and_the_remedy() -> None:
    content = lines(
        event(),
        b"",
        b"{",
        b"\xff",
        b"[]",
        event(type="customer.vanished"),
        event(subject="ana@example.com"),
        event(type="payment.missed", data={"bill_id": "b", "amount_minor": 1.5}),
        event(id=7),
    )
    prepared, faults = prepare("events.jsonl", content, NOW)
    assert len(prepared) == 1
    told = [str(fault) for fault in faults]
    assert [text.split(": ")[0] for text in told] == [f"events.jsonl:{n}" for n in range(3, 10)]
    assert [text.split("(")[-1].split(" ")[0].rstrip(")") for text in told] == [
        "not_json",
        "invalid_utf8",
        "not_cloudevent",
        "unknown_type",
        "identifying_subject",
        "missing_field",
        "invalid_field",
    ]
    assert "ana@example.com" not in " ".join(told)


def test_raw_lines_are_left_as_they_are() -> None:
    content = lines(b"{", b"", event(subject="ana@example.com"), b"\xff") + b"\n"
    prepared = prepare_raw(content)
    assert [one.value for one in prepared] == content.split(b"\n")[:-1]
    assert [one.key for one in prepared] == [None, None, b"ana@example.com", None]


def test_a_subject_that_utf8_cannot_write_is_a_fault_and_no_crash() -> None:
    content = b'{"type": "customer.updated", "subject": "\\ud800", "data": {}}'
    prepared, faults = prepare("f", content, NOW)
    assert not prepared
    assert len(faults) == 1
    assert [one.key for one in prepare_raw(content)] == [b"?"]
