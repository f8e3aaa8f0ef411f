"""What operators do at the scheduler: stop sending and resume it, on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from scheduler_node import Bench, applied, due_soon, message, requested

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.partitioning import PARTITIONS
from services.scheduler.taking_effect import TakingEffect
from services.scheduler.timers import CountingStops
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def post(bench: Bench, path: str, token: str = "o1", **body: Any) -> Any:
    """What a POST answers."""
    return bench.web.post(path, json=body, headers={"authorization": f"Bearer {token}"})


def planned(bench: Bench) -> None:
    """A bill of Acme's, of which ann is reminded on 5 March at 10:00."""
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())


@pytest.mark.parametrize(
    "asked",
    [
        {"scope": "everything"},
        {"scope": "tenant", "tenant": "default"},
        {"scope": "creditor", "name": "Acme"},
        {"scope": "playbook", "name": "bill-reminder"},
    ],
    ids=lambda asked: asked["scope"],
)
def test_what_is_stopped_waits_and_goes_on_when_it_is_resumed(
    bench: Bench, asked: dict[str, str]
) -> None:
    planned(bench)
    stopped = post(bench, "/sending/stop", **asked, reason="incident 31")
    assert stopped.status_code == 200, stopped.text
    assert stopped.json()["changed"]
    told = [fact for fact in bench.outbox() if fact.type == "sending.stopped"]
    assert [fact.subject for fact in told] == [f"lane:{n}" for n in range(PARTITIONS)]
    assert {fact.data["by"] for fact in told} == {"ops"}
    assert len({fact.id for fact in told}) == PARTITIONS
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    assert bench.outbox(OUTREACH_DISPATCHES) == []
    deferred = bench.outbox()[-1]
    assert (deferred.type, deferred.data["reason"]) == ("outreach.step_deferred", "sending_stopped")
    assert deferred.data["rule"] == f"sending/{asked['scope']}"
    assert bench.claim() == 0
    [shown] = bench.get("/sending")["stopped"]
    assert (shown["by"], shown["reason"]) == ("ops", "incident 31")
    bench.at("2026-03-05T14:00:00+09:00")
    assert post(bench, "/sending/resume", **asked, reason="over").json()["stopped"] == []
    assert bench.claim() == 1
    assert len(bench.outbox(OUTREACH_DISPATCHES)) == 1


def test_what_was_ordered_before_goes_on_as_soon_as_it_is_resumed(bench: Bench) -> None:
    planned(bench)
    bench.at("2026-03-05T10:00:01+09:00")
    bench.claim()
    [order] = bench.outbox(OUTREACH_DISPATCHES)
    post(bench, "/sending/stop", scope="everything", reason="incident 31")
    why = {"reason": "sending_stopped", "rule": "sending/everything", "rule_version": 1}
    bench.deliver(OUTREACH_LOG, message("message.refused", order, **why, retryable=True))
    post(bench, "/sending/resume", scope="everything", reason="over")
    assert bench.claim() == 1
    first, again = bench.outbox(OUTREACH_DISPATCHES)
    assert first.data["step_id"] == again.data["step_id"]


def test_a_step_that_waits_too_long_ends_and_says_so(bench: Bench) -> None:
    planned(bench)
    post(bench, "/sending/stop", scope="everything", reason="incident 31")
    for instant in ("2026-03-05T10:00:01+09:00", "2026-03-06T10:00:01+09:00"):
        bench.at(instant)
        assert bench.claim() == 1
    ended = bench.outbox()[-1]
    assert (ended.type, ended.data["reason"]) == ("outreach.step_suppressed", "too_late")


def test_a_word_said_twice_is_one_and_the_metric_tells_what_stands(bench: Bench) -> None:
    for changed in (True, False):
        answer = post(bench, "/sending/stop", scope="everything", reason="incident 31")
        assert answer.json()["changed"] is changed
        assert answer.json()["in_force"]
    assert bench.told() == ["sending.stopped"] * PARTITIONS
    CountingStops(bench.context)()
    assert (
        'rapport_sending_stopped_scopes{scope="everything"} 1.0' in bench.web.get("/metrics").text
    )
    data = bench.get("/console/data")
    assert (len(data["stopped"]), data["may_stop"]) == (1, False)


def test_a_stop_that_the_log_does_not_know_yet_is_kept_and_said_again(bench: Bench) -> None:
    bench.in_force = False
    for changed in (True, False):
        answer = post(bench, "/sending/stop", scope="everything", reason="incident 31")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        said = answer.json()
        assert (said["in_force"], said["changed"], len(said["stopped"])) == (False, changed, 1)
    bench.in_force = True
    answer = post(bench, "/sending/stop", scope="everything", reason="incident 31")
    assert (answer.status_code, answer.json()["changed"]) == (200, False)


def test_it_takes_effect_some_time_after_all_that_was_said_before_is_published(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = timedelta(seconds=0.1)
    takes_effect = TakingEffect(bench.context, log_within=short, last_leaves=short)
    begun = bench.context.clock.monotonic()
    assert takes_effect()
    assert bench.context.clock.monotonic() - begun >= short.total_seconds()
    post(bench, "/sending/stop", scope="everything", reason="incident 31")
    assert not takes_effect()
    *most, _ = (row for (row,) in bench.database.rows("SELECT id FROM scheduler.outbox"))
    bench.database.rows("DELETE FROM scheduler.outbox WHERE id = ANY(%s)", most)
    assert not takes_effect()

    def publish() -> None:
        monkeypatch.undo()
        bench.database.rows("DELETE FROM scheduler.outbox")
        post(bench, "/sending/resume", scope="everything", reason="said later: not waited for")

    monkeypatch.setattr(bench.context, "wake_publisher", publish)
    assert takes_effect()
    assert bench.told() == ["sending.resumed"] * PARTITIONS


@pytest.mark.parametrize(
    ("asked", "token", "status"),
    [
        ({"scope": "creditor", "name": "Acne"}, "o1", 404),
        ({"scope": "playbook", "name": "recover"}, "o1", 404),
        ({"scope": "planet"}, "o1", 422),
        ({"scope": "creditor"}, "o1", 422),
        ({"scope": "everything", "tenant": "default"}, "o1", 422),
        ({"scope": "everything", "name": "x"}, "o1", 422),
        ({"scope": "everything"}, "b1", 403),
        ({"scope": "tenant", "tenant": "default"}, "b1", 403),
        ({"scope": "everything"}, "r1", 403),
    ],
)
def test_a_stop_that_cannot_be_says_why(
    bench: Bench, asked: dict[str, str], token: str, status: int
) -> None:
    answer = post(bench, "/sending/stop", token, **asked, reason="incident 31")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert bench.get("/sending")["stopped"] == []


def test_what_was_never_seen_is_stopped_if_that_is_meant(bench: Bench) -> None:
    answer = post(
        bench, "/sending/stop", scope="playbook", name="recover", reason="not yet", unseen=True
    )
    assert answer.json()["changed"]
    assert post(bench, "/sending/resume", scope="everything", reason="x").status_code == 404
    mine = post(bench, "/sending/stop", "b1", scope="tenant", tenant="bank", reason="ours")
    assert [one["tenant"] for one in mine.json()["stopped"]] == ["bank"]


def test_what_no_route_serves_is_a_problem_too(bench: Bench) -> None:
    for answer, status in (
        (bench.web.get("/nothing"), 404),
        (bench.web.delete("/sending"), 405),
        (bench.web.get("/sending?x=1"), 401),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_only_an_operator_lifts_what_is_final_and_says_why(bench: Bench) -> None:
    planned(bench)
    at = "2026-03-03T09:00:00+09:00"
    for offset, word in ((8, "placed"), (9, "lifted")):
        told = applied(
            f"customer.hold_{word}", offset, obligation_id=None, time=at, kind="deceased"
        )
        bench.deliver(OUTREACH_LOG, told)
    assert bench.told()[-2:] == ["outreach.cancelled", "hold.lift_refused"]
    assert [h["kind"] for h in bench.get("/customers/ann/outreach")["holds"]] == ["deceased"]
    path = "/customers/ann/holds/deceased/lift"
    for asked, token, status in (({}, "o1", 422), ({"reason": "mistake"}, "r1", 403)):
        assert post(bench, path, token, **asked).status_code == status
    assert post(bench, "/customers/ann/holds/curse/lift", reason="x").status_code == 422
    assert post(bench, "/customers/ann/holds/fraud/lift", reason="x").status_code == 404
    bench.at("2026-03-04T09:00:00+09:00")
    lifted = post(bench, path, reason="reported by mistake")
    assert lifted.status_code == 200, lifted.text
    [fact] = [one for one in bench.outbox() if one.type == "hold.lifted"]
    assert (fact.data["by"], fact.data["reason"]) == ("ops", "reported by mistake")
    assert bench.get("/customers/ann/outreach")["holds"] == []
    assert post(bench, path, reason="again").status_code == 404


def test_one_enrolment_is_paused_and_goes_on_where_its_time_is_ahead(bench: Bench) -> None:
    planned(bench)
    bench.deliver(OUTREACH_LOG, due_soon(8, bill_id="b2"))
    bench.deliver(OUTREACH_COMMANDS, requested(8, bill_id="b2"))
    mine, other = [
        one.data["enrolment_id"] for one in bench.outbox() if one.type == "outreach.enrolled"
    ]
    path = f"/outreach/{mine}"
    assert post(bench, f"{path}/pause", "r1", until=None).status_code == 403
    assert post(bench, "/outreach/nobody/pause", until=None).status_code == 404
    assert post(bench, "/outreach/nobody/resume").status_code == 404
    assert post(bench, f"{path}/pause", until="2028-01-01T00:00:00Z").status_code == 422
    assert post(bench, f"{path}/pause", until=None).json()["paused"]
    assert bench.get(path)["paused"]
    bench.at("2026-03-05T10:00:01+09:00")
    bench.claim()
    [sent] = bench.outbox(OUTREACH_DISPATCHES)
    assert sent.data["enrolment_id"] == other
    waits = [one.data for one in bench.outbox() if one.type == "outreach.step_deferred"]
    assert [(one["enrolment_id"], one["reason"]) for one in waits] == [(mine, "paused")]
    bench.at("2026-03-07T10:00:00+09:00")
    for _ in range(2):
        assert post(bench, f"{path}/resume").status_code == 200
    told = [one for one in bench.outbox() if one.type in ("outreach.paused", "outreach.resumed")]
    assert [(one.type, one.data["by"]) for one in told] == [
        ("outreach.paused", "ops"),
        ("outreach.resumed", "ops"),
    ]
    for now in ("2026-03-09T10:00:01+09:00", "2026-03-09T11:00:01+09:00"):
        bench.at(now)
        bench.claim()
    assert {one.data["enrolment_id"] for one in bench.outbox(OUTREACH_DISPATCHES)} == {mine, other}
