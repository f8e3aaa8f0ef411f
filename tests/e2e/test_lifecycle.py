"""A playbook is changed and changed back under load: no enrolment in flight notices, new ones do.

Time stands still while the versions change, so that every enrolment is in flight then; the second
letter of each goes out afterwards.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from e2e.conftest import Launch
from services.runtime.clock import Clock
from support.polling import poll_until
from support.system import TOKEN, Fact, System, Topic, event, wait_for

START = datetime.fromisoformat("2026-03-02T11:00+01:00")
SPEED = 1200.0
LEAD_SECONDS = 18.0
"""Real seconds that time stands still: for the start, and for changing versions."""
IN_FORCE_SECONDS = 5.0
BERLIN = ZoneInfo("Europe/Berlin")
PAUSE_SECONDS = 0.05
ENOUGH = 8
"""Enrolments in each version before the next change."""
TOKENS = f"ann={TOKEN}:publish+read+operate,ben=token-of-ben:operate+read"

PLAYBOOK = """\
name: notice
version: {version}
title: A payment was missed
purpose: service
about: bill
triggers: [{{event: payment.missed}}]
segments: [{{name: everyone, when: "true", tone: neutral}}]
steps:
  - {{name: first, anchor: trigger, days: 0, valid_for: P1D, template: first}}
  - {{name: second, anchor: trigger, days: 0, at: "{at}", valid_for: PT3H, template: second}}
exits: [{{on: payment.received, when: remaining_minor == 0, reason: paid}}]
links: [pay]
"""
SECOND_AT = {1: "14:00", 2: "14:30"}


def write(folder: Path, version: int) -> Path:
    """The playbook in that version, whose words name it; its folder."""
    home = folder / "notice"
    (home / "templates").mkdir(parents=True, exist_ok=True)
    text = PLAYBOOK.format(version=version, at=SECOND_AT[version])
    (home / "playbook.yaml").write_text(text, encoding="utf-8")
    words = {
        step: {
            "neutral": {
                "subject": f"{step} in words of {version}",
                "preheader": "A note.",
                "body": "It is about {{ amount }}.\n\n[Pay]({{ links.pay }})\n",
            }
        }
        for step in ("first", "second")
    }
    for locale in ("en", "zh", "ja"):
        file = home / "templates" / f"{locale}.yaml"
        file.write_text(json.dumps(words), encoding="utf-8")
    return home


class Load:
    """One customer after the other misses a payment, while inside `with`."""

    def __init__(self, system: System) -> None:
        self.customers: list[str] = []
        self._system = system
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            who = f"customer-{len(self.customers)}"
            person = {
                "email": f"{who}@example.org",
                "timezone": "Europe/Berlin",
                "country": "DE",
                "locale": "en",
            }
            bill = {
                "bill_id": f"b-{who}",
                "creditor": "Harbour Bank",
                "amount_minor": 24_000,
                "currency": "EUR",
                "due_date": "2026-02-27",
            }
            now = self._system.clock.now()
            self._system.send(
                event("customer.updated", who, person, at=now),
                event("payment.missed", who, bill, at=now),
            )
            self.customers.append(who)


@contextmanager
def running(launch: Launch, folder: Path) -> Iterator[System]:
    clock = Clock(START.astimezone(UTC), SPEED, Clock().real().timestamp() + LEAD_SECONDS)
    with launch(clock, PLAYBOOKS_DIR=str(folder), API_TOKENS=TOKENS) as system:
        yield system


@pytest.mark.brokers("kafka")
def test_changing_a_playbook_under_load_alters_no_enrolment_in_flight_and_every_new_one(
    launch: Launch, tmp_path: Path
) -> None:
    write(tmp_path / "in-force", 1)
    with running(launch, tmp_path / "in-force") as system, system.log() as log:
        with Load(system) as load:
            _enrolled_since(log, load, 0, 1)
            home = write(tmp_path / "new", 2)
            done = system.command("playbook", "publish", str(home), "--as", "ann")
            assert done.returncode == 0, done.stderr.decode()
            poll_until(lambda: _listed(system, 2), IN_FORCE_SECONDS, "the draft has not arrived")
            assert _decide(system, 2, "approve", TOKEN) == 409, "ann wrote it"
            assert _decide(system, 2, "approve", "token-of-ben") == 202
            _enrolled_since(log, load, _until_in_force(system, load, 2), 2)
            assert _decide(system, 2, "withdraw", TOKEN) == 202
            _enrolled_since(log, load, _until_in_force(system, load, 1), 1)
        _until_all_is_sent(system, len(load.customers))
        everyone = set(load.customers)
        wait_for(log, lambda facts: set(_versions(facts)) == everyone, message="some are missing")
        versions = _versions(log.read())
        _each_had_the_words_and_steps_of_its_version(system, log, versions)
        _who_did_it_is_told(log)
        assert system.violations() == []


def _listed(system: System, version: int) -> dict[str, Any] | None:
    listed = system.get("segmenter", "/playbooks").json()["playbooks"]
    return next((one for one in listed if one["version"] == version), None)


def _decide(system: System, version: int, what: str, token: str) -> int:
    url = system.url("segmenter", f"/playbooks/notice/{version}/{what}")
    return system.http.post(url, headers={"Authorization": f"Bearer {token}"}).status_code


def _until_in_force(system: System, load: Load, version: int) -> int:
    """Wait for it, for seconds only; how many customers may have come before."""

    def in_force() -> bool:
        listed = _listed(system, version)
        return listed is not None and bool(listed["in_force"])

    poll_until(in_force, IN_FORCE_SECONDS, f"version {version} is not in force")
    return len(load.customers) + 1  # one may be on the way


def _enrolled_since(log: Topic, load: Load, before: int, version: int) -> None:
    """Wait until enough came after those before; each of them is in that version."""

    def enough() -> bool:
        versions = _versions(log.read())
        later = [who for who in load.customers[before:] if who in versions]
        assert {versions[who] for who in later} <= {version}
        return len(later) >= ENOUGH

    poll_until(enough, 30, f"not {ENOUGH} enrolments in version {version}")


def _versions(facts: list[Fact]) -> dict[str, int]:
    return {
        fact["subject"]: fact["data"]["playbook_version"]
        for fact in facts
        if fact["type"] == "outreach.enrolled"
    }


def _until_all_is_sent(system: System, customers: int) -> None:
    def sent() -> bool:
        ((enrolled,),) = system.database.rows("SELECT count(*) FROM scheduler.enrolment")
        ((open_,),) = system.database.rows(
            "SELECT count(*) FROM scheduler.step WHERE state IN ('planned', 'dispatched')"
        )
        return (enrolled, open_) == (customers, 0)

    poll_until(sent, 60, "letters are still to be sent")
    system.settled()


def _each_had_the_words_and_steps_of_its_version(
    system: System, log: Topic, versions: dict[str, int]
) -> None:
    facts = log.read()
    subjects: dict[str, list[str]] = defaultdict(list)
    for letter in system.mailbox.messages():
        subjects[letter["to"][0].partition("@")[0]].append(letter["subject"])
    for who, version in versions.items():
        words = [f"{step} in words of {version}" for step in ("first", "second")]
        # Whoever came after the second's time on a slow machine has had the second alone.
        assert sorted(subjects[who]) in (words, words[1:]), who
    intended = [f for f in facts if f["type"] == "message.intended"]
    assert {(f["subject"], f["data"]["playbook_version"]) for f in intended} == set(
        versions.items()
    )
    ahead = [
        fact
        for fact in facts
        if fact["type"] == "outreach.step_planned"
        and fact["data"]["step"] == "second"
        and _local_time(fact["time"]) < min(SECOND_AT.values())
    ]
    assert ahead
    for fact in ahead:
        assert _local_time(fact["data"]["due_at"]) == SECOND_AT[versions[fact["subject"]]]


def _local_time(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(BERLIN):%H:%M}"


def _who_did_it_is_told(log: Topic) -> None:
    told = [
        (fact["type"], fact["data"]["playbook_version"], fact["data"]["actor"])
        for fact in log.read()
        if fact["type"].startswith("playbook.")
    ]
    assert sorted(told) == [
        ("playbook.approved", 1, "operator"),
        ("playbook.approved", 2, "ben"),
        ("playbook.published", 1, "folder"),
        ("playbook.published", 2, "ann"),
        ("playbook.withdrawn", 2, "ann"),
    ]
