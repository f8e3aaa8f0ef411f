"""What caps count: by unit, scope, window and who made the contact; and the minimum distance."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy.counting import by_people
from services.policy.gate import cap_counts, check
from services.policy.model import Approach, Contact, Pack, Zones
from services.policy.packs import from_content

TOKYO = Zones(("Asia/Tokyo",))
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
"""Wednesday, 12:00 in Tokyo."""
ABOUT_B1 = Approach("collection", "email", obligation_ids=("b1",))


def pack(**rules: Any) -> Pack:
    said = {"citation": "test", "status": "house", "verified": True}
    told = {name: [{"rule": name, **said, **one}] for name, one in rules.items()}
    return from_content(
        {
            "name": "p",
            "version": 1,
            "title": "For tests",
            "applies": {"everywhere": True},
            "hours": [{"rule": "all-day", "from": "00:00", "until": "24:00", **said}],
            **told,
        }
    )


def cap(limit: int = 1, hours: int = 168, **more: Any) -> Pack:
    return pack(caps={"limit": limit, "window_hours": hours, **more})


def sent(hours_ago: float, *about: str, channel: str = "email") -> Contact:
    return Contact(NOON - timedelta(hours=hours_ago), "collection", channel, about or ("b1",))


def called(outcome: str, about: str | None = None, channel: str = "phone") -> Contact:
    return by_people(channel, outcome, NOON - timedelta(hours=1), about)


def allowed(
    one: Pack, *contacts: Contact, approach: Approach = ABOUT_B1, now: datetime = NOON
) -> bool:
    return check(now, TOKYO, [one], approach, contacts).allowed


def test_an_attempt_counts_only_where_attempts_do() -> None:
    assert allowed(cap(), called("attempt"))
    assert not allowed(cap(), called("reached"))
    assert not allowed(cap(unit="attempt"), called("attempt"))


def test_contacts_of_the_publishers_people_count_where_the_pack_counts_them() -> None:
    assert allowed(cap(counts=["machine"]), called("reached"))
    assert not allowed(cap(counts=["people"]), called("reached"))
    assert allowed(cap(counts=["people"]), sent(1))


def test_a_cap_on_some_channels_counts_those_and_what_it_cannot_name() -> None:
    mail = cap(channels=["email"])
    assert allowed(mail, called("reached"))
    assert not allowed(mail, called("reached", channel="pigeon"))
    assert allowed(cap(channels=["phone"]), called("reached"))  # an e-mail is no call


def test_a_cap_on_an_obligation_counts_all_its_parties_and_what_names_none() -> None:
    one = cap(scope="obligation")
    assert not allowed(one, sent(1))
    assert allowed(one, sent(1, "b2"))
    assert not allowed(one, called("reached"))
    assert allowed(one, called("reached", about="b2"))
    other = Contact(NOON - timedelta(hours=1), "collection", "email", ("b1",), other_party=True)
    assert not allowed(one, other)
    assert allowed(cap(), other)


def test_of_several_obligations_the_fullest_counts() -> None:
    both = Approach("collection", "email", obligation_ids=("b1", "b2"))
    made = [sent(5, "b2"), sent(3, "b2"), sent(1)]
    one = cap(limit=2, scope="obligation")
    assert not allowed(one, *made, approach=both)
    assert allowed(one, *made)
    assert cap_counts(NOON, TOKYO, [one], both, made)[0].count == 2


def test_a_cap_on_the_account_counts_every_obligation_and_the_other_parties() -> None:
    one = cap(scope="account")
    assert not allowed(one, sent(1, "b2"))
    other = Contact(NOON - timedelta(hours=1), "collection", "email", ("b1",), other_party=True)
    assert not allowed(one, other)


def test_a_cap_on_the_number_counts_its_channel() -> None:
    one = cap(scope="number")
    assert not allowed(one, sent(1))
    assert allowed(one, sent(1, channel="sms"))


@pytest.mark.parametrize(
    ("calendar", "hours", "first"),
    [
        ("day", 24, "2026-03-04T00:00+09:00"),
        ("week", 168, "2026-03-02T00:00+09:00"),
        ("month", 744, "2026-03-01T00:00+09:00"),
    ],
)
def test_a_calendar_window_begins_at_local_midnight(calendar: str, hours: int, first: str) -> None:
    one = cap(hours=hours, calendar=calendar)
    began = datetime.fromisoformat(first)
    assert not allowed(one, Contact(began, "collection", "email", ("b1",)))
    before = Contact(began - timedelta(seconds=1), "collection", "email", ("b1",))
    assert allowed(one, before)


@pytest.mark.parametrize(
    ("calendar", "hours", "free"),
    [
        ("day", 24, "2026-03-05T00:00+09:00"),
        ("week", 168, "2026-03-09T00:00+09:00"),
        ("month", 744, "2026-04-01T00:00+09:00"),
    ],
)
def test_a_calendar_window_ends_with_the_day_week_or_month(
    calendar: str, hours: int, free: str
) -> None:
    verdict = check(NOON, TOKYO, [cap(hours=hours, calendar=calendar)], ABOUT_B1, [sent(1)])
    assert (verdict.reason, verdict.not_before) == ("cap", datetime.fromisoformat(free))


def test_a_calendar_day_is_judged_at_every_candidate_place() -> None:
    zones = Zones(("America/New_York", "Asia/Tokyo"), uncertain=True)
    one = cap(hours=24, calendar="day")
    # Today in Tokyo began 15:00 UTC the day before; in New York, at 05:00 UTC of that day.
    earlier = Contact(NOON - timedelta(hours=20), "collection", "email", ("b1",))
    assert check(NOON, TOKYO, [one], ABOUT_B1, [earlier]).allowed
    verdict = check(NOON, zones, [one], ABOUT_B1, [earlier])
    assert verdict.not_before == datetime.fromisoformat("2026-03-04T00:00-05:00")


def test_between_any_two_contacts_lies_the_gap() -> None:
    one = pack(gaps={"hours": 4})
    assert allowed(one, sent(4))
    verdict = check(NOON, TOKYO, [one], ABOUT_B1, [sent(3), sent(30)])
    assert (verdict.reason, verdict.rule) == ("gap", "p/gaps")
    assert verdict.not_before == NOON + timedelta(hours=1)


def test_an_offer_keeps_its_distance_from_contacts_for_whatever_purpose() -> None:
    one = pack(gaps={"hours": 4, "purposes": ["marketing"]})
    assert not allowed(one, sent(3), approach=Approach("marketing", "email"))
    assert allowed(one, sent(3))


def test_an_answer_to_the_customer_need_not_keep_a_distance_that_spares_it() -> None:
    answer = Approach("service", "email", answers=True)
    assert allowed(pack(gaps={"hours": 1, "spares_answers": True}), sent(0.5), approach=answer)
    assert not allowed(pack(gaps={"hours": 1}), sent(0.5), approach=answer)
    assert not allowed(pack(gaps={"hours": 1, "spares_answers": True}), sent(0.5))


def test_a_rule_for_collectors_binds_whenever_one_acts() -> None:
    one = cap(roles=["collector"])
    assert allowed(one, sent(1))
    for roles in ({"collector"}, {"creditor", "collector"}):
        approach = Approach("collection", "email", frozenset(roles), ("b1",))
        assert not allowed(one, sent(1), approach=approach)


def test_a_cap_that_ends_tonight_does_not_hold_tomorrow() -> None:
    one = cap(limit=0, in_force={"until": "2026-03-04"})
    verdict = check(NOON, TOKYO, [one], ABOUT_B1)
    assert verdict.not_before == datetime.fromisoformat("2026-03-05T00:00+09:00")
