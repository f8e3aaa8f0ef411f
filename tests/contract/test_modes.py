"""Binary mode means the same as structured mode, and no bytes are ever more than refused."""

from contextlib import suppress
from typing import Any

import pytest
from contract_examples import golden, raw, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.envelope import Rejection, decode, encode, parse_data, unknown_fields
from schemas.topics import CUSTOMER_EVENTS

MISSED = golden("payment.missed")
DATA = raw(MISSED["data"])

Headers = list[tuple[str, bytes]]


def headers(prefix: str = "ce_", **changed: str) -> Headers:
    """Binary-mode headers of the golden `payment.missed`."""
    attributes = {name: value for name, value in MISSED.items() if name != "data"} | changed
    content = attributes.pop("datacontenttype")
    return [
        ("content-type", content.encode()),
        *((prefix + name, value.encode()) for name, value in attributes.items()),
    ]


@pytest.mark.parametrize("prefix", ["ce_", "ce-", "Ce-"])
def test_binary_mode_is_the_same_event(prefix: str) -> None:
    assert decode(DATA, headers(prefix)) == decode(raw(MISSED))


def test_binary_headers_are_percent_decoded_over_http_only() -> None:
    assert decode(DATA, headers("ce-", source="/bank/%C3%A9")).source == "/bank/é"
    assert decode(DATA, headers("ce_", source="/bank/%C3%A9")).source == "/bank/%C3%A9"


def test_structured_mode_may_carry_headers_of_its_own() -> None:
    extra: Headers = [
        ("content-type", b"application/cloudevents+json; charset=UTF-8"),
        ("ce_id", b"another"),
        ("traceparent", b"00"),
    ]
    assert decode(raw(MISSED), extra) == decode(raw(MISSED))
    assert decode(raw(MISSED), extra[2:]) == decode(raw(MISSED))


def test_the_replay_mark_is_text_in_binary_mode() -> None:
    assert decode(DATA, headers(replay="true")).replay is True
    assert decode(DATA, headers(replay="false")).replay is False
    assert decode(raw({**MISSED, "replay": True})).replay is True
    assert decode(raw({**MISSED, "replay": None, "tenant": None})).tenant == "default"


@pytest.mark.parametrize(
    ("value", "changed", "code", "pointer"),
    [
        (b"{", {}, "not_json", None),
        (b"\xff", {}, "invalid_utf8", None),
        (b"[]", {}, "invalid_field", "/data"),
        (b"", {}, "empty", None),
        (DATA, {"specversion": "2.0"}, "not_cloudevent", "/specversion"),
        (DATA, {"time": "today"}, "invalid_field", "/time"),
        (DATA, {"replay": "perhaps"}, "invalid_field", "/replay"),
        (DATA, {"datacontenttype": "application/avro"}, "invalid_field", "/datacontenttype"),
    ],
)
def test_binary_events_at_fault(
    value: bytes, changed: dict[str, str], code: str, pointer: str | None
) -> None:
    rejection = refusal(value, tuple(headers(**changed)))
    assert rejection is not None
    assert (rejection.code, rejection.pointer) == (code, pointer)


def test_headers_must_be_utf8() -> None:
    rejection = refusal(DATA, (*headers(), ("ce_subject", b"\xff")))
    assert rejection is not None
    assert (rejection.code, rejection.pointer) == ("invalid_utf8", "/subject")


def accepted_or_refused(value: bytes, extra: Headers) -> None:
    """Reads as the services do; anything raised but a Rejection fails the test."""
    with suppress(Rejection):
        event = decode(value, extra)
        data = parse_data(event, CUSTOMER_EVENTS)
        unknown_fields(event, type(data))
        encode(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
MEMBERS = st.sampled_from([*MISSED, *MISSED["data"], "parties", "replay", "extra"])


# No deadline: how fast a shared machine is says nothing about the contract.
unhurried = settings(deadline=None, max_examples=300)


@unhurried
@given(st.binary())
def test_any_bytes_are_accepted_or_refused(value: bytes) -> None:
    accepted_or_refused(value, [])


@unhurried
@given(JSON, st.lists(st.tuples(st.text(), st.binary())))
def test_any_json_with_any_headers(value: Any, extra: Headers) -> None:
    accepted_or_refused(raw(value), extra)


@unhurried
@given(st.sampled_from(["payment.missed", "customer.updated"]), MEMBERS, JSON, st.booleans())
def test_any_value_in_any_place(name: str, member: str, value: Any, inside: bool) -> None:
    event = golden(name, data={member: value}) if inside else {**golden(name), member: value}
    accepted_or_refused(raw(event), [])
    accepted_or_refused(raw(event["data"]), headers(type=name))
