"""Business time: it runs as fast as it is told, from the instant it is told, in every process."""

from datetime import UTC, datetime, timedelta

import pytest

from services.runtime.clock import Clock, ClockError

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NEVER = 10_000_000_000.0


def test_without_a_setting_it_is_real_time() -> None:
    clock = Clock.parse(None)
    before = clock.real()
    assert before <= clock.now() <= clock.real()
    assert clock.text() == ""


def test_it_runs_from_its_start_as_fast_as_it_is_told() -> None:
    begun = Clock().real().timestamp() - 10
    clock = Clock.parse(f"2026-03-02T09:00:00Z*3600@{begun}")
    elapsed = clock.now() - START
    assert timedelta(hours=10) <= elapsed < timedelta(hours=11)
    assert clock.real_seconds(timedelta(hours=2)) == 2


def test_it_stands_until_its_real_start() -> None:
    assert Clock.parse(f"2026-03-02T10:00:00+01:00*3600@{NEVER}").now() == START


@pytest.mark.parametrize(
    "text", ["2026-03-02T09:00:00Z*60", "2026-03-02T10:00+01:00*0.5@1795300000"]
)
def test_its_text_gives_another_process_the_same_clock(text: str) -> None:
    clock = Clock.parse(text)
    assert Clock.parse(clock.text()) == clock


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-03-02T09:00:00*2", "2026-03-02T09:00:00Z*0", "2026-03-02T09:00:00Z*fast"]
    + ["2026-03-02T09:00:00Z*1@noon", "2026-03-02T09:00:00Z*-1@1"],
)
def test_what_cannot_be_read_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(ClockError, match="CLOCK="):
        Clock.parse(text)
