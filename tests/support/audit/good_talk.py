"""A creditor with a matrix of its own, and a customer who finds terms within it."""

from typing import Any

from support.audit.log_builder import HASH, plus
from support.audit.world import World
from support.audit.world_packs import AUTHORITY

LIMITS = {"max_discount_bp": 200, "max_instalments": 2, "max_days": 60, "min_npv_bp": 9700}
MATRIX: dict[str, Any] = {
    "name": "strict",
    "version": 4,
    "title": "More for whoever needs it",
    "tenant": "default",
    "creditors": ["Strict Bank"],
    "economics": {
        "funded_by": "commission", "commission_bp": 2500, "give_up_bp": 600, "floor_bp": 9450,
        "yearly_rate_bp": 800, "lost_bp_a_month": 150,
    },
    "cells": [
        {
            "cell": "fresh", "buckets": ["current", "1-29"], "grace_days": 5,
            "balance": {"at_least": {"USD": 20000}},
            "everyone": LIMITS,
            "need": LIMITS | {"max_discount_bp": 500, "max_instalments": 3, "min_npv_bp": 9400,
                              "min_instalment": {"USD": 2000}},
            "agent": LIMITS | {"max_discount_bp": 500, "max_instalments": 4, "max_days": 90,
                               "min_npv_bp": 9400, "min_instalment": {"USD": 2000}},
            "supervisor": LIMITS | {"max_discount_bp": 500, "max_instalments": 6, "max_days": 200,
                                    "min_npv_bp": 9000, "min_instalment": {"USD": 2000}},
        },
        {"cell": "all", "grace_days": 3, "everyone": LIMITS | {"max_discount_bp": 0}},
    ],
}  # fmt: skip
IDS = {"case_id": "talk", "obligation_id": "b-talk"}


def talk(world: World) -> None:
    """Offered little, proposes more, says what they need, agrees, and moves a payment."""
    c, day = "talker", "2026-03-03T12:00:00+00:00"
    world.add("authority.strict", "authority.in_force", "authority:strict",
              "2026-03-01T00:00:00+00:00", name="strict", version=4, sha256=HASH,
              content=MATRIX)  # fmt: skip
    world.event("talk.place", "customer.updated", c, day, timezone="Asia/Tokyo", country="JP")
    world.bill("talk.missed", c, day, "b-talk", type="payment.missed", creditor="Strict Bank",
               amount_minor=20000, due_date="2026-02-10")  # fmt: skip
    world.enrol("e-talk", c, day, "talk.missed", "b-talk", playbook="recover",
                purpose="collection", offers=AUTHORITY)  # fmt: skip
    at = plus(day, hours=1)
    _offer(world, "plain", at, [("2026-03-10", 10000), ("2026-04-10", 10000)], "everyone", 19901)
    _offer(world, "own", at, [("2026-03-10", 5000), ("2026-05-10", 5000)], None, 0, by="customer")
    world.add("talk.countered", "offer.countered", c, at, offer_id="own", by_offer_id="plain",
              **IDS)  # fmt: skip
    world.add("talk.stated", "affordability.stated", c, at, **IDS)
    parts = [("2026-03-10", 6334), ("2026-04-10", 6333), ("2026-05-01", 6333)]
    _offer(world, "need", at, parts, "need", 18856)
    person = AUTHORITY | {"name": "strict/supervisor", "version": 4, "max_instalments": 6,
                          "max_days": 200, "min_instalment_minor": 2000}  # fmt: skip
    months = [(f"2026-0{month}-10", 4000) for month in range(3, 8)]
    _offer(world, "person", at, months, "supervisor", 19705, by="agent", actor="ana",
           approved_by="bo", authority=person)  # fmt: skip
    world.add("talk.accepted", "offer.accepted", c, plus(at, minutes=5), offer_id="need",
              agreement_id="a-talk", **IDS)  # fmt: skip
    agreed = world["talk.need"].data
    keep = ("currency", "total_minor", "discount_minor", "instalments", "authority")
    world.add("talk.agreed", "agreement.made", c, plus(at, minutes=5), agreement_id="a-talk",
              offer_id="need", **IDS, **{name: agreed[name] for name in keep})  # fmt: skip
    moved = [parts[0], ("2026-04-15", 6333), parts[2]]
    world.add("talk.moved", "agreement.changed", c, plus(at, days=10), agreement_id="a-talk",
              currency="USD", instalments=schedule(moved), by="customer", **IDS)  # fmt: skip


def schedule(parts: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """Payments as facts carry them."""
    return [{"due_date": day, "amount_minor": amount} for day, amount in parts]


def _offer(
    world: World,
    name: str,
    at: str,
    parts: list[tuple[str, int]],
    role: str | None,
    npv: int,
    *,
    authority: dict[str, Any] = AUTHORITY,
    **more: Any,
) -> None:
    total = sum(amount for _, amount in parts)
    matrix = {"name": "strict", "version": 4, "cell": "fresh", "role": role, "bucket": "1-29",
              "npv_minor": npv, "expected_minor": npv}  # fmt: skip
    world.add(
        f"talk.{name}", "offer.proposed", "talker", at, offer_id=name, kind="instalments",
        currency="USD", balance_minor=20000, total_minor=total, discount_minor=20000 - total,
        instalments=schedule(parts), expires_at=plus(at, hours=48), signature=HASH,
        authority=authority, matrix=matrix if role else None, **{"by": "machine"} | more, **IDS,
    )  # fmt: skip
