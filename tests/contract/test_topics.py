"""Topics are declared once, with bounds on what may be set."""

from datetime import timedelta

import pytest

from schemas import topics
from schemas.envelope import MAX_VALUE_BYTES
from schemas.registry import PUBLISHED

MAIN = (
    topics.CUSTOMER_EVENTS,
    topics.OUTREACH_COMMANDS,
    topics.OUTREACH_DISPATCHES,
    topics.OUTREACH_LOG,
)


def test_the_design_names_the_topics() -> None:
    assert set(topics.declared({})) == {*MAIN, topics.DEAD_LETTERS, topics.PLAYBOOKS}
    assert set(PUBLISHED) <= set(topics.declared({}))


def test_the_main_topics_have_one_partition_count() -> None:
    for setting, count in (({}, 8), ({"PARTITIONS": "24"}, 24)):
        declared = topics.declared(setting)
        assert {declared[name].partitions for name in MAIN} == {count}
        assert declared[topics.DEAD_LETTERS].partitions == 1


def test_personal_data_is_kept_a_month_at_most() -> None:
    assert topics.declared({})[topics.CUSTOMER_EVENTS].retention == timedelta(days=7)
    longest = topics.declared({"CUSTOMER_EVENTS_RETENTION_DAYS": "30"})
    assert longest[topics.CUSTOMER_EVENTS].retention == timedelta(days=30)
    with pytest.raises(ValueError, match="CUSTOMER_EVENTS_RETENTION_DAYS: set a whole number"):
        topics.declared({"CUSTOMER_EVENTS_RETENTION_DAYS": "31"})


def test_the_log_may_be_kept_for_ever() -> None:
    assert (
        topics.declared({"OUTREACH_LOG_RETENTION_DAYS": "0"})[topics.OUTREACH_LOG].retention is None
    )


def test_a_value_too_large_reaches_the_service_that_refuses_it() -> None:
    declared = topics.declared({})
    # Base64 makes a dead letter a third longer than the value it keeps.
    assert declared[topics.CUSTOMER_EVENTS].max_message_bytes > 2 * MAX_VALUE_BYTES
    largest = declared[topics.CUSTOMER_EVENTS].max_message_bytes * 4 // 3 + 64 * 1024
    assert declared[topics.DEAD_LETTERS].max_message_bytes > largest


@pytest.mark.parametrize("text", ["0", "-1", "many", "8.0", "100000"])
def test_a_faulty_partition_count_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="PARTITIONS: set a whole number from 1 to 10000"):
        topics.declared({"PARTITIONS": text})
