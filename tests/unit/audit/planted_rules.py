"""Contacts against hours, caps and required content: promises 4 to 6."""

from planted import Cases

from support.audit.log_builder import HASH
from support.audit.world import World
from support.audit.world_packs import PACKS

CASES = Cases()
planted = CASES.planted


@planted(4, "outside-hours", "policy.house", "d-tokyo-0.intended")
def before_opening(world: World) -> None:
    # 07:59:59 in Tokyo.
    world.move("d-tokyo-0.intended", "2026-03-01T22:59:59+00:00")


@planted(4, "outside-hours", "policy.house", "d-tokyo-3.intended")
def at_closing(world: World) -> None:
    # 21:00 in Tokyo.
    world.move("d-tokyo-3.intended", "2026-03-09T12:00:00+00:00")


@planted(4, "outside-hours", "policy.india", "d-delhi.intended")
def outside_the_stricter_pack(world: World) -> None:
    # 19:00 in Delhi: the house would allow it, India does not.
    world.move("d-delhi.intended", "2026-03-03T13:30:00+00:00")


@planted(4, "outside-hours", "policy.house", "d-ann.intended")
def on_the_morning_the_clocks_change(world: World) -> None:
    # Berlin on 29 March: 06:30 UTC is 08:30 there, but the customer is in London: 07:30.
    world.move("d-ann.intended", "2026-03-29T06:30:00+00:00")


@planted(4, "zone-left-out", "d-any-0.intended")
def one_zone_left_out(world: World) -> None:
    zones = [z for z in world["d-any-0.intended"].data["zones"] if z != "America/Phoenix"]
    zones = [z for z in zones if z not in ("America/Denver", "America/Boise")]
    world.change("d-any-0.intended", zones=zones)


@planted(4, "zone-left-out", "d-wary.intended")
def contradiction_of_the_country_ignored(world: World) -> None:
    world["wary.place"].data["data"] |= {"country": "DE"}


@planted(4, "zone-left-out", "d-wary.intended")
def moved_since(world: World) -> None:
    # Moved to Helsinki: there it is 15:00, so only the candidate zone is wrong.
    world.event("moved", "customer.updated", "wary", "2026-03-05T12:00:00+00:00",
                timezone="Europe/Helsinki", country=None, before="d-wary.dispatched")  # fmt: skip


@planted(4, "zone-left-out", "d-wary.intended")
def contradiction_of_the_region_ignored(world: World) -> None:
    world["wary.place"].data["data"] |= {"region": "US-HI"}


@planted(4, "place-unknown", "d-wary.intended")
def a_zone_of_no_country_taken_for_a_place(world: World) -> None:
    world["wary.place"].data["data"] |= {"timezone": "UTC", "country": None}


@planted(4, "place-unknown", "d-wary.intended")
def place_taken_back_since(world: World) -> None:
    world.event("gone", "customer.updated", "wary", "2026-03-05T12:00:00+00:00",
                timezone=None, country=None, before="d-wary.dispatched")  # fmt: skip


@planted(4, "pack-left-out", "policy.india", "d-delhi.intended")
def pack_left_out(world: World) -> None:
    world.change("d-delhi.intended", packs=[{"name": "house", "version": 1}])


@planted(4, "unknown-pack", "d-wary.intended")
def pack_nobody_stated(world: World) -> None:
    world.change("d-wary.intended", packs=[{"name": "house", "version": 1},
                                           {"name": "house", "version": 9}])  # fmt: skip


@planted(4, "place-unknown", "d-wary.intended")
def nobody_knows_where(world: World) -> None:
    world.drop("wary.place")


@planted(4, "no-zone", "d-wary.intended")
def no_zone_at_all(world: World) -> None:
    world.change("d-wary.intended", zones=[])
    # Without a zone no disclosure or consent rule is in force; those are not what is wrong here.


@planted(4, "outside-hours", "d-wary.intended")
def zone_that_does_not_exist(world: World) -> None:
    world.change("d-wary.intended", zones=["Europe/London", "Europe/Atlantis"])


@planted(4, "faulty-pack", "broken")
def pack_that_is_none(world: World) -> None:
    world.add("broken", "policy.in_force", "policy:x", "2026-03-01T00:00:00+00:00", name="x",
              version=1, sha256=HASH, content={"name": "x"})  # fmt: skip


@planted(4, "faulty-pack", "policy.japan", "again")
def pack_with_two_contents(world: World) -> None:
    world.copy("policy.japan", "again", content=PACKS["japan"] | {"title": "Nippon"})


@planted(5, "cap", "d-tokyo-0.intended", "d-tokyo-1.intended", "d-tokyo-2.intended",
         "d-tokyo-3.intended")  # fmt: skip
def fourth_within_the_window(world: World) -> None:
    # One second less than 168 hours after the first.
    world.move("d-tokyo-3.intended", "2026-03-08T23:59:59+00:00")


@planted(5, "cap", "d-tries-sent.intended", "d-tries-unknown.intended", "d-x.intended",
         "d-y.intended")  # fmt: skip
def unknown_counts_failed_does_not(world: World) -> None:
    for n, name in enumerate(("x", "y")):
        world.message(f"d-{name}", "tries", f"2026-03-07T1{n}:00:00+00:00", f"tries-{name}",
                      "e-tries", "b-tries", zones=["Europe/London"])  # fmt: skip


@planted(5, "cap", "d-ann.intended", "d-x0.intended", "d-x1.intended", "d-tail-x.intended")
def counts_over_playbooks_and_what_is_silent(world: World) -> None:
    world.bill("ann.due", "ann", "2026-03-05T11:30:00+00:00", "b-ann")
    world.enrol("e-x", "ann", "2026-03-05T11:30:00+00:00", "ann.due", "b-ann", playbook="other")
    for n in range(2):
        world.message(f"d-x{n}", "ann", f"2026-03-06T1{n}:00:00+00:00", f"x-{n}", "e-x", "b-ann",
                      zones=["Europe/London"])  # fmt: skip
    world.message("d-tail-x", "ann", "2026-03-07T10:00:00+00:00", "x-9", "e-x", "b-ann",
                  end=None, zones=["Europe/London"])  # fmt: skip
    for part in ("dispatched", "intended"):
        world[f"d-tail-x.{part}"].late_seconds = 3600


@planted(6, "no-opt-out", "d-wary.intended")
def no_one_click(world: World) -> None:
    world.change("d-wary.intended", one_click=False)


@planted(6, "disclosure", "policy.house", "d-wary.intended")
def disclosure_missing(world: World) -> None:
    world.change("d-wary.intended", disclosures=["sender_identity"])


@planted(6, "no-content-hash", "d-wary.intended")
def content_hash_too_short(world: World) -> None:
    world.change("d-wary.intended", content_sha256="ab" * 16)
