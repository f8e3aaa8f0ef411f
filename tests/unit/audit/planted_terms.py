"""Offers and agreements that go wrong, and facts that must not be: promises 7 to 9."""

import json
from typing import Any

from planted import Cases

from support.audit.world import World
from support.audit.world_packs import AUTHORITY

CASES = Cases()
planted = CASES.planted


def terms(world: World, **changes: Any) -> None:
    """Change the offer that is open, without touching the one that was agreed."""
    world.change("any.first", **changes)


@planted(7, "discount", "any.first")
def discount_rounded_up(world: World) -> None:
    # A tenth of 20001 is 2000.1: 2000 may be given up, 2001 not.
    terms(world, discount_minor=2001, total_minor=18000)
    world["any.first"].data["instalments"] = [{"due_date": "2026-03-10", "amount_minor": 18000}]


@planted(7, "instalments", "any.first")
def too_many_instalments(world: World) -> None:
    days = ("2026-03-10", "2026-03-20", "2026-04-01", "2026-04-10")
    parts = [{"due_date": day, "amount_minor": 4500 + (day == days[0])} for day in days]
    terms(world, instalments=parts)


@planted(7, "least-instalment", "any.first")
def instalment_too_small(world: World) -> None:
    terms(world, instalments=[{"due_date": "2026-03-10", "amount_minor": 17002},
                              {"due_date": "2026-04-10", "amount_minor": 999}])  # fmt: skip


@planted(7, "too-long", "any.first")
def plan_too_long(world: World) -> None:
    # 60 days after 3 March (the 4th, where the day is furthest on) is 3 May.
    terms(world, instalments=[{"due_date": "2026-05-04", "amount_minor": 18001}])


@planted(7, "dates", "any.first")
def instalment_in_the_past(world: World) -> None:
    terms(world, instalments=[{"due_date": "2026-03-02", "amount_minor": 18001}])


@planted(7, "dates", "any.first")
def instalments_on_one_day(world: World) -> None:
    terms(world, instalments=[{"due_date": "2026-03-10", "amount_minor": 9000},
                              {"due_date": "2026-03-10", "amount_minor": 9001}])  # fmt: skip


@planted(7, "empty-instalment", "any.first")
def instalment_of_nothing(world: World) -> None:
    world["any.first"].data["authority"] = AUTHORITY | {"min_instalment_minor": 0}
    world["e-any.enrolled"].data["offers"] = AUTHORITY | {"min_instalment_minor": 0}
    for name in ("any.second", "any.agreed", "any.wish"):
        world[name].data["authority"] = AUTHORITY | {"min_instalment_minor": 0}
    terms(world, instalments=[{"due_date": "2026-03-10", "amount_minor": 0},
                              {"due_date": "2026-04-10", "amount_minor": 18001}])  # fmt: skip


@planted(7, "sum", "any.first")
def instalments_do_not_add_up(world: World) -> None:
    terms(world, instalments=[{"due_date": "2026-03-10", "amount_minor": 18000}])


@planted(7, "total", "any.first")
def total_does_not_follow(world: World) -> None:
    terms(world, discount_minor=1999)


@planted(7, "balance", "any.first")
def about_more_than_is_owed(world: World) -> None:
    terms(world, balance_minor=20002, total_minor=18002)
    world["any.first"].data["instalments"] = [{"due_date": "2026-03-10", "amount_minor": 18002}]


@planted(7, "validity", "any.first")
def valid_for_too_long(world: World) -> None:
    terms(world, expires_at="2026-03-05T20:00:01+00:00")


@planted(7, "expiry", "any.first")
def expired_when_made(world: World) -> None:
    terms(world, expires_at="2026-03-03T20:00:00+00:00")


@planted(7, "unsigned", "any.first")
def not_signed(world: World) -> None:
    terms(world, signature="00")


@planted(7, "authority", "e-any.enrolled", "any.first")
def authority_nobody_gave(world: World) -> None:
    terms(world, authority=AUTHORITY | {"max_discount_bp": 5000})


@planted(7, "accepted-late", "any.second", "any.accepted")
def accepted_after_expiry(world: World) -> None:
    world.move("any.accepted", "2026-03-05T20:00:01+00:00")


@planted(7, "accepted-late", "gone", "any.accepted")
def accepted_after_it_was_declined(world: World) -> None:
    world.add("gone", "offer.expired", "anywhere", "2026-03-05T19:00:00+00:00",
              offer_id="second", case_id="case", obligation_id="b-any",
              before="any.accepted")  # fmt: skip


@planted(7, "accepted-twice", "any.accepted", "again")
def accepted_twice(world: World) -> None:
    world.copy("any.accepted", "again")


@planted(7, "no-offer", "any.accepted")
def accepted_but_never_offered(world: World) -> None:
    world.drop("any.second")


@planted(7, "discount", "any.wish")
def customers_wish_beyond_authority_accepted(world: World) -> None:
    wish = {**world["any.wish"].data, "instalments": [
        {"due_date": "2026-04-24", "amount_minor": 100}]}  # fmt: skip
    world.change("any.wish", instalments=wish["instalments"])
    world.change("any.accepted", offer_id="wish")
    keep = ("currency", "total_minor", "discount_minor", "instalments", "authority")
    world.change("any.agreed", offer_id="wish", **{name: wish[name] for name in keep})


@planted(7, "no-agreement", "any.accepted")
def accepted_without_an_agreement(world: World) -> None:
    world.drop("any.agreed", "any.broken")


@planted(7, "agreement-sum", "any.agreed")
def agreement_does_not_add_up(world: World) -> None:
    world.change("any.agreed", instalments=[{"due_date": "2026-03-10", "amount_minor": 18000}])


@planted(7, "agreement-differs", "any.second", "any.agreed")
def agreement_differs_from_its_offer(world: World) -> None:
    world.change("any.agreed", instalments=[{"due_date": "2026-05-02", "amount_minor": 18001}])


@planted(7, "not-accepted", "any.agreed")
def agreement_without_acceptance(world: World) -> None:
    world.drop("any.accepted")


@planted(7, "agreed-twice", "any.agreed", "again")
def agreement_made_twice(world: World) -> None:
    world.copy("any.agreed", "again")


@planted(7, "two-agreements", "any.agreed", "agreed-2")
def two_agreements_at_once(world: World) -> None:
    world.drop("any.declined")
    world.copy("any.accepted", "accepted-2", offer_id="first", agreement_id="a-2")
    world.copy("any.agreed", "agreed-2", offer_id="first", agreement_id="a-2")
    world.copy("any.broken", "broken-2", agreement_id="a-2")


@planted(8, "held-out-yet-begun", "quiet.held", "e-quiet.enrolled")
def begun_for_one_held_out(world: World) -> None:
    world.enrol("e-quiet", "quiet", "2026-03-05T10:00:00+00:00", "quiet.due", "b-quiet")
    world.drop("e-quiet.segmented")


@planted(8, "contract", "d-wary.sent")
def fact_that_breaks_its_contract(world: World) -> None:
    event = {"specversion": "1.0", "id": "d-wary.sent", "source": "/x", "type": "message.sent",
             "subject": "wary", "time": "2026-03-05T13:00:00Z", "data": {}}  # fmt: skip
    world.copy("d-wary.sent", "second")
    world["d-wary.sent"].raw = json.dumps(event).encode()


@planted(9, "identifier", "e-wary.segmented")
def email_address_in_a_fact(world: World) -> None:
    world.change("e-wary.segmented", inputs={"who": "reach ana@example.com"})


@planted(9, "identifier", "e-wary.segmented")
def phone_number_in_a_fact(world: World) -> None:
    world.change("e-wary.segmented", inputs={"who": "+44 20 7946 0123"})


@planted(9, "identifier", "wary.left")
def address_as_an_id(world: World) -> None:
    world.change("wary.left", message_id="ana@example.com")
