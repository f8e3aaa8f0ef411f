"""Suppressions that operators bring: what a line means, and which lines mean nothing."""

import hashlib
from typing import Any

import pytest

from services.messenger.handlers.suppressing import known_as, read
from services.messenger.mail import UnusableAddress
from services.messenger.suppressions_api import rows


def hashed(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def faults(*lines: Any) -> list[str]:
    return [fault.why for fault in read(enumerate(lines), hashed)[1]]


@pytest.mark.parametrize(
    ("address", "channel", "known"),
    [
        ("Ana@Example.COM", "email", "ana@example.com"),
        ("Ana@Example.COM", "*", "ana@example.com"),
        ("+49 (170) 123-4567", "sms", "+491701234567"),
        ("+49 170 1234567", "*", "+491701234567"),
        ("li.wang", "webhook", "li.wang"),
    ],
)
def test_an_address_has_one_form_by_its_channel(address: str, channel: str, known: str) -> None:
    assert known_as(address, channel) == known


@pytest.mark.parametrize(
    ("address", "channel"),
    [("0170 1234567", "sms"), ("ana@example.com", "sms"), ("+491701234567", "email"), ("li", "*")],
)
def test_what_could_never_match_is_refused(address: str, channel: str) -> None:
    with pytest.raises(UnusableAddress):
        known_as(address, channel)


def test_address_and_hash_must_be_of_one_another() -> None:
    both = {"address": "ana@example.com", "address_hash": hashed("ana@example.com")}
    assert faults(both) == []
    assert faults(both | {"address_hash": "0" * 64}) == ["address_hash: is not that of the address"]


@pytest.mark.parametrize(
    ("table", "taken", "faulty"),
    [
        ("address,reason\nx@example.com,left\n,left\nleft\n", 1, [3, 4]),
        ("reason,address\nleft\n", 0, [2]),
        ("customer,address,reason\n,,left\nc-1,,left\n,a@example.com,\n", 2, [2]),
        ("purpose,reason\nmarketing,flood\n", 1, []),
    ],
)
def test_a_row_that_names_nobody_stops_nobody(table: str, taken: int, faulty: list[int]) -> None:
    brought, found = read(rows(table.encode(), table=True), hashed)
    assert (len(brought), [one.line for one in found]) == (taken, faulty)
