"""A customer who keeps a plan: reminded of each payment, of none that is paid, and thanked."""

from typing import Any

from support.audit.log_builder import HASH, plus
from support.audit.world import World
from support.audit.world_packs import AUTHORITY

IDS = {"case_id": "keep", "obligation_id": "b-keep"}
AGREED = {**IDS, "agreement_id": "a-keep"}
_C = "keeper"


def keeper(world: World) -> None:
    """Agrees, pays, has a payment taken back, pays again and all of it; all in Tokyo."""
    day = "2026-03-03T01:00:00+00:00"
    world.event("keep.place", "customer.updated", _C, day, timezone="Asia/Tokyo", country="JP",
                channels={"email": HASH})  # fmt: skip
    world.bill("keep.missed", _C, day, "b-keep", type="payment.missed", balance_minor=12000)
    world.enrol("e-keep", _C, day, "keep.missed", "b-keep", playbook="recover",
                purpose="collection", offers=AUTHORITY)  # fmt: skip
    parts = [{"due_date": d, "amount_minor": 6000} for d in ("2026-03-06", "2026-03-20")]
    terms: dict[str, Any] = {"currency": "USD", "total_minor": 12000, "discount_minor": 0,
             "instalments": parts, "authority": AUTHORITY}  # fmt: skip
    world.add("keep.offer", "offer.proposed", _C, day, offer_id="o-keep", kind="instalments",
              balance_minor=12000, expires_at=plus(day, hours=48), signature=HASH,
              by="machine", **IDS, **terms)  # fmt: skip
    world.add("keep.accepted", "offer.accepted", _C, day, offer_id="o-keep", **AGREED)
    world.add("keep.agreed", "agreement.made", _C, day, offer_id="o-keep", **AGREED, **terms)
    world.enrol("e-care", _C, day, "keep.agreed", "b-keep", playbook="plan-keeping")
    _remind(world, "care-1", plus(day, days=2), 1)
    paid = plus(day, days=2, hours=2)
    world.add("keep.kept", "agreement.kept", _C, paid, instalment=1, amount_minor=6000, **AGREED)
    world.add("keep.back", "agreement.reopened", _C, plus(paid, hours=1), kept=0, **AGREED)
    _remind(world, "care-2", plus(day, days=3), 1)
    paid = plus(day, days=3, hours=2)
    for number in (1, 2):
        world.add(f"keep.kept-{number}", "agreement.kept", _C, paid, instalment=number,
                  amount_minor=6000, **AGREED)  # fmt: skip
    world.event("keep.paid", "payment.received", _C, paid, obligation="b-keep", payment_id="p-keep",
                bill_id="b-keep", amount_minor=12000, currency="USD",
                remaining_minor=0)  # fmt: skip
    world.add("keep.ended", "outreach.cancelled", _C, paid, enrolment_id="e-care", reason="paid",
              step_ids=[], cause_event_id="keep.paid")  # fmt: skip
    world.add("keep.completed", "agreement.completed", _C, paid, **AGREED)
    world.add("keep.again", "outreach.enrolled", _C, paid, enrolment_id="e-thanks",
              command_id="e-care.command", playbook="plan-keeping", playbook_version=1,
              segment="standard", tone="neutral", purpose="service", offers=None,
              obligation={"obligation_id": "b-keep", "kind": "bill"},
              trigger_event_id="keep.agreed", continues="e-care")  # fmt: skip
    world.message("d-thanks", _C, plus(paid, minutes=5), "thanks", "e-thanks", "b-keep",
                  packs=("house", "japan"), agreement={"agreement_id": "a-keep"})  # fmt: skip


def _remind(world: World, step: str, at: str, number: int) -> None:
    world.message(f"d-{step}", _C, at, step, "e-care", "b-keep", packs=("house", "japan"),
                  agreement={"agreement_id": "a-keep", "instalment": number})  # fmt: skip
