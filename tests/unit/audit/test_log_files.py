"""Logs as files, as the command line reads and writes them."""

import json
from pathlib import Path

import pytest

from rapport.audit.log import Record
from rapport.audit.run import audit
from rapport.reading import Raw
from rapport.records import UnreadableFile, as_json, read_file
from support.audit.good_world import good
from support.audit.log_builder import as_lines


def test_a_written_log_is_audited_like_the_one_it_came_from(tmp_path: Path) -> None:
    records = list(good().records())
    file = tmp_path / "log.jsonl"
    file.write_text(as_lines(iter(records)) + "\n")
    assert audit(read_file(file)).as_dict() == audit(records).as_dict()


def test_a_record_that_is_no_json_survives_the_file(tmp_path: Path) -> None:
    raw = Raw("outreach.log", 2, 7, 1_795_000_000_000, b"c-1", b"\xff{", ())
    file = tmp_path / "log.jsonl"
    file.write_text(as_json(raw) + "\n")
    assert list(read_file(file)) == [Record(2, 7, 1_795_000_000_000, b"\xff{")]


def test_bare_events_are_read_in_order(tmp_path: Path) -> None:
    events = [json.loads(record.value) for record in good().records()]
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(json.dumps(event) for event in events))
    assert [record.offset for record in read_file(file)] == list(range(len(events)))


@pytest.mark.parametrize("line", ["{", "[]", '"x"', '{"partition": 1}', '{"specversion": "1.0"}'])
def test_a_faulty_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(f"\n{line}\n")
    with pytest.raises(UnreadableFile, match=r"log\.jsonl:2: write one JSON object a line"):
        list(read_file(file))
