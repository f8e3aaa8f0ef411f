"""Each bad input is refused with a stable code, the field at fault, and a sentence to act on."""

from datetime import timedelta
from typing import Any

import pytest
from contract_examples import Event, golden, raw, refusal

from schemas.common import looks_identifying
from schemas.envelope import (
    Rejection,
    check_age,
    check_key,
    decode,
    make,
    parse_data,
    version_of,
)
from schemas.facts import LogHeartbeat
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG


def without(event: Event, *path: str) -> Event:
    """A copy of the event that lacks one member."""
    name, *rest = path
    if rest:
        return {**event, name: without(event[name], *rest)}
    return {key: value for key, value in event.items() if key != name}


MISSED = golden("payment.missed")
UPDATED = golden("customer.updated")

BYTES = [
    (b"", "empty", 400),
    (b"{", "not_json", 400),
    (b"hello", "not_json", 400),
    (b'{"id": 1}}', "not_json", 400),
    (b"\xff\xfe{}", "invalid_utf8", 400),
    (b'{"id": "\xc3\x28"}', "invalid_utf8", 400),
    (b'"' + b"x" * 2 * 1024 * 1024 + b'"', "too_large", 413),
    (b"[]", "not_cloudevent", 400),
    (b"7", "not_cloudevent", 400),
    (b"null", "not_cloudevent", 400),
    (b"{}", "not_cloudevent", 400),
    (b'{"bill_id": "bill-1"}', "not_cloudevent", 400),
    (b"[" * 100_000, "not_json", 400),
    (b'{"id":' + b"9" * 100_000 + b"}", "not_json", 400),
    (b'{"id":"\\ud800"}', "not_json", 400),
]


@pytest.mark.parametrize(("value", "code", "status"), BYTES, ids=lambda part: repr(part)[:24])
def test_what_is_no_event(value: bytes, code: str, status: int) -> None:
    rejection = refusal(value)
    assert rejection is not None
    assert (rejection.code, rejection.status) == (code, status)


EVENTS: list[tuple[Event, str, str]] = [
    ({**MISSED, "specversion": "0.3"}, "not_cloudevent", "/specversion"),
    (without(MISSED, "id"), "not_cloudevent", "/id"),
    (without(MISSED, "source"), "not_cloudevent", "/source"),
    (without(MISSED, "type"), "not_cloudevent", "/type"),
    (without(MISSED, "subject"), "missing_field", "/subject"),
    (without(MISSED, "time"), "missing_field", "/time"),
    (without(MISSED, "data"), "missing_field", "/data"),
    ({**MISSED, "data": None}, "invalid_field", "/data"),
    ({**MISSED, "data": "text"}, "invalid_field", "/data"),
    ({**MISSED, "id": 7}, "invalid_field", "/id"),
    ({**MISSED, "id": ""}, "invalid_field", "/id"),
    ({**MISSED, "id": "x" * 513}, "invalid_field", "/id"),
    ({**MISSED, "source": "/bank\nx"}, "invalid_field", "/source"),
    ({**MISSED, "tenant": "a b"}, "invalid_field", "/tenant"),
    ({**MISSED, "time": "2026-03-02T09:00:00"}, "invalid_field", "/time"),
    ({**MISSED, "time": "2026-03-02"}, "invalid_field", "/time"),
    ({**MISSED, "time": 1772442000}, "invalid_field", "/time"),
    ({**MISSED, "time": "1772442000.00000000000"}, "invalid_field", "/time"),
    ({**MISSED, "time": "2026-02-30T09:00:00Z"}, "invalid_field", "/time"),
    ({**MISSED, "time": "9999-12-31T23:59:59-12:00"}, "out_of_range", "/time"),
    ({**MISSED, "datacontenttype": "text/xml"}, "invalid_field", "/datacontenttype"),
    ({**MISSED, "traceparent": "x"}, "invalid_field", "/traceparent"),
    ({**MISSED, "type": "payment.mised"}, "unknown_type", "/type"),
    ({**MISSED, "type": "event.applied"}, "unknown_type", "/type"),
    ({**MISSED, "dataschema": "urn:rapport:payment.missed/2"}, "unknown_version", "/dataschema"),
    ({**MISSED, "dataschema": "urn:rapport:latest"}, "unknown_version", "/dataschema"),
    ({**MISSED, "subject": "ana.sample@example.com"}, "identifying_subject", "/subject"),
    ({**MISSED, "subject": "+49 30 5550100"}, "identifying_subject", "/subject"),
    ({**MISSED, "subject": "4111 1111 1111 1111"}, "identifying_subject", "/subject"),
    ({**MISSED, "subject": "a\nb"}, "invalid_field", "/subject"),
    (without(MISSED, "data", "currency"), "missing_field", "/data/currency"),
    (without(MISSED, "data", "bill_id"), "missing_field", "/data/bill_id"),
]


@pytest.mark.parametrize(("event", "code", "pointer"), EVENTS)
def test_events_at_fault(event: Event, code: str, pointer: str) -> None:
    rejection = refusal(raw(event))
    assert rejection is not None
    assert (rejection.code, rejection.pointer) == (code, pointer)
    assert rejection.detail.split()[0] in ("Add", "Correct", "Send", "End", "Set")
    assert rejection.detail.endswith(".")


DATA: list[tuple[str, str, Any, str]] = [
    ("payment.missed", "amount_minor", -1, "invalid_field"),
    ("payment.missed", "amount_minor", 0, "invalid_field"),
    ("payment.missed", "amount_minor", 129.5, "invalid_field"),
    ("payment.missed", "amount_minor", 129.0, "invalid_field"),
    ("payment.missed", "amount_minor", "12950", "invalid_field"),
    ("payment.missed", "amount_minor", True, "invalid_field"),
    ("payment.missed", "amount_minor", 2**53, "invalid_field"),
    ("payment.missed", "amount_minor", 10**400, "invalid_field"),
    ("payment.missed", "amount_minor", None, "invalid_field"),
    ("payment.missed", "balance_minor", -5, "invalid_field"),
    ("payment.missed", "commission_rate", 25, "invalid_field"),
    ("payment.missed", "commission_rate", "0.25", "invalid_field"),
    ("payment.missed", "limitation_date", "9999-12-31", "out_of_range"),
    ("payment.missed", "currency", "ZZZ", "invalid_field"),
    ("payment.missed", "currency", "eur", "invalid_field"),
    ("payment.missed", "currency", "DEM", "invalid_field"),
    ("payment.missed", "due_date", "1926-02-27", "out_of_range"),
    ("payment.missed", "due_date", "2126-02-27", "out_of_range"),
    ("payment.missed", "due_date", "2026-02-30", "invalid_field"),
    ("payment.missed", "due_date", "20260227", "invalid_field"),
    ("payment.missed", "due_date", "2026-W09-5", "invalid_field"),
    ("payment.missed", "due_date", "2026-02-27T00:00:00Z", "invalid_field"),
    ("payment.missed", "due_date", 1772150400, "invalid_field"),
    ("payment.missed", "bill_id", "", "invalid_field"),
    ("payment.missed", "bill_id", 88213, "invalid_field"),
    ("payment.missed", "bill_id", "ana.sample@example.com", "invalid_field"),
    ("payment.missed", "creditor", "Harbor\u0000Bank", "invalid_field"),
    ("payment.missed", "actor_role", "agency", "invalid_field"),
    ("payment.missed", "version", 1.5, "invalid_field"),
    ("payment.received", "pending", "yes", "invalid_field"),
    ("payment.received", "remaining_minor", -1, "invalid_field"),
    ("bill.due_soon", "due_timezone", "Mars/Olympus", "invalid_field"),
    ("bill.closed", "why", "forgotten", "invalid_field"),
    ("subscription.expiring", "expires_on", "1999-01-01", "out_of_range"),
    ("subscription.expiring", "perks", ["x"] * 101, "invalid_field"),
    ("benefit.granted", "valid_until", "9999-12-31", "out_of_range"),
    ("customer.updated", "country", "ZZ", "invalid_field"),
    ("customer.updated", "country", "Germany", "invalid_field"),
    ("customer.updated", "timezone", "Europe/Atlantis", "invalid_field"),
    ("customer.updated", "timezone", "../etc/passwd", "invalid_field"),
    ("customer.updated", "locale", "klingon", "invalid_field"),
    ("customer.updated", "locale", "en-QQ", "invalid_field"),
    ("customer.updated", "locale", "", "invalid_field"),
    ("customer.updated", "region", "Berlin", "invalid_field"),
    ("customer.updated", "email", "ana", "invalid_field"),
    ("customer.updated", "email", "ana@example.com\r\nBcc: all@example.com", "invalid_field"),
    ("customer.updated", "email", "a@example.com, b@example.com", "invalid_field"),
    ("customer.updated", "email", "Ana <ana@example.com>", "invalid_field"),
    ("customer.updated", "name", "Ana\r\nBcc: all@example.com", "invalid_field"),
    ("customer.updated", "phone", "call me", "invalid_field"),
    ("customer.updated", "birth_year", 84, "invalid_field"),
    ("customer.updated", "interests", "cycling", "invalid_field"),
    ("customer.merged", "into", "ana@example.com", "identifying_subject"),
    ("customer.hold_placed", "kind", "holiday", "invalid_field"),
    ("customer.hold_placed", "until", "soon", "invalid_field"),
    ("customer.hold_placed", "until", "9999-12-31", "out_of_range"),
    ("customer.hold_placed", "reason", "nul\u0000", "invalid_field"),
    ("customer.consent_changed", "status", "maybe", "invalid_field"),
    ("customer.consent_changed", "captured_at", "2026-02-20T18:04:11", "invalid_field"),
    ("contact.made", "at", "2026-03-02", "invalid_field"),
]


@pytest.mark.parametrize(("name", "field", "value", "code"), DATA)
def test_fields_at_fault(name: str, field: str, value: object, code: str) -> None:
    rejection = refusal(raw(golden(name, data={field: value})))
    assert rejection is not None
    assert (rejection.code, rejection.pointer) == (code, f"/data/{field}")
    assert rejection.status == 422
    assert field in rejection.detail
    assert rejection.detail.endswith(".")


def test_faults_deeper_down_are_pointed_at() -> None:
    parties = [
        {"customer_id": "c-1", "role": "borrower"},
        {"customer_id": "+4930555010", "role": "x"},
    ]
    rejection = refusal(raw(golden("payment.missed", data={"parties": parties})))
    assert rejection is not None
    assert (rejection.code, rejection.pointer) == (
        "identifying_subject",
        "/data/parties/1/customer_id",
    )


def test_pointers_are_escaped() -> None:
    rejection = refusal(raw(golden("customer.updated", data={"attributes": {"a/b~c": {}}})))
    assert rejection is not None
    assert rejection.pointer is not None
    assert rejection.pointer.startswith("/data/attributes/a~1b~0c")


@pytest.mark.parametrize("value", ["nul\u0000", ["nul\u0000"], float("inf"), {"deep": 1}])
def test_attributes_hold_only_what_a_database_can(value: object) -> None:
    rejection = refusal(raw(golden("customer.updated", data={"attributes": {"x": value}})))
    assert rejection is not None
    assert rejection.code == "invalid_field"


def test_a_misspelt_type_is_answered_with_the_nearest() -> None:
    rejection = refusal(raw({**MISSED, "type": "payment.mised"}))
    assert rejection is not None
    assert "payment.missed" in rejection.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ana secret@example.com"), ("phone", "secret 123"), ("name", "secret\n")],
)
def test_refusals_do_not_repeat_personal_data(field: str, value: str) -> None:
    rejection = refusal(raw(golden("customer.updated", data={field: value})))
    assert rejection is not None
    assert "secret" not in str(rejection)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("email", "ana@shop.test", "ana@shop.test"),
        ("email", "ana@localhost", "ana@localhost"),
        ("email", "ana+bill@mail.example.com", "ana+bill@mail.example.com"),
        ("email", "用户@例子.example", "用户@例子.example"),
        ("phone", "+1 (212) 555-0100", "+1 (212) 555-0100"),
        ("locale", "zh_hans_cn", "zh-Hans-CN"),
        ("locale", "en-CN", "en-CN"),
        ("locale", "ja-JP-u-ca-japanese", "ja-JP"),
        ("name", "O'Brien, María José", "O'Brien, María José"),
        ("name", "山田 花子", "山田 花子"),
        ("timezone", "US/Eastern", "US/Eastern"),
        ("verification", {"birth_year": 1984}, {"birth_year": "1984"}),
        (
            "attributes",
            {"visits": 3, "tags": ["a", 1, None]},
            {"visits": 3, "tags": ["a", 1, None]},
        ),
    ],
)
def test_what_is_right_is_accepted(field: str, value: object, kept: object) -> None:
    data = parse_data(decode(raw(golden("customer.updated", data={field: value}))))
    assert data.model_dump(mode="json")[field] == kept


@pytest.mark.parametrize(
    "subject", ["c-7f3a91", "v-20418-kestrel", "12345678", "policy:default", "lane:3", "ab+12"]
)
def test_pseudonyms(subject: str) -> None:
    assert looks_identifying(subject) is None


@pytest.mark.parametrize(
    "subject",
    ["a@b.example", "+442079460000", "tel:+442079460000", "(212) 555-0100", "2125550100",
     "4111111111111111", "4111-1111-1111-1111", "378282246310005"],
)  # fmt: skip
def test_direct_identifiers(subject: str) -> None:
    assert looks_identifying(subject) is not None


def test_the_key_must_be_the_subject() -> None:
    event = decode(raw(MISSED))
    check_key(event, b"c-7f3a91")
    for key in (None, b"", b"c-7f3a92", b"\xff"):
        with pytest.raises(Rejection) as caught:
            check_key(event, key)
        assert (caught.value.code, caught.value.pointer) == ("key_mismatch", "/subject")


def test_events_too_old_to_be_told_from_repeats_are_refused() -> None:
    event = decode(raw(MISSED))
    kept = timedelta(days=90)
    check_age(event, event.time + kept, kept)
    with pytest.raises(Rejection, match="too_old"):
        check_age(event, event.time + kept + timedelta(seconds=1), kept)
    with pytest.raises(Rejection, match="out_of_range"):
        check_age(event, event.time - timedelta(days=2), kept)


def test_facts_may_not_stand_among_customer_events() -> None:
    fact = decode(raw(golden("message.sent")))
    parse_data(fact, OUTREACH_LOG)
    with pytest.raises(Rejection, match="unknown_type"):
        parse_data(fact, CUSTOMER_EVENTS)


def test_new_events_carry_on_the_chain_of_causes() -> None:
    cause = decode(raw(MISSED))
    data = LogHeartbeat(service="messenger", lane=3, sent_at=cause.time)
    first = make(
        "log.heartbeat", data, id="1", source="/rapport/messenger", tenant="default",
        subject="lane:3", time=cause.time, cause=cause,
    )  # fmt: skip
    second = make(
        "log.heartbeat", data, id="2", source="/rapport/messenger", tenant="default",
        subject="lane:3", time=cause.time, cause=first,
    )  # fmt: skip
    assert (first.correlationid, first.causationid) == (cause.id, cause.id)
    assert (second.correlationid, second.causationid) == (cause.id, "1")
    assert second.traceparent == cause.traceparent
    assert version_of(second) == 1
    assert parse_data(second, OUTREACH_LOG) == data
