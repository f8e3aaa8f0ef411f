"""Newer kinds of rules and evidence: days, calls, minimum distance, phone, postal code."""

from typing import Any

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted
SAID = {"citation": "test", "status": "binding", "verified": True}


def add_rule(world: World, pack: str, kind: str, **rule: Any) -> None:
    content = world[f"policy.{pack}"].data["content"]
    world.change(
        f"policy.{pack}", content={**content, kind: [*content.get(kind, ()), {**rule, **SAID}]}
    )


@planted(4, "outside-hours", "policy.india", "d-delhi.intended")
def on_a_day_of_the_week_that_is_closed(world: World) -> None:
    add_rule(world, "india", "closed", rule="tuesdays", days=["tue"])


@planted(4, "outside-hours", "d-delhi.intended")
def on_no_ground_but_hours_that_nobody_has_verified(world: World) -> None:
    world.change("d-delhi.intended", roles=["collector"])
    for name, more in (("house", {"roles": ["creditor"]}), ("india", {"verified": False})):
        content = world[f"policy.{name}"].data["content"]
        hours = [{**one, **more} for one in content["hours"]]
        world.change(f"policy.{name}", content={**content, "hours": hours})


@planted(4, "zone-left-out", "d-wary.intended")
def phone_of_another_country_ignored(world: World) -> None:
    world["wary.place"].data["data"] |= {"phone_country": "FI", "phone_zones": ["Europe/Helsinki"]}


@planted(4, "pack-left-out", "policy.japan", "d-delhi.intended")
def postal_code_ignored(world: World) -> None:
    content = world["policy.japan"].data["content"]
    where = {**content["applies"], "postal_country": "IN", "postal_codes": ["110"]}
    world.change("policy.japan", content={**content, "applies": where})
    world["delhi.place"].data["data"] |= {"postal_areas": ["japan"]}


@planted(5, "cap", "called", "d-tokyo-0.intended", "d-tokyo-1.intended", "d-tokyo-2.intended")
def a_call_by_the_publishers_people_not_counted(world: World) -> None:
    at = "2026-03-01T23:30:00+00:00"
    world.event("called", "contact.made", "tokyo", at, channel="phone", direction="outbound",
                outcome="reached", at=at, before="d-tokyo-0.dispatched")  # fmt: skip


def keep_apart(world: World) -> None:
    """What `late` is sent by a collector, 97 hours apart, has to lie a little further apart."""
    gap = {"hours": 98, "roles": ["collector"], "spares_answers": True}
    add_rule(world, "house", "gaps", rule="gap", **gap)
    for name in ("late-0", "late-1"):
        world.change(f"d-{name}.intended", roles=["collector"])


def hand_over(world: World) -> None:
    """A person is asked to see to what `late` wrote."""
    world.add("late.asked", "handoff.requested", "late", "2026-03-06T01:30:00+00:00",
              reason="hardship", handoff_id="h-late", case_id="c-late",
              before="d-late-1.dispatched")  # fmt: skip


@planted(5, "cap", "d-late-0.intended", "d-late-1.intended")
def closer_than_the_minimum_distance(world: World) -> None:
    keep_apart(world)


@planted(5, "cap", "d-late-0.intended", "d-late-1.intended")
def closer_for_another_purpose(world: World) -> None:
    keep_apart(world)
    world.change("d-late-0.intended", purpose="collection")


@planted(5, "cap", "d-late-0.intended", "d-late-1.intended")
def closer_as_an_answer_that_nobody_waits_for(world: World) -> None:
    keep_apart(world)
    world.change("d-late-1.intended", answers="h-late")
