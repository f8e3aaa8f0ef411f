"""Contacts although an operator had stopped sending: promise 3."""

from planted import Cases

from support.audit.log_builder import plus
from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def _stop(world: World, scope: str, tenant: str | None, name: str | None) -> None:
    """Stopped in the lane of `tries`, an hour before its last messages, which are only one."""
    world.add("stopped", "sending.stopped", "tries", "2026-03-06T11:30:00+00:00", scope=scope,
              of_tenant=tenant, name=name, by="ops", reason="incident 1", revision=1,
              before="d-tries-sent.dispatched")  # fmt: skip
    world.drop(*(f"d-tries-unknown.{part}" for part in ("dispatched", "intended", "unknown")))
    # Nothing later is sent: what is told here is about this message alone.
    world.add("resumed", "sending.resumed", "tries", "2026-03-06T12:30:00+00:00", scope=scope,
              of_tenant=tenant, name=name, by="ops", reason="over", revision=2,
              after="d-tries-sent.sent")  # fmt: skip


@planted(3, "sending", "stopped", "d-tries-sent.intended")
def contact_while_everything_was_stopped(world: World) -> None:
    _stop(world, "everything", None, None)


@planted(3, "sending", "stopped", "d-tries-sent.intended")
def contact_while_the_tenant_was_stopped(world: World) -> None:
    _stop(world, "tenant", "default", None)


@planted(3, "sending", "stopped", "d-tries-sent.intended")
def contact_while_the_playbook_was_stopped(world: World) -> None:
    _stop(world, "playbook", "default", "bill-reminder")


@planted(3, "sending", "stopped", "d-tries-sent.intended")
def contact_while_the_creditor_was_stopped(world: World) -> None:
    _stop(world, "creditor", "default", "Bank")
    world["e-tries.enrolled"].data["obligation"]["creditor"] = "Bank"


@planted(3, "sending", "halt", "d-halted.intended")
def contact_upon_a_resumption_that_was_overtaken(world: World) -> None:
    """A lower revision told late does not lift a stop."""
    at = "2026-03-14T10:00:00+00:00"
    world.add("halt", "sending.stopped", "halted", plus(at, minutes=1), scope="playbook",
              of_tenant="default", name="bill-reminder", by="ops", reason="again", revision=3,
              before="d-halted.dispatched")  # fmt: skip
    world.add("late", "sending.resumed", "halted", plus(at, minutes=2), scope="playbook",
              of_tenant="default", name="bill-reminder", by="ops", reason="over", revision=2,
              before="d-halted.dispatched")  # fmt: skip
    world.add("over", "sending.resumed", "halted", plus(at, days=1), scope="playbook",
              of_tenant="default", name="bill-reminder", by="ops", reason="over", revision=4,
              after="d-halted.sent")  # fmt: skip


@planted(3, "paused", "halted.own", "d-halted.intended")
def contact_while_its_enrolment_was_paused(world: World) -> None:
    """That of another enrolment is over; its own is resumed only later."""
    world.drop("halted.resumed")
    world.add("halted.go-other", "outreach.resumed", "halted", "2026-03-14T11:30:00+00:00",
              enrolment_id="e-other", by="ops", before="d-halted.dispatched")  # fmt: skip


@planted(2, "sent-again", "again.planned")
def a_step_by_another_channel_though_the_first_may_have_arrived(world: World) -> None:
    at = "2026-03-02T01:00:00+00:00"
    world.add("again.planned", "outreach.step_planned", "tokyo", at, step_id="again",
              enrolment_id="e-tokyo", step="step", due_at=at, zones=["Asia/Tokyo"],
              instead_of="tokyo-0", channel="sms", after="d-tokyo-0.sent")  # fmt: skip
