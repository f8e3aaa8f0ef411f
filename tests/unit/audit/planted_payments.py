"""Orders given while payments may have been missing, and on evidence that nobody gave."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted

KNOWN = "2026-03-09T00:00:00+00:00"


def _known(world: World, age: float, until: str = KNOWN) -> None:
    world.add("known", "log.heartbeat", "lane:0", KNOWN, service="segmenter", lane=0,
              sent_at=KNOWN, read="customer.events", before="d-tokyo-3.dispatched")  # fmt: skip
    evidence = {"until": until, "age_seconds": age, "limit_seconds": 30.0}
    world.change("d-tokyo-3.dispatched", events=evidence)


@planted(3, "payment-lag", "d-tokyo-3.dispatched")
def ordered_while_payments_may_have_been_missing(world: World) -> None:
    _known(world, 30.5)


@planted(3, "payment-evidence", "d-tokyo-3.dispatched")
def ordered_on_events_that_nobody_said_to_be_known(world: World) -> None:
    _known(world, 1.0, until="2026-03-09T00:00:01+00:00")
