"""The live view, fed from records instead of a broker."""

import io
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from rapport.reading import Raw
from rapport.watch import watch
from support.audit.good_world import good


def log() -> Iterator[Raw | None]:
    for entry, record in zip(good().entries, good().records(), strict=True):
        key = entry.customer.encode()
        yield Raw(record.topic, record.partition, record.offset, 0, key, record.value, ())
        yield None
    yield Raw("outreach.log", 0, 10**6, 0, b"delhi", b"{", ())


def shown(**options: Any) -> list[str]:
    file = io.StringIO()
    watch(log(), Console(file=file, width=400), **options)
    return file.getvalue().splitlines()


def test_each_fact_is_a_line_in_its_customers_time() -> None:
    lines = shown()
    assert "2026-03-03 18:59:59 IST  delhi  message.sent  sent by smtp" in lines
    # Heartbeats are left out; what can't be read is shown in their place.
    assert len(lines) == len(good().entries)
    assert not any("log.heartbeat" in line for line in lines)
    assert lines[-1].startswith("outreach.log/0@1000000: not_json")


def test_one_customer_may_be_watched() -> None:
    lines = shown(customer="delhi")
    assert len(lines) == 9
    assert not any("tokyo" in line for line in lines)
