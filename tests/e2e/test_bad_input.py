"""What can't be accepted ends in a reason to act on, is kept, and stands in nobody's way."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from e2e.visitor import Visitor, link_with, one_click_address, picture
from schemas.envelope import Envelope, encode, make
from schemas.topics import OUTREACH_COMMANDS
from services.messenger.links import LinkKind
from services.runtime.clock import Clock
from services.runtime.ids import fresh
from services.runtime.security import Signer
from support.broker import Broker, KafkaForTests
from support.database import SECRET_KEY, DatabasesForTests
from support.mail import Mailbox
from support.polling import poll_until
from support.system import (
    BOUND_TOKEN,
    PUBLISH_TOKEN,
    READ_TOKEN,
    SOURCE,
    System,
    event,
    of,
    wait_for,
    whole_system,
)

pytestmark = pytest.mark.brokers("kafka")

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
PROBLEM = "application/problem+json"
MISSED = {
    "bill_id": "b-1",
    "creditor": "Harbour Bank",
    "amount_minor": 12_000,
    "currency": "EUR",
    "due_date": "2026-02-27",
}
BERLIN = {"timezone": "Europe/Berlin", "country": "DE"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bad:
    """One input with its refusal; `keyed`: it is wrong by its key, so that HTTP has no such."""

    name: str
    value: bytes | None
    code: str
    status: int
    pointer: str | None = None
    key: bytes | None = b"c-bad"
    keyed: bool = False


def _missed(**changes: Any) -> bytes:
    """A payment.missed whose data are changed; a field that is None is left out."""
    data = {name: value for name, value in {**MISSED, **changes}.items() if value is not None}
    return _event("payment.missed", data)


def _updated(**data: Any) -> bytes:
    return _event("customer.updated", data)


def _event(type: str, data: Any, at: datetime = NOW, **attributes: Any) -> bytes:
    return json.dumps(event(type, "c-bad", data, at=at, **attributes)).encode()


BAD = (
    Bad("no JSON", b"{oops", "not_json", 400),
    Bad("no CloudEvent", b'{"hello": "there"}', "not_cloudevent", 400, "/specversion"),
    Bad("a list", b"[1, 2]", "not_cloudevent", 400),
    Bad("unknown type", _event("payment.lost", MISSED), "unknown_type", 422, "/type"),
    Bad("a type of ours", _event("event.applied", {}), "unknown_type", 422, "/type"),
    Bad("unknown version", _event("payment.missed", MISSED, dataschema="urn:x/99"),
        "unknown_version", 422, "/dataschema"),
    Bad("missing field", _missed(bill_id=None), "missing_field", 422, "/data/bill_id"),
    Bad("wrong field", _missed(due_date="soon"), "invalid_field", 422, "/data/due_date"),
    Bad("negative money", _missed(amount_minor=-1), "invalid_field", 422, "/data/amount_minor"),
    Bad("float money", _missed(amount_minor=120.5), "invalid_field", 422, "/data/amount_minor"),
    Bad("whole float money", _missed(amount_minor=120.0), "invalid_field", 422,
        "/data/amount_minor"),
    Bad("money as text", _missed(amount_minor="120"), "invalid_field", 422, "/data/amount_minor"),
    Bad("unknown currency", _missed(currency="EUX"), "invalid_field", 422, "/data/currency"),
    Bad("unknown country", _updated(country="QQ"), "invalid_field", 422, "/data/country"),
    Bad("unknown zone", _updated(timezone="Mars/Base"), "invalid_field", 422, "/data/timezone"),
    Bad("unknown locale", _updated(locale="xx-none"), "invalid_field", 422, "/data/locale"),
    Bad("due long ago", _missed(due_date="1999-12-31"), "out_of_range", 422, "/data/due_date"),
    Bad("too old", _event("payment.missed", MISSED, NOW - timedelta(days=50)), "too_old", 422,
        "/time"),
    Bad("too early", _event("payment.missed", MISSED, NOW + timedelta(days=9)), "out_of_range",
        422, "/time"),
    Bad("an address as subject", json.dumps(
        event("customer.updated", "ada@example.org", {"tier": "gold"}, at=NOW)).encode(),
        "identifying_subject", 422, "/subject", key=b"ada@example.org"),
    Bad("another key", _missed(), "key_mismatch", 422, "/subject", key=b"c-other", keyed=True),
    Bad("no key", _missed(), "key_mismatch", 422, "/subject", key=None, keyed=True),
    Bad("empty", b"", "empty", 400),
    Bad("no value", None, "empty", 400, keyed=True),
    Bad("2 MiB", _updated(name="x" * (2 << 20)), "too_large", 413),
    Bad("invalid UTF-8", b'{"specversion": "1.0", "id": "\xff"}', "invalid_utf8", 400),
)  # fmt: skip


@pytest.fixture(scope="module")
def broker(request: pytest.FixtureRequest, kafka_for_tests: KafkaForTests) -> Iterator[Broker]:
    """One broker for all tests of this module."""
    assert request.param == "kafka"
    with kafka_for_tests.empty() as running:
        yield running


@pytest.fixture(scope="module")
def system(
    broker: Broker,
    databases: DatabasesForTests,
    mail_catcher: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    """The services on a Monday morning."""
    mail_catcher.empty()
    clock = Clock(NOW, 1.0, Clock().real().timestamp())
    folder = tmp_path_factory.mktemp("logs")
    with (
        databases.fresh() as database,
        whole_system(broker, database, mail_catcher, folder, clock) as system,
    ):
        yield system


def test_on_the_stream_each_is_kept_with_its_reason_and_the_next_is_handled(
    system: System,
) -> None:
    goods = [_good() for _ in BAD]
    records = [
        record
        for bad, good in zip(BAD, goods, strict=True)
        for record in ((bad.key, bad.value), (b"c-good", json.dumps(good).encode()))
    ]
    with system.log() as log, system.dead_letters() as letters:
        system.send_raw(*records, partition=0)
        found = wait_for(letters, lambda all: all if len(all) >= len(BAD) else None)
        wait_for(log, lambda facts: _applied(facts) >= {good["id"] for good in goods})
        assert len(letters.read()) == len(BAD)
        assert not of(log.events, "c-bad")
    found = sorted(found, key=lambda letter: int(letter["data"]["origin"]["offset"]))
    offsets = [letter["data"]["origin"]["offset"] for letter in found]
    assert offsets == list(range(offsets[0], offsets[0] + 2 * len(BAD), 2))
    for bad, letter in zip(BAD, found, strict=True):
        data = letter["data"]
        assert (data["code"], data["pointer"]) == (bad.code, bad.pointer), bad.name
        assert base64.b64decode(data["value_base64"]) == (bad.value or b""), bad.name
        assert data["key"] == (bad.key.decode() if bad.key is not None else None), bad.name
        assert data["origin"]["topic"] == "customer.events"
        assert data["headers"]["content-type"].startswith("application/cloudevents+json")
        assert _tells_what_to_do(data["detail"]), bad.name


@pytest.mark.parametrize("bad", [bad for bad in BAD if not bad.keyed], ids=lambda bad: bad.name)
def test_over_http_each_gets_its_reason_and_the_next_is_accepted(system: System, bad: Bad) -> None:
    refused = system.post(bad.value or b"")
    assert refused.status_code == bad.status
    assert refused.headers["content-type"] == PROBLEM
    problem = refused.json()
    assert (problem["status"], problem["code"], problem["pointer"]) == (
        bad.status,
        bad.code,
        bad.pointer,
    )
    assert _tells_what_to_do(problem["detail"])
    good = _good()
    assert system.post_event(good).status_code == 202
    poll_until(lambda: _status(system, good["id"]) == 200)


def test_nothing_refused_is_in_the_inbox(system: System) -> None:
    for bad in BAD:
        if bad.code in ("not_json", "not_cloudevent", "empty", "invalid_utf8"):
            continue
        assert _status(system, json.loads(bad.value or b"")["id"]) == 404, bad.name


def test_an_event_in_binary_mode_is_accepted_over_http(system: System) -> None:
    good = _good()
    attributes = {
        f"ce-{name}": good[name] for name in ("specversion", "id", "type", "subject", "time")
    }
    # The HTTP binding of CloudEvents, 3.1.3.2: what is not ASCII is percent-encoded.
    headers = {**attributes, "ce-source": "urn:test:%E2%82%AC", "Content-Type": "application/json"}
    assert system.post(json.dumps(good["data"]).encode(), headers).status_code == 202
    poll_until(lambda: _status(system, good["id"], "urn:test:€") == 200)


def test_what_is_dead_can_be_listed_and_replayed(system: System) -> None:
    early = event(
        "customer.updated", "c-good", {}, at=system.clock.now() + timedelta(days=1, seconds=6)
    )
    with system.dead_letters() as letters:
        system.send(early)
        value = json.dumps(early).encode()
        wait_for(letters, lambda all: any(_original(letter) == value for letter in all))
    listed = system.command("dead-letters", "list", "--json", "--value")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    (row,) = [row for row in rows if row["value"] == value.decode()]
    assert (row["code"], row["pointer"]) == ("out_of_range", "/time")
    # By now or soon it is less than a day ahead, and so no longer at fault.
    poll_until(
        lambda: system.clock.now() + timedelta(days=1) > datetime.fromisoformat(early["time"])
    )
    replayed = system.command("dead-letters", "replay", row["number"])
    assert replayed.returncode == 0, replayed.stderr.decode()
    poll_until(lambda: _status(system, early["id"]) == 200)


def test_links_that_are_forged_or_expired_show_a_plain_page_and_do_nothing(system: System) -> None:
    known = event(
        "customer.updated",
        "c-linked",
        {
            "email": "linked@example.org",
            "timezone": "Europe/Berlin",
            "country": "DE",
            "verification": {"passphrase": "blue", "last_digits": "4711"},
        },
        at=NOW,
    )
    system.send(known, event("payment.missed", "c-linked", {**MISSED, "bill_id": "b-l"}, at=NOW))
    letter = system.mailbox.wait_for(1, to="linked@example.org")[0]
    with system.log() as log:
        wait_for(log, lambda facts: of(facts, "c-linked", "message.sent"))
        before = len(of(log.events, "c-linked"))
        for method, address in _useless(system, letter):
            answer = httpx.request(method, address, data=_form(method), trust_env=False)
            assert answer.status_code in (404, 410), f"{method} {address}: {answer.status_code}"
            assert answer.headers["content-type"].startswith("text/html")
            assert "Harbour Bank" not in answer.text
            assert "set-cookie" not in answer.headers
        Visitor(system).look_at_picture(letter)
        wait_for(log, lambda facts: of(facts, "c-linked", "message.opened"))
        # The facts of one customer are in order: what the others did would stand before it.
        assert [fact["type"] for fact in of(log.events, "c-linked")[before:]] == ["message.opened"]
    assert not system.database.rows("SELECT 1 FROM negotiator.session")


def test_a_playbook_version_that_nobody_knows_ends_its_own_steps_alone(system: System) -> None:
    told = [
        event("customer.updated", who, {**BERLIN, "email": f"{who}@example.org"}, at=NOW)
        for who in ("c-unknown-version", "c-neighbour")
    ]
    with system.log() as log:
        system.send(*told)
        wait_for(log, lambda facts: all(of(facts, one["subject"], "event.") for one in told))
        command = _requested("c-unknown-version", playbook_version=9999)
        system.send_raw((b"c-unknown-version", encode(command)), topic=OUTREACH_COMMANDS)
        missed = {**MISSED, "bill_id": "b-neighbour"}
        system.send(event("payment.missed", "c-neighbour", missed, at=NOW))
        system.mailbox.wait_for(1, to="c-neighbour@example.org")
        wait_for(log, lambda facts: of(facts, "c-unknown-version", "outreach.completed"))
        [refused] = of(log.events, "c-unknown-version", "message.refused")
    why = "playbook_version_not_loaded"
    assert (refused["data"]["reason"], refused["data"]["retryable"]) == (why, True)
    assert system.mailbox.messages(to="c-unknown-version@example.org") == []
    [shown] = system.get("scheduler", "/customers/c-unknown-version/outreach").json()["enrolments"]
    whole = system.get("scheduler", f"/outreach/{shown['enrolment_id']}").json()
    assert whole["playbook_version"] == 9999
    assert [(step["state"], step["reason"]) for step in whole["steps"]] == [("refused", why)]
    explained = system.get("scheduler", "/customers/c-unknown-version/explain").json()
    assert [one["reason"] for one in explained["decisions"]] == [why]
    assert system.ready("messenger")[0] == system.ready("scheduler")[0] == 200


INTERNAL = [
    ("segmenter", "POST", "/events", PUBLISH_TOKEN),
    ("segmenter", "GET", "/events?source=a&id=b", READ_TOKEN),
    ("segmenter", "GET", "/customers/c-good", READ_TOKEN),
    ("scheduler", "GET", "/outreach/e-1", READ_TOKEN),
    ("scheduler", "GET", "/obligations/b-1", READ_TOKEN),
    ("scheduler", "GET", "/customers/c-good/outreach", READ_TOKEN),
    ("scheduler", "GET", "/customers/c-good/timeline", READ_TOKEN),
    ("scheduler", "GET", "/console/data", READ_TOKEN),
    ("scheduler", "POST", "/customers/c-good/pause", None),
    ("messenger", "GET", "/messages/m-1", READ_TOKEN),
    ("messenger", "POST", "/replies", PUBLISH_TOKEN),
    ("negotiator", "GET", "/cases/k-1", READ_TOKEN),
]


@pytest.mark.parametrize(("service", "method", "path", "fit"), INTERNAL)
def test_internal_routes_want_a_token_with_the_scope(
    system: System, service: str, method: str, path: str, fit: str | None
) -> None:
    def ask(authorization: str | None) -> int:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = system.http.request(method, system.url(service, path), headers=headers)
        if answer.status_code in (401, 403):
            assert answer.headers["content-type"] == PROBLEM
            assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
        return answer.status_code

    assert [ask(None), ask("Bearer wrong"), ask("Basic dGVzdDp0ZXN0"), ask("Bearer")] == [401] * 4
    for token in (READ_TOKEN, PUBLISH_TOKEN):
        assert (ask(f"Bearer {token}") == 403) == (token != fit), token


def test_a_token_of_one_tenant_opens_nothing_of_another(system: System) -> None:
    bound = {"Authorization": f"Bearer {BOUND_TOKEN}"}
    for service, path in (
        ("segmenter", "/customers/c-good"),
        ("segmenter", f"/events?source={SOURCE}&id=x"),
        ("scheduler", "/customers/c-good/timeline"),
    ):
        assert system.http.get(system.url(service, path), headers=bound).status_code == 403
    assert system.post(json.dumps(_good()).encode(), bound).status_code == 403
    own = system.post(json.dumps({**_good(), "tenant": "other"}).encode(), bound)
    assert own.status_code == 202


def _requested(who: str, playbook_version: int) -> Envelope:
    """A command about a missed payment, whose one step cannot wait for another attempt."""
    step = {"name": "hello", "anchor": "trigger", "days": 0, "valid_for": "PT10M",
            "template": "hello", "channel": "email"}  # fmt: skip
    terms = {name: value for name, value in MISSED.items() if name != "bill_id"}
    trigger = {"event_type": "payment.missed", "event_id": who, "event_source": SOURCE,
               "event_time": NOW.isoformat()}  # fmt: skip
    data = {
        "playbook": "recover",
        "playbook_version": playbook_version,
        "segment": "everyone",
        "tone": "neutral",
        "purpose": "collection",
        "obligation": {"obligation_id": f"b-{who}", "kind": "bill", "parties": [who], **terms},
        "steps": [step],
        "exits": [],
        "locale": "en",
        "place": BERLIN,
        "context": {},
        "trigger": trigger,
        "after": {},
    }
    return make(
        "outreach.requested",
        data,
        id=fresh(),
        source="/rapport/segmenter",
        tenant="default",
        subject=who,
        time=NOW,
    )


def _good() -> dict[str, Any]:
    return event("customer.updated", "c-good", {"tier": f"t{next(_numbers)}"}, at=NOW)


def _applied(facts: list[dict[str, Any]]) -> set[str]:
    return {fact["data"]["event_id"] for fact in of(facts, "c-good", "event.applied")}


def _status(system: System, id: str, source: str = SOURCE) -> int:
    return system.get("segmenter", "/events", source=source, id=id).status_code


def _original(letter: dict[str, Any]) -> bytes:
    return base64.b64decode(letter["data"]["value_base64"])


def _tells_what_to_do(detail: str) -> bool:
    """Whether it is a whole sentence that repeats nothing personal."""
    return len(detail.split()) >= 5 and detail.endswith(".") and "ada@" not in detail


def _form(method: str) -> dict[str, str] | None:
    return {"List-Unsubscribe": "One-Click", "do": "off", "form": "x"} if method == "POST" else None


def _useless(system: System, letter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Addresses of every kind of link whose token is no good, as they could be tried."""
    message_id = letter["message_id"].strip("<>").partition("@")[0]
    click = link_with(letter, "/t/c/").rpartition("/")[2]
    opened = picture(letter).rpartition("/")[2].removesuffix(".gif")
    leave = one_click_address(letter).rpartition("/")[2]
    choose = link_with(letter, "/preferences/").rpartition("/")[2]
    helped = link_with(letter, "/t/f/").rpartition("/")[2]
    signer, gone = Signer(SECRET_KEY), NOW - timedelta(seconds=1)
    places = {
        LinkKind.CLICK: ("messenger", "/t/c/{}", ("GET",), (opened, leave)),
        LinkKind.OPEN: ("messenger", "/t/o/{}.gif", ("GET",), (click, choose)),
        LinkKind.HONEYPOT: ("messenger", "/t/n/{}", ("GET",), (click, opened)),
        LinkKind.UNSUBSCRIBE: ("messenger", "/u/{}", ("GET", "POST"), (click, choose)),
        LinkKind.PREFERENCES: ("messenger", "/preferences/{}", ("GET", "POST"), (leave, opened)),
        LinkKind.FEEDBACK: ("messenger", "/t/f/{}", ("GET", "POST"), (click, choose)),
        LinkKind.PORTAL: ("negotiator", "/p/{}", ("GET",), (click, leave)),
    }
    own = {LinkKind.CLICK: click, LinkKind.OPEN: opened, LinkKind.UNSUBSCRIBE: leave,
           LinkKind.PREFERENCES: choose, LinkKind.FEEDBACK: helped}  # fmt: skip
    for kind, (service, path, methods, others) in places.items():
        expired = signer.sign(kind.value, {"m": message_id, "l": "portal"}, gone)
        stranger = Signer("another secret").sign(
            kind.value, {"m": message_id}, NOW + timedelta(days=9)
        )
        genuine = own.get(kind, click)
        tokens = ("x", "%00", "a.b", genuine[:-4] + "AAAA", "e" + genuine, expired, stranger)
        for token in (*tokens, *others):
            for method in methods:
                yield method, system.url(service, path.format(token))
    for act in ("verify", "accept", "person", "not-me", "leave", "plans"):
        for token in ("x", click):
            yield "POST", system.url("negotiator", f"/p/{token}/{act}")
