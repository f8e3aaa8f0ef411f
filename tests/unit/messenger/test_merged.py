"""What was said under ids that a customer goes by no more."""

from datetime import UTC, datetime, timedelta

import pytest

from services.messenger.model import Place
from services.messenger.rules.merging import Former, consents, holds, place, wishes
from services.policy.holds import Words
from services.policy.model import ConsentRecord
from services.policy.persons import Said

MERGED = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def word(status: str, hours: int) -> ConsentRecord:
    return ConsentRecord("email", "*", status, MERGED + hours * HOUR)


@pytest.mark.parametrize(
    ("own", "old", "counts"),
    [
        (word("granted", -1), word("revoked", -9), "revoked"),
        (word("revoked", -9), word("granted", -1), "revoked"),
        (word("granted", 1), word("revoked", -9), "granted"),
        (word("granted", -9), word("revoked", 1), "revoked"),
        (word("granted", 2), word("revoked", 1), "granted"),
        (word("revoked", 1), word("granted", 2), "granted"),
        (word("granted", -2), word("granted", -1), "granted"),
    ],
)
def test_before_the_merging_the_stricter_word_counts_and_after_it_the_newest(
    own: ConsentRecord, old: ConsentRecord, counts: str
) -> None:
    [found] = consents([own], [Former(MERGED, (old,))])
    assert found.status == counts


@pytest.mark.parametrize(("hours", "stands"), [(-1, True), (1, False)])
def test_a_hold_of_another_id_is_lifted_by_what_is_said_after_the_merging(
    hours: int, stands: bool
) -> None:
    about = ("dispute", "b1")
    said = [
        Said("new", about, Words().lifted(MERGED + hours * HOUR, by_operator=False)),
        Said("old", about, Words().placed(MERGED - 9 * HOUR, None)),
    ]
    lifted, placed = holds(said, {"old": ("new", MERGED)})
    assert (lifted.at, placed.kind, placed.obligation_id) == (None, "dispute", "b1")
    assert (placed.lifted_at is None) is stands


def test_words_on_other_channels_stand_side_by_side() -> None:
    sms = ConsentRecord("sms", "*", "revoked", MERGED)
    found = consents([word("granted", 0)], [Former(None, (sms,)), Former(MERGED)])
    assert {(one.channel, one.status) for one in found} == {
        ("email", "granted"),
        ("sms", "revoked"),
    }


def test_wishes_follow_and_the_fewest_messages_count() -> None:
    old = {"max_a_week": 1, "hours": "08:00-12:00", "language": "ja"}
    assert wishes({"max_a_week": 2, "hours": "17:00-21:00"}, [old, {}]) == {
        "max_a_week": 1,
        "hours": "17:00-21:00",
        "language": "ja",
    }
    assert wishes({"max_a_week": 1}, [{"max_a_week": 2}]) == {"max_a_week": 1}
    assert wishes({}, [{}]) == {}


def test_where_nothing_is_known_of_the_place_another_id_tells_it() -> None:
    tokyo, nowhere = Place(timezone="Asia/Tokyo"), Place()
    first = Former(MERGED, place=Place(country="US"))
    later = Former(MERGED + HOUR, place=Place(country="FR"))
    assert place(tokyo, [first]) == tokyo
    assert place(nowhere, [later, Former(MERGED - HOUR), first]) == first.place
    assert place(nowhere, []) == nowhere
