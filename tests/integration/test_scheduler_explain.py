"""The scheduler's answers on why, and its timeline, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from scheduler_node import Bench, applied, due_soon, requested

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    """A bill of ann's, paused over the first reminder, another's facts beside; all told back."""
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    made.deliver(OUTREACH_LOG, due_soon(), due_soon(8, "ann", "b2"))
    made.deliver(OUTREACH_COMMANDS, requested())
    made.at("2026-03-05T09:00:00+09:00")
    paused = made.web.post(
        "/customers/ann/pause",
        json={"until": "2026-03-05T15:00:00+09:00"},
        headers={"authorization": "Bearer o1"},
    )
    assert paused.status_code == 200, paused.text
    made.at("2026-03-05T10:00:01+09:00")
    made.claim()
    made.deliver(OUTREACH_LOG, *made.outbox())
    yield made
    made.close()


def test_it_says_why_not_and_what_would_have_to_change(bench: Bench) -> None:
    found = bench.get("/customers/ann/explain")
    assert found["contacted"] is False
    [decision] = found["decisions"]
    told = decision["outcome"], decision["reason"], decision["step"]
    assert told == ("deferred", "paused", "t-7")
    assert decision["next_at"] == "2026-03-05T06:00:00Z"
    assert "resumes the customer" in decision["would_change"]
    assert decision["evidence"][0]["type"] == "outreach.enrolled"
    assert found["sentence"] == decision["sentence"]
    assert found["known"]["paused_until"] == "2026-03-05T06:00:00Z"


def test_it_goes_by_what_was_so_at_the_instant(bench: Bench) -> None:
    [before] = bench.get("/customers/ann/explain?at=2026-03-03T00:00:00Z")["decisions"]
    assert (before["outcome"], before["next_at"]) == ("planned", "2026-03-05T01:00:00Z")
    earlier = bench.get("/customers/ann/explain?at=2026-03-01T00:00:00Z")
    assert (earlier["decisions"], earlier["known"]["paused_until"]) == ([], None)
    assert "no event" in earlier["sentence"]
    assert bench.get("/customers/ann/explain?obligation=b9")["decisions"] == []


@pytest.mark.parametrize(
    ("asked", "types"),
    [
        ("type=outreach.step_", {"outreach.step_planned", "outreach.step_deferred"}),
        ("obligation=b2", {"event.applied"}),
        ("obligation=b1&type=outreach", {"outreach.enrolled", "outreach.step_planned",
                                         "outreach.step_deferred"}),
        ("since=2026-03-05T00:00:00Z", {"contact.preference_changed", "outreach.step_deferred"}),
        ("until=2026-03-02T00:00:00Z", {"event.applied"}),
    ],
)  # fmt: skip
def test_the_timeline_is_filtered(bench: Bench, asked: str, types: set[str]) -> None:
    facts = bench.get(f"/customers/ann/timeline?{asked}")["facts"]
    assert {fact["type"] for fact in facts} == types


def test_pages_cover_the_timeline_once(bench: Bench) -> None:
    whole = [fact["id"] for fact in bench.get("/customers/ann/timeline")["facts"]]
    seen, following = [], ""
    while following is not None:
        page = bench.get(f"/customers/ann/timeline?limit=2{following}")
        seen += [fact["id"] for fact in page["facts"]]
        following = page["next"] and f"&after={page['next']}"
    assert seen == whole


@pytest.mark.parametrize("path", ["explain", "timeline", "outreach"])
def test_what_nobody_knows_or_may_not_see(bench: Bench, path: str) -> None:
    for token, customer, status in (("r1", "nobody", 404), ("b1", "ann", 403), ("x", "ann", 401)):
        answer = bench.web.get(
            f"/customers/{customer}/{path}", headers={"authorization": f"Bearer {token}"}
        )
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_resumed_customer_goes_on(bench: Bench) -> None:
    bench.web.post("/customers/ann/resume", headers={"authorization": "Bearer o1"})
    assert bench.claim() == 1
    assert bench.told()[-1] == "outreach.dispatched"


def test_openapi_has_examples_and_refusals(bench: Bench) -> None:
    paths = bench.web.get("/openapi.json").json()["paths"]
    explain = paths["/customers/{customer}/explain"]["get"]["responses"]
    assert {"200", "401", "403", "404", "422"} <= set(explain)
    assert explain["200"]["content"]["application/json"]["example"]["decisions"]
    assert (
        "application/problem+json" in paths["/sending/stop"]["post"]["responses"]["404"]["content"]
    )


def test_an_explanation_knows_events_too(bench: Bench) -> None:
    at = "2026-03-05T10:00:00+09:00"
    placed = applied("customer.hold_placed", 9, obligation_id=None, time=at, kind="dispute")
    bench.deliver(OUTREACH_LOG, placed)
    held = bench.get("/customers/ann/explain")["known"]["holds"]
    assert [one["kind"] for one in held] == ["dispute"]
