"""What a stop of sending reaches."""

import pytest

from services.policy.sending import SendingStop, halting

STOPS = {
    "everything": SendingStop("everything"),
    "tenant": SendingStop("tenant", "acme"),
    "creditor": SendingStop("creditor", "acme", "Harbor Bank"),
    "playbook": SendingStop("playbook", "acme", "recover"),
    "of a scope to come": SendingStop("region", "acme", "US"),
}


@pytest.mark.parametrize(
    ("tenant", "playbook", "creditor", "stopped_by"),
    [
        ("other", "recover", "Harbor Bank", {"everything"}),
        ("acme", "bill-reminder", None, {"everything", "tenant", "of a scope to come"}),
        ("acme", "recover", "Bay Bank", {"everything", "tenant", "playbook", "of a scope to come"}),
        ("acme", "x", "Harbor Bank", {"everything", "tenant", "creditor", "of a scope to come"}),
    ],
)
def test_a_stop_reaches_as_far_as_it_says(
    tenant: str, playbook: str, creditor: str | None, stopped_by: set[str]
) -> None:
    found = {name for name, stop in STOPS.items() if stop.halts(tenant, playbook, creditor)}
    assert found == stopped_by


def test_the_stop_that_halts_is_named() -> None:
    stop = halting(STOPS.values(), "acme", "recover", None)
    assert stop is not None
    assert stop.rule == "sending/everything"
    assert halting((), "acme", "recover", None) is None
