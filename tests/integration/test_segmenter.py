"""The segmenter's handler on PostgreSQL: from records of customer.events to facts and commands."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from processing_world import NOW, Record, Worker, World
from typer.testing import CliRunner

from rapport import calling
from rapport.cli import app
from schemas.envelope import decode, parse_data
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_COMMANDS, OUTREACH_LOG
from services.playbooks.catalogue import Catalogue
from services.runtime.security import Caller
from services.segmenter import api, stream
from support.database import Database
from support.playbooks import in_force, shipped_version

MISSED = {
    "bill_id": "b-1",
    "creditor": "Harbour Bank",
    "amount_minor": 24_000,
    "currency": "EUR",
    "due_date": "2026-02-27",
}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """A database, and records to come."""
    made = World(database)
    yield made
    made.close()


@pytest.fixture
def segmenter(world: World) -> Worker:
    """The real segmenter's worker, its clock standing still; it owns partition 0."""
    worker = world.worker()
    standing = in_force(worker.context.settings.playbooks_dir, "default", "other")
    worker = worker.handle_by(stream.handlers(worker.context, standing)[CUSTOMER_EVENTS])
    worker.take_over()
    return worker


def event(type: str, data: dict[str, Any], *, id: str = "e-1", **changes: Any) -> dict[str, Any]:
    """One customer event of customer c-1, right now."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/bank",
        "type": type,
        "subject": "c-1",
        "time": NOW.isoformat(),
        "data": data,
        **changes,
    }


def facts(world: World, type: str) -> list[dict[str, Any]]:
    """Facts of a type that wait to be published, each as its contract has it."""
    found = [one for one in world.outbox(OUTREACH_LOG) if one["type"] == type]
    for one in found:
        parse_data(decode(json.dumps(one).encode()), OUTREACH_LOG)
    return found


def test_a_missed_payment_becomes_two_facts_and_a_command(world: World, segmenter: Worker) -> None:
    known = {
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "timezone": "Asia/Tokyo",
        "country": "JP",
        "locale": "ja",
        "birth_year": 1984,
        "verification": {"passphrase": "blue", "last_digits": "4711"},
    }
    events = [
        event("customer.updated", known, id="e-1"),
        event("payment.missed", MISSED, id="e-2", traceparent=TRACE),
    ]
    segmenter.apply(world.records(events))
    updated, missed = facts(world, "event.applied")
    assert updated["data"]["data"] == {
        "timezone": "Asia/Tokyo",
        "country": "JP",
        "locale": "ja",
        "channels": {"email": segmenter.context.signer.keyed_hash("ada@example.org")},
        "verification": ["last_digits", "passphrase"],
    }
    assert missed["data"]["obligation_id"] == "b-1"
    assert missed["data"]["position"] == {"topic": CUSTOMER_EVENTS, "partition": 0, "offset": 1}
    assert (missed["correlationid"], missed["causationid"]) == ("e-2", "e-2")
    assert missed["traceparent"] == TRACE
    (segmented,) = facts(world, "customer.segmented")
    assert (segmented["data"]["playbook"], segmented["data"]["segment"]) == ("recover", "everyone")
    (command,) = world.outbox(OUTREACH_COMMANDS)
    parse_data(decode(json.dumps(command).encode()), OUTREACH_COMMANDS)
    data = command["data"]
    assert data["after"] == {f"{CUSTOMER_EVENTS}/0": 1}
    assert data["place"]["timezone"] == "Asia/Tokyo"
    assert (data["locale"], data.get("defaults_used")) == ("ja", None)
    assert data["obligation"]["obligation_id"] == "b-1"
    assert [step["name"] for step in data["steps"]][:2] == ["hello", "choices"]
    everything = json.dumps([world.outbox(OUTREACH_LOG), world.outbox(OUTREACH_COMMANDS)])
    for personal in ("Ada", "ada@", "1984", "blue", "4711"):
        assert personal not in everything


def test_a_duplicate_changes_nothing(world: World, segmenter: Worker) -> None:
    first, again = world.records([event("payment.missed", MISSED)] * 2)
    segmenter.apply([first])
    before = world.outbox(OUTREACH_LOG) + world.outbox(OUTREACH_COMMANDS)
    segmenter.apply([again])
    assert world.outbox(OUTREACH_LOG) + world.outbox(OUTREACH_COMMANDS) == before
    assert _state(world)["events"] == 1


def test_one_batch_and_one_by_one_come_to_the_same(world: World, segmenter: Worker) -> None:
    events = [
        event("customer.updated", {"country": "DE"}, id="e-1"),
        event("customer.hold_placed", {"kind": "hardship"}, id="e-2"),
        event("payment.missed", {**MISSED, "version": 2}, id="e-3"),
        event("payment.missed", {**MISSED, "version": 1}, id="e-4"),
        event("customer.updated", {"country": None, "tier": "gold"}, id="e-5"),
    ]
    segmenter.apply(world.records(events))
    for one in world.records([{**one, "subject": "c-2", "tenant": "other"} for one in events]):
        segmenter.apply([one])
    assert _state(world) == _state(world, "c-2", "other")
    told: dict[str, list[Any]] = {"c-1": [], "c-2": []}
    for fact in world.outbox(OUTREACH_LOG):
        shown = (fact["type"], fact["data"].get("effect"), fact["data"].get("segment"))
        told[fact["subject"]].append(shown)
    assert told["c-1"] == told["c-2"]
    assert ("event.applied", "stale_version", None) in told["c-1"]
    assert ("customer.segmented", None, "vulnerable") in told["c-1"]


def test_a_version_is_remembered_over_batches_and_by_tenant(
    world: World, segmenter: Worker
) -> None:
    def missed(version: int, id: str, **changes: Any) -> Record:
        data = {**MISSED, "version": version}
        return world.record(event("payment.missed", data, id=id, **changes))

    segmenter.apply([missed(7, "e-1")])
    segmenter.apply([missed(6, "e-2"), missed(6, "e-3", tenant="other")])
    effects = [fact["data"]["effect"] for fact in facts(world, "event.applied")]
    assert effects == ["applied", "stale_version", "applied"]
    assert len(world.outbox(OUTREACH_COMMANDS)) == 2


@pytest.mark.parametrize(
    ("age", "replay", "code"),
    [
        (timedelta(days=46), False, "too_old"),
        (timedelta(days=46), True, "too_old"),
        (-timedelta(days=2), False, "out_of_range"),
    ],
)
def test_what_could_not_be_told_from_a_repeat_is_refused_and_its_neighbours_go_on(
    world: World, segmenter: Worker, age: timedelta, replay: bool, code: str
) -> None:
    far = event("payment.missed", MISSED, id="far", time=(NOW - age).isoformat(), replay=replay)
    segmenter.apply(world.records([event("customer.updated", {}, id="e-1"), far,
                                   event("customer.updated", {}, id="e-2")]))  # fmt: skip
    (letter,) = world.dead_letters()
    assert (letter["code"], letter["pointer"], letter["origin"]["offset"]) == (code, "/time", 1)
    assert [fact["data"]["event_id"] for fact in facts(world, "event.applied")] == ["e-1", "e-2"]
    assert world.inbox() == 2


def test_an_old_event_updates_and_a_replay_triggers(world: World, segmenter: Worker) -> None:
    then = (NOW - timedelta(days=8)).isoformat()
    segmenter.apply(
        world.records(
            [
                event("payment.missed", MISSED, id="e-1", time=then),
                event("payment.missed", MISSED, id="e-2", time=then, replay=True),
            ]
        )
    )
    assert [fact["data"]["effect"] for fact in facts(world, "event.applied")] == ["old", "applied"]
    reasons = [fact["data"]["reason"] for fact in facts(world, "customer.segmented")]
    assert reasons == ["old_event", None]
    assert len(world.outbox(OUTREACH_COMMANDS)) == 1


def test_who_is_held_out_gets_a_fact_in_place_of_a_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLOBAL_HOLDOUT_BP", "5000")
    worker = world.worker()
    worker = worker.handle_by(
        stream.handlers(worker.context, in_force(worker.context.settings.playbooks_dir))[
            CUSTOMER_EVENTS
        ]
    )
    worker.take_over()
    # Of ten thousand lots c-1 draws 336 and c-3 draws 8912.
    events = [event("payment.missed", MISSED, id=f"e-{who}", subject=who) for who in ("c-1", "c-3")]
    worker.apply(world.records(events))
    assert [one["subject"] for one in world.outbox(OUTREACH_COMMANDS)] == ["c-3"]
    assert [one["data"]["matched"] for one in facts(world, "customer.segmented")] == [True, True]
    (held,) = facts(world, "customer.held_out")
    assert (held["subject"], held["causationid"]) == ("c-1", "e-c-1")
    assert held["data"] == {
        "playbook": None,
        "holdout": "global",
        "share_bp": 5000,
        "instead_of": "recover",
        "playbook_version": shipped_version("recover"),
        "segment": "everyone",
        "tone": "neutral",
        "obligation_id": "b-1",
        "trigger_event_id": "e-c-1",
    }


def test_tenants_share_nothing(world: World, segmenter: Worker) -> None:
    gold = event("customer.updated", {"tier": "gold"})
    segmenter.apply(world.records([gold, {**gold, "tenant": "other", "data": {"tier": "new"}}]))
    assert _state(world)["tier"] == "gold"
    assert _state(world, tenant="other")["tier"] == "new"


@pytest.mark.parametrize("named", ["c-1", "c-0"])
def test_a_person_is_forgotten_under_every_id_whichever_is_named(
    world: World, segmenter: Worker, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    segmenter.context.callers = {"secret": Caller("ops", frozenset({"operate"}), None)}
    http = TestClient(api.create(segmenter.context, Catalogue()))
    http.headers["Authorization"] = "Bearer secret"
    monkeypatch.setattr(calling, "operator_of", {"segmenter": http}.__getitem__)
    born = {"birth_year": 1990, "tier": "gold"}
    former = {"subject": "c-0"}
    segmenter.apply(
        world.records(
            [
                event("customer.updated", born),
                event("customer.updated", born, id="e-2", **former),
                event("customer.merged", {"into": "c-1"}, id="e-3", **former),
                event("customer.updated", born, id="e-4", subject="c-2"),
            ]
        )
    )
    asked = ["erase", named, "--reason", "gdpr_17", "--yes"]
    for more in (["--json"], []):
        done = CliRunner().invoke(app, [*asked, *more])
        assert (done.exit_code, "c-0" in done.output) == (0, True)
    told = {one["subject"]: one["data"] for one in facts(world, "customer.erased")}
    as_asked = {"tables": 1, "reason": "gdpr_17", "by": "ops"}
    assert told == dict.fromkeys(("c-0", "c-1"), as_asked)
    assert [_state(world, one).get("birth_year") for one in ("c-0", "c-1", "c-2")] == [
        None, None, 1990,
    ]  # fmt: skip
    for wrong in (["nobody"], ["c-1", "--reason", "Because they said so"]):
        assert CliRunner().invoke(app, ["erase", *wrong, "--yes"]).exit_code == 2
    assert CliRunner().invoke(app, ["erase", "c-2"], input="n").exit_code == 1
    assert _state(world, "c-2")["birth_year"] == 1990


def test_age_steers_only_where_a_pack_permits_it(world: World, segmenter: Worker) -> None:
    young = {"birth_year": 2004, "timezone": "Europe/Berlin", "country": "DE"}
    segmenter.apply(
        world.records(
            [
                event("customer.updated", young, id="e-1"),
                event("payment.missed", MISSED, id="e-2"),
            ]
        )
    )
    (segmented,) = facts(world, "customer.segmented")
    assert (segmented["data"]["segment"], segmented["data"]["tone"]) == ("everyone", "neutral")
    passed = {one["segment"]: one["attribute"] for one in segmented["data"]["passed_over"]}
    assert passed["young"] == "age"


def _state(world: World, customer: str = "c-1", tenant: str = "default") -> dict[str, Any]:
    ((state,),) = world.database.rows(
        "SELECT state FROM segmenter.profile WHERE customer = %s AND tenant = %s", customer, tenant
    )
    return dict(state)
