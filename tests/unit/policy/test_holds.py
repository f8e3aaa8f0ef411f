"""One table of holds, out of the packs in force, for the scheduler and the messenger alike."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.common import HoldKind, Purpose
from services.messenger.model import Hold as MessengersHold
from services.policy import holds
from services.policy.holds import Ruling, Words
from services.policy.model import Approach, Pack, Zones
from services.policy.packs import from_content, load
from services.scheduler.model import Hold as SchedulersHold

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PLACED = NOW - timedelta(days=1)
HOUSE = [p for p in load(Path(__file__).parents[3] / "deploy" / "policies") if p.everywhere]
SOMEWHERE = Zones(("Europe/Paris",), countries=("FR",))
PURPOSES = get_args(Purpose)
EXPECTED: dict[str, Any] = {
    "dispute": "stop",
    "hardship": {"service": "person_only", "collection": "person_only",
                 "retention": "stop", "marketing": "stop"},
    "moratorium": "stop",
    "vulnerability": "gentler",
    "attorney": "redirect",
    "representative": "redirect",
    "bankruptcy": "stop",
    "deceased": "stop",
    "fraud": "person_only",
    "minor": "stop",
    "litigation": "stop",
    "time_barred": "stop",
    "cease_contact": "stop",
}  # fmt: skip
ENDING = {"bankruptcy", "deceased", "minor", "cease_contact"}
OF_THE_PERSON = {"deceased", "cease_contact", "minor", "fraud", "bankruptcy", "vulnerability"}
BY_OPERATOR = {"deceased", "cease_contact"}


def ask(
    kind: str,
    purpose: str = "collection",
    about: str = "b1",
    packs: list[Pack] | None = None,
    now: datetime = NOW,
    **words: Any,
) -> Ruling | None:
    """What a hold on b1 asks of a contact, the same for both services."""
    approach = Approach(purpose, "email", frozenset({"creditor"}), (about,))
    given = {"at": PLACED, **words}
    by_service = [
        holds.ruling([hold], approach, SOMEWHERE, packs or HOUSE, now)
        for hold in (
            SchedulersHold(kind, obligation_id="b1", **given),
            MessengersHold(kind, obligation_id="b1", **given),
        )
    ]
    assert by_service[0] == by_service[1]
    return by_service[0]


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("kind", get_args(HoldKind))
def test_the_house_has_an_effect_for_every_kind_and_purpose(kind: str, purpose: str) -> None:
    wanted = EXPECTED[kind]
    found = ask(kind, purpose)
    assert found is not None
    assert found.effect == (wanted if isinstance(wanted, str) else wanted[purpose])
    assert found.resumes is (kind not in ENDING)
    assert found.to == (kind if found.effect == "redirect" else None)
    assert found.silent is (kind != "vulnerability")
    assert found.rule.startswith("default/hold.")


@pytest.mark.parametrize("kind", get_args(HoldKind))
def test_a_hold_reaches_the_person_or_only_what_it_names(kind: str) -> None:
    assert (ask(kind, about="b2") is not None) is (kind in OF_THE_PERSON)


@pytest.mark.parametrize("kind", get_args(HoldKind))
def test_a_hold_ends_when_it_says_unless_only_an_operator_lifts_it(kind: str) -> None:
    later = NOW + timedelta(microseconds=1)
    until = ask(kind, until=later)
    assert until is not None
    assert until.until == (None if kind in BY_OPERATOR else later)
    assert (ask(kind, until=NOW) is None) is (kind not in BY_OPERATOR)


@pytest.mark.parametrize("kind", get_args(HoldKind))
def test_who_may_lift_what(kind: str) -> None:
    assert (ask(kind, lifted_at=NOW) is None) is (kind not in BY_OPERATOR)
    assert ask(kind, freed_at=NOW) is None
    kept = holds.kept_by_operator(kind, SOMEWHERE, HOUSE, NOW)
    assert (kept is not None) is (kind in BY_OPERATOR)


def test_a_moratorium_lasts_sixty_days_where_no_end_is_given() -> None:
    ends = PLACED + timedelta(days=60)
    running = ask("moratorium")
    assert running is not None
    assert running.until == ends
    assert ask("moratorium", now=ends - timedelta(microseconds=1)) is not None
    assert ask("moratorium", now=ends) is None
    assert ask("moratorium", until=ends + timedelta(days=30), now=ends) is not None


def test_what_nobody_foresaw_is_silence() -> None:
    found = ask("curse")
    assert found == Ruling("curse", "stop", "holds", 1)
    assert ask("curse", about="b2") is None


def test_a_hold_that_was_never_placed_asks_nothing() -> None:
    assert ask("deceased", at=None, lifted_at=NOW) is None


def place_pack(**rule: Any) -> Pack:
    given = {"citation": "A law", "status": "binding", "verified": False, **rule}
    return from_content(
        {"name": "fr", "version": 3, "title": "France", "applies": {"countries": ["FR"]},
         "holds": [{"rule": "hold.here", **given}]}
    )  # fmt: skip


def test_a_place_makes_it_stricter_and_never_looser() -> None:
    stricter = place_pack(kinds=["vulnerability"], effect="person_only", purposes=["collection"])
    found = ask("vulnerability", packs=[*HOUSE, stricter])
    assert found is not None
    assert (found.effect, found.rule, found.rule_version) == ("person_only", "fr/hold.here", 3)
    service = ask("vulnerability", "service", packs=[*HOUSE, stricter])
    assert service is not None
    assert service.effect == "gentler"
    looser = place_pack(kinds=["deceased", "moratorium"], effect="gentler", days=10)
    kept = ask("deceased", packs=[*HOUSE, looser], lifted_at=NOW)
    assert kept is not None
    assert (kept.effect, kept.resumes) == ("stop", False)
    longer = ask("moratorium", packs=[*HOUSE, looser])
    assert longer is not None
    assert longer.until == PLACED + timedelta(days=60)


def test_the_strictest_of_several_holds_counts() -> None:
    several = [SchedulersHold(k, at=PLACED) for k in ("vulnerability", "attorney", "deceased")]
    approach = Approach("service", "email")
    found = holds.ruling(several, approach, SOMEWHERE, HOUSE, NOW)
    assert found is not None
    assert found.kind == "deceased"
    assert holds.ruling((), approach, SOMEWHERE, HOUSE, NOW) is None


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ("placed 1, lifted 2", False),
        ("lifted 2, placed 1", False),
        ("lifted 1, placed 2", True),
        ("placed 2, lifted 1", True),
        ("placed 3, lifted 2, placed 1", True),
        ("placed 1, lifted 1", False),
        ("lifted 1, placed 1", True),
        ("placed 1, freed 2", False),
        ("freed 2, placed 1", False),
        ("freed 1, placed 2", True),
    ],
)
def test_the_last_word_counts_in_whatever_order_it_is_told(told: str, stands: bool) -> None:
    words = Words()
    for word in told.split(", "):
        name, minute = word.split()
        at = PLACED + timedelta(minutes=int(minute))
        if name == "placed":
            words = words.placed(at, None)
        else:
            words = words.lifted(at, by_operator=name == "freed")
    hold = SchedulersHold("dispute", obligation_id=None, **words._asdict())
    found = holds.ruling([hold], Approach("service", "email"), SOMEWHERE, HOUSE, NOW)
    assert (found is not None) is stands
