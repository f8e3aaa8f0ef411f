"""Terms beyond a creditor's matrix, and payments moved too far: promise 7."""

from typing import Any

from planted import Cases

from support.audit.good_talk import schedule
from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def _pay(world: World, name: str, parts: list[tuple[str, int]], npv: int | None = None) -> None:
    """Give an offer other payments, and say what they are worth."""
    total = sum(amount for _, amount in parts)
    data = world[name].data
    balance = data["balance_minor"]
    world.change(name, instalments=schedule(parts), total_minor=total,
                 discount_minor=balance - total)  # fmt: skip
    if npv is not None:
        _cite(world, name, npv_minor=npv)


def _cite(world: World, name: str, **changes: Any) -> None:
    world.change(name, matrix=world[name].data["matrix"] | changes)


@planted(7, "matrix-discount", "talk.plain")
def more_off_than_the_cell_allows(world: World) -> None:
    # Two in a hundred of 20000 are 400.
    _pay(world, "talk.plain", [("2026-03-10", 10000), ("2026-04-10", 9599)], 19503)


@planted(7, "matrix-instalments", "talk.plain")
def more_payments_than_the_cell_allows(world: World) -> None:
    parts = [("2026-03-10", 7000), ("2026-04-10", 7000), ("2026-04-11", 6000)]
    _pay(world, "talk.plain", parts, 19880)


@planted(7, "npv", "talk.plain")
def worth_less_than_the_cell_allows(world: World) -> None:
    economics = world["authority.strict"].data["content"]["economics"]
    content = world["authority.strict"].data["content"]
    dear = {**content, "economics": economics | {"yearly_rate_bp": 10000}}
    world.change("authority.strict", content=dear)
    _cite(world, "talk.plain", npv_minor=18868)
    world.drop("talk.need", "talk.person", "talk.accepted", "talk.agreed", "talk.moved")


@planted(7, "npv-stated", "talk.plain")
def worth_stated_wrongly(world: World) -> None:
    _cite(world, "talk.plain", npv_minor=19990)


@planted(7, "floor", "talk.need")
def below_the_floor(world: World) -> None:
    content = world["authority.strict"].data["content"]
    high = {**content, "economics": content["economics"] | {"floor_bp": 9600}}
    world.change("authority.strict", content=high)


@planted(7, "commission", "talk.need")
def more_of_the_commission_than_may_be_given_up(world: World) -> None:
    content = world["authority.strict"].data["content"]
    little = {**content, "economics": content["economics"] | {"give_up_bp": 400}}
    world.change("authority.strict", content=little)


@planted(7, "matrix-least", "talk.need")
def smaller_payment_than_the_cell_allows(world: World) -> None:
    parts = [("2026-03-10", 1500), ("2026-04-10", 9000), ("2026-05-01", 8500)]
    _pay(world, "talk.need", parts, 18813)
    data = world["talk.need"].data
    keep = ("total_minor", "discount_minor", "instalments")
    world.change("talk.agreed", **{name: data[name] for name in keep})
    world.change("talk.moved", instalments=data["instalments"])


@planted(7, "matrix-days", "talk.person")
def longer_than_the_cell_allows(world: World) -> None:
    authority = world["talk.person"].data["authority"] | {"max_days": 400}
    world.change("talk.person", authority=authority)
    days = ("03", "04", "05", "06", "10")
    _pay(world, "talk.person", [(f"2026-{month}-10", 4000) for month in days], 19630)


@planted(7, "cell", "talk.plain")
def judged_by_another_cell(world: World) -> None:
    _cite(world, "talk.plain", cell="all")


@planted(7, "matrix-unknown", "talk.plain")
def matrix_that_nobody_put_into_force(world: World) -> None:
    _cite(world, "talk.plain", version=5)


@planted(7, "matrix-ignored", "talk.plain")
def matrix_that_is_not_named(world: World) -> None:
    world.change("talk.plain", matrix=None)


@planted(7, "matrix-faulty", "authority.strict")
def matrix_that_is_none(world: World) -> None:
    world.change("authority.strict", content={"name": "strict"})
    for name in ("talk.plain", "talk.need", "talk.person"):
        world.change(name, matrix=None)


@planted(7, "need-unstated", "talk.need")
def need_that_nobody_stated(world: World) -> None:
    world.drop("talk.stated")


@planted(7, "role", "talk.plain")
def machine_with_the_limits_of_a_person(world: World) -> None:
    _cite(world, "talk.plain", role="agent")


@planted(7, "unapproved", "talk.person")
def beyond_an_agents_limits_alone(world: World) -> None:
    world.change("talk.person", approved_by="ana")


@planted(7, "worse-counter", "talk.plain", "talk.second")
def countered_with_less_than_was_offered_before(world: World) -> None:
    """Dearer, heavier, and as soon: nobody who asks again may be worse off for it."""
    world.copy("talk.plain", "talk.second", offer_id="dearer")
    _pay(world, "talk.plain", [("2026-03-10", 9900), ("2026-04-10", 9900)], 19702)
    world.change("talk.countered", by_offer_id="dearer")


@planted(7, "no-counter", "talk.countered")
def countered_by_nothing(world: World) -> None:
    world.change("talk.countered", by_offer_id="elsewhere")


@planted(7, "changed-sum", "talk.agreed", "talk.moved")
def moved_payments_add_up_to_less(world: World) -> None:
    parts = [("2026-03-10", 6334), ("2026-04-15", 6333), ("2026-05-01", 6332)]
    world.change("talk.moved", instalments=schedule(parts))


@planted(7, "changed-dates", "talk.agreed", "talk.moved")
def moved_beyond_the_authority(world: World) -> None:
    parts = [("2026-03-10", 6334), ("2026-04-10", 6333), ("2026-05-04", 6333)]
    world.change("talk.moved", instalments=schedule(parts))
