"""A log in which every promise holds, with much of what may happen in it."""

from typing import Any

from support.audit.good_keeper import keeper
from support.audit.good_talk import talk
from support.audit.log_builder import HASH, plus
from support.audit.world import World
from support.audit.world_packs import AUTHORITY, PACKS, US_ZONES


def good() -> World:
    """The world; its parts are named after the customers in it."""
    world = World()
    for name, content in PACKS.items():
        world.add(
            f"policy.{name}",
            "policy.in_force",
            f"policy:{name}",
            "2026-03-01T00:00:00+00:00",
            name=name,
            version=content["version"],
            sha256=HASH,
            content=content,
        )
    _tokyo(world)
    _late(world)
    _anywhere(world)
    _delhi(world)
    _viewer(world)
    _couple(world)
    _wary(world)
    _tries(world)
    _back(world)
    _several(world)
    _other_tenant(world)
    _halted(world)
    _quiet(world)
    talk(world)
    keeper(world)
    _tail(world)
    return world


def _tokyo(world: World) -> None:
    """Reminded four times, never more than three in 168 hours, then pays."""
    c, day = "tokyo", "2026-03-02T00:00:00+00:00"
    world.event("tokyo.place", "customer.updated", c, day, timezone="Asia/Tokyo", country="JP",
                channels={"email": HASH})  # fmt: skip
    world.bill("tokyo.due", c, day, "b-tokyo", version=2)
    steps = {f"tokyo-{n}": plus(day, days=n) for n in range(5)}
    world.enrol("e-tokyo", c, day, "tokyo.due", "b-tokyo", steps=steps)
    world.bill("tokyo.stale", c, day, "b-tokyo", version=1, effect="stale_version")
    for n, hours in enumerate((0, 48, 96, 168)):
        world.message(
            f"d-tokyo-{n}", c, plus(day, hours=hours), f"tokyo-{n}", "e-tokyo", "b-tokyo",
            packs=("house", "japan"),
        )  # fmt: skip
    world.add("tokyo.opened", "message.opened", c, plus(day, days=7), message_id="m-d-tokyo-3",
              machine=False)  # fmt: skip
    world.event("tokyo.paid", "payment.received", c, plus(day, days=8), obligation="b-tokyo",
                payment_id="p-1", bill_id="b-tokyo", amount_minor=12000, currency="USD",
                remaining_minor=0, version=3)  # fmt: skip
    world.add("tokyo.cancelled", "outreach.cancelled", c, plus(day, days=8),
              enrolment_id="e-tokyo", reason="paid", step_ids=["tokyo-4"],
              cause_event_id="tokyo.paid")  # fmt: skip


def _several(world: World) -> None:
    """Three bills in one message; one is paid in time to be left out."""
    c, day = "several", "2026-03-02T02:00:00+00:00"
    world.event("several.place", "customer.updated", c, day, timezone="Asia/Tokyo", country="JP")
    for n in range(3):
        world.bill(f"several.due-{n}", c, day, f"b-several-{n}")
        world.enrol(f"e-several-{n}", c, day, f"several.due-{n}", f"b-several-{n}",
                    steps={f"several-{n}": plus(day, minutes=5)})  # fmt: skip
    world.event("several.paid", "payment.received", c, plus(day, minutes=4),
                obligation="b-several-0", payment_id="p-several", bill_id="b-several-0",
                amount_minor=12000, currency="USD", remaining_minor=0)  # fmt: skip
    at = plus(day, minutes=5)
    others = [(f"several-{n}", f"e-several-{n}", f"b-several-{n}") for n in (1, 2)]
    world.order("d-several", c, at, "several-0", "e-several-0", with_=others)
    world.add("several.left", "message.left_out", c, at, dispatch_id="d-several",
              step_id="several-0", obligation_id="b-several-0", reason="settled",
              rule="obligation", rule_version=1, retryable=False)  # fmt: skip
    world.message("d-several", c, at, "several-1", "e-several-1", "b-several-1",
                  packs=("house", "japan"), joined=["several-2"], ordered=False,
                  obligation_ids=["b-several-1", "b-several-2"])  # fmt: skip
    world.change("d-several.sent", joined=["several-2"])


def _late(world: World) -> None:
    """A payment overtakes the failure it follows, and the debt is not raised again by it."""
    c, day = "late", "2026-03-02T01:00:00+00:00"
    world.event("late.place", "customer.updated", c, day, timezone="Asia/Tokyo")
    world.bill("late.due", c, day, "b-late")
    world.enrol("e-late", c, day, "late.due", "b-late")
    world.message("d-late-0", c, plus(day, minutes=1), "late-0", "e-late", "b-late",
                  packs=("house", "japan"))  # fmt: skip
    payment: dict[str, Any] = {"bill_id": "b-late", "amount_minor": 12000, "currency": "USD"}
    world.event("late.paid", "payment.received", c, plus(day, hours=2), obligation="b-late",
                payment_id="p-2", remaining_minor=0, **payment)  # fmt: skip
    world.event("late.failed", "payment.failed", c, plus(day, hours=3), obligation="b-late",
                event_time=plus(day, hours=1), payment_id="p-3", remaining_minor=12000,
                **payment)  # fmt: skip
    world.event("late.reversed", "payment.reversed", c, plus(day, days=4), obligation="b-late",
                payment_id="p-2", remaining_minor=12000, **payment)  # fmt: skip
    world.message("d-late-1", c, plus(day, days=4, hours=1), "late-1", "e-late", "b-late",
                  packs=("house", "japan"))  # fmt: skip


def _anywhere(world: World) -> None:
    """Somewhere in the United States: collected from, then agrees on a plan."""
    c, day = "anywhere", "2026-03-03T19:00:00+00:00"
    world.event("anywhere.place", "customer.updated", c, day, country="US")
    world.bill("anywhere.missed", c, day, "b-any", type="payment.missed", balance_minor=20001)
    world.enrol("e-any", c, day, "anywhere.missed", "b-any", playbook="recover",
                purpose="collection", offers=AUTHORITY)  # fmt: skip
    world.message("d-any-0", c, plus(day, minutes=5), "any-0", "e-any", "b-any",
                  purpose="collection", zones=US_ZONES, portal=True)  # fmt: skip
    at = plus(day, hours=1)
    parts = [
        {"due_date": "2026-03-10", "amount_minor": 6000},
        {"due_date": "2026-04-10", "amount_minor": 6001},
        {"due_date": "2026-05-02", "amount_minor": 6000},
    ]
    terms: dict[str, Any] = {"currency": "USD", "total_minor": 18001, "discount_minor": 2000,
             "instalments": parts, "authority": AUTHORITY}  # fmt: skip
    ids = {"case_id": "case", "obligation_id": "b-any"}
    for offer in ("first", "second"):
        world.add(f"any.{offer}", "offer.proposed", c, at, offer_id=offer, kind="settlement",
                  balance_minor=20001, expires_at=plus(at, hours=48), signature=HASH,
                  by="machine", **ids, **terms)  # fmt: skip
    wish: dict[str, Any] = {"currency": "USD", "total_minor": 100, "discount_minor": 19901,
            "instalments": [{"due_date": "2026-12-24", "amount_minor": 100}],
            "authority": AUTHORITY}  # fmt: skip
    world.add("any.wish", "offer.proposed", c, at, offer_id="wish", kind="settlement",
              balance_minor=20001, expires_at=plus(at, hours=48), signature=HASH, by="customer",
              **ids, **wish)  # fmt: skip
    world.add("any.declined", "offer.declined", c, plus(at, minutes=5), offer_id="first", **ids)
    world.add("any.accepted", "offer.accepted", c, plus(at, hours=48), offer_id="second",
              agreement_id="a-1", **ids)  # fmt: skip
    world.add("any.agreed", "agreement.made", c, plus(at, hours=48), agreement_id="a-1",
              offer_id="second", **ids, **terms)  # fmt: skip
    world.add("any.broken", "agreement.broken", c, plus(at, days=20), agreement_id="a-1",
              instalment=1, short_minor=6000, **ids)  # fmt: skip
    world.message("d-any-1", c, plus(at, days=21), "any-1", "e-any", "b-any",
                  purpose="collection", zones=US_ZONES)  # fmt: skip


def _delhi(world: World) -> None:
    """Two hours rules at once, and an old name of the zone."""
    c, day = "delhi", "2026-03-03T04:00:00+00:00"
    world.event("delhi.place", "customer.updated", c, day, timezone="Asia/Calcutta", country="IN")
    world.bill("delhi.missed", c, day, "b-delhi", type="payment.missed")
    world.enrol("e-delhi", c, day, "delhi.missed", "b-delhi", purpose="collection")
    world.event("delhi.noticed", "notice.sent", c, day, obligation="b-delhi", kind="first_letter",
                obligation_id="b-delhi", at=day)  # fmt: skip
    # 18:59:59 local; 19:00 is too late.
    world.message("d-delhi", c, "2026-03-03T13:29:59+00:00", "delhi-0", "e-delhi", "b-delhi",
                  packs=("house", "india"), purpose="collection",
                  zones=["Asia/Kolkata"])  # fmt: skip


def _viewer(world: World) -> None:
    """A subscription: consent, renewal, a new end, and a warm note after it."""
    c, day = "viewer", "2026-03-04T10:00:00+00:00"
    plan: dict[str, Any] = {
        "subscription_id": "s-1",
        "plan": "Plus",
        "price_minor": 999,
        "currency": "EUR",
    }
    world.event("viewer.place", "customer.updated", c, day, timezone="Europe/Berlin",
                country="DE")  # fmt: skip
    world.event("viewer.yes", "customer.consent_changed", c, day, channel="email",
                purpose="retention", status="granted")  # fmt: skip
    world.event("viewer.ending", "subscription.expiring", c, day, obligation="s-1",
                expires_on="2026-03-11", **plan)  # fmt: skip
    enrolment: dict[str, Any] = {
        "playbook": "subscription-retain",
        "purpose": "retention",
        "kind": "subscription",
    }
    world.enrol("e-viewer-1", c, day, "viewer.ending", "s-1", **enrolment)
    about: dict[str, Any] = {"zones": ["Europe/Berlin"], "purpose": "retention"}
    world.message("d-viewer-0", c, plus(day, minutes=1), "viewer-0", "e-viewer-1", "s-1", **about)
    world.event("viewer.renewed", "subscription.renewed", c, plus(day, days=1), obligation="s-1",
                subscription_id="s-1")  # fmt: skip
    world.add("viewer.cancelled", "outreach.cancelled", c, plus(day, days=1),
              enrolment_id="e-viewer-1", reason="renewed", step_ids=[])  # fmt: skip
    world.event("viewer.again", "subscription.expiring", c, plus(day, days=10), obligation="s-1",
                expires_on="2026-03-21", **plan)  # fmt: skip
    world.enrol("e-viewer-2", c, plus(day, days=10), "viewer.again", "s-1", **enrolment)
    world.message("d-viewer-1", c, plus(day, days=11), "viewer-1", "e-viewer-2", "s-1", **about)
    world.event("viewer.expired", "subscription.expired", c, plus(day, days=18), obligation="s-1",
                expires_on="2026-03-21", **plan)  # fmt: skip
    world.message("d-viewer-2", c, plus(day, days=25), "viewer-2", "e-viewer-2", "s-1", **about)


def _couple(world: World) -> None:
    """Two parties of one bill; one pays, which came too late for the mail to the other."""
    day = "2026-03-05T09:00:00+00:00"
    for c in ("ann", "bob"):
        world.event(f"{c}.place", "customer.updated", c, day, timezone="Europe/London")
    parties = [{"customer_id": c, "role": "borrower"} for c in ("ann", "bob")]
    world.bill("couple.due", "ann", day, "b-couple", parties=parties)
    for c in ("ann", "bob"):
        world.enrol(f"e-{c}", c, day, "couple.due", "b-couple")
    world.message("d-ann", "ann", plus(day, hours=1), "ann-0", "e-ann", "b-couple",
                  zones=["Europe/London"])  # fmt: skip
    world.event("couple.paid", "payment.received", "ann", plus(day, hours=2),
                obligation="b-couple", payment_id="p-4", bill_id="b-couple", amount_minor=12000,
                currency="USD", remaining_minor=0)  # fmt: skip
    world.message("d-bob", "bob", plus(day, hours=2), "bob-0", "e-bob", "b-couple",
                  zones=["Europe/London"])  # fmt: skip
    world["d-bob.intended"].read_before = "couple.paid"


def _wary(world: World) -> None:
    """Holds and opt-outs that were lifted, ended, or are about something else."""
    c, day = "wary", "2026-03-05T10:00:00+00:00"
    world.event("wary.place", "customer.updated", c, day, timezone="Europe/London", country="GB")
    world.bill("wary.due", c, day, "b-wary")
    world.enrol("e-wary", c, day, "wary.due", "b-wary")
    world.event("wary.gentle", "customer.hold_placed", c, day, kind="vulnerability")
    world.event("wary.held", "customer.hold_placed", c, day, kind="dispute")
    world.event("wary.lifted", "customer.hold_lifted", c, plus(day, hours=1), kind="dispute")
    world.event("wary.until", "customer.hold_placed", c, day, kind="moratorium",
                until=plus(day, hours=2))  # fmt: skip
    world.event("wary.elsewhere", "customer.hold_placed", c, day, kind="litigation",
                obligation_id="b-other")  # fmt: skip
    world.event("wary.no", "customer.consent_changed", c, day, channel="email",
                purpose="marketing", status="denied")  # fmt: skip
    world.event("wary.stop", "customer.consent_changed", c, day, channel="*", purpose="*",
                status="revoked")  # fmt: skip
    world.event("wary.service", "customer.consent_changed", c, plus(day, hours=1),
                channel="email", purpose="service", status="granted")  # fmt: skip
    world.event("wary.died", "customer.hold_placed", c, day, kind="deceased")
    world.add("wary.lives", "hold.lifted", c, plus(day, hours=1), kind="deceased", by="ops",
              reason="reported by mistake")  # fmt: skip
    for until in (plus(day, days=9), None):
        world.add(f"wary.paused.{until}", "contact.preference_changed", c, day,
                  changes={"paused_until": until, "by": "ops"})  # fmt: skip
    about = {"handoff_id": "h-wary", "case_id": "k", "obligation_id": "b-wary"}
    world.add("wary.taken", "handoff.requested", c, day, reason="dispute", **about)
    world.add("wary.back", "handoff.resolved", c, plus(day, hours=2), handoff_id="h-wary",
              outcome="done")  # fmt: skip
    world.add("wary.asked", "handoff.requested", c, day, reason="question",
              **about | {"handoff_id": "h-more"})  # fmt: skip
    world.message("d-wary", c, plus(day, hours=3), "wary-0", "e-wary", "b-wary",
                  zones=["Europe/London"], tone="gentle")  # fmt: skip
    world.add("wary.left", "contact.unsubscribed", c, plus(day, hours=4), channel="email",
              purpose="*", via="one_click", message_id="m-d-wary")  # fmt: skip


def _tries(world: World) -> None:
    """Refused, failed, tried again, and one of which nobody knows."""
    c, day = "tries", "2026-03-06T10:00:00+00:00"
    world.event("tries.place", "customer.updated", c, day, timezone="Europe/London")
    world.bill("tries.due", c, day, "b-tries")
    world.enrol("e-tries", c, day, "tries.due", "b-tries")
    about: dict[str, Any] = {"zones": ["Europe/London"]}
    world.order("d-tries-refused", c, day, "tries-0", "e-tries", **about)
    world.end("d-tries-refused", c, day, "tries-0", "message.refused")
    world.message("d-tries-failed", c, plus(day, hours=1), "tries-0", "e-tries", "b-tries",
                  attempt=2, end="message.failed", **about)  # fmt: skip
    world.message("d-tries-sent", c, plus(day, hours=2), "tries-0", "e-tries", "b-tries",
                  attempt=3, **about)  # fmt: skip
    world.message("d-tries-unknown", c, plus(day, hours=3), "tries-1", "e-tries", "b-tries",
                  end="message.unknown", **about)  # fmt: skip


def _back(world: World) -> None:
    """Opted out of everything, took some of it back, asked for a rest, and the rest is over.

    The messenger took it back before the log told it so.
    """
    c, day = "back", "2026-03-10T10:00:00+00:00"
    world.event("back.place", "customer.updated", c, day, timezone="Europe/London")
    world.bill("back.due", c, day, "b-back")
    world.enrol("e-back", c, day, "back.due", "b-back")
    about: dict[str, Any] = {"zones": ["Europe/London"]}
    world.message("d-back-0", c, plus(day, minutes=1), "back-0", "e-back", "b-back", **about)
    world.add("back.left", "contact.unsubscribed", c, plus(day, hours=1), channel="email",
              purpose="*", via="reply", message_id="m-d-back-0")  # fmt: skip
    world.add("back.rest", "contact.preference_changed", c, plus(day, hours=1),
              changes={"not_before": plus(day, days=2)})  # fmt: skip
    world.add("back.on", "contact.preference_changed", c, plus(day, hours=2),
              changes={"email/service": "on"})  # fmt: skip
    world.message("d-back-1", c, plus(day, days=2), "back-1", "e-back", "b-back", **about)
    world["d-back-1.intended"].read_before = "back.on"


def _halted(world: World) -> None:
    """Sending was stopped in part, elsewhere or before; what waited then went on."""
    c, day = "halted", "2026-03-14T10:00:00+00:00"
    world.event("halted.place", "customer.updated", c, day, timezone="Europe/London")
    world.bill("halted.due", c, day, "b-halted")
    world.enrol("e-halted", c, day, "halted.due", "b-halted")
    scopes = (
        ("everything", None, None),
        ("tenant", "acme", None),
        ("creditor", "default", "Another"),
        ("playbook", "acme", "bill-reminder"),
    )
    for number, (scope, tenant, name) in enumerate(scopes):
        about: dict[str, Any] = {"scope": scope, "of_tenant": tenant, "name": name, "by": "ops",
                                 "reason": "test"}  # fmt: skip
        world.add(f"halted.stop-{number}", "sending.stopped", c, day, revision=1, **about)
        if scope == "everything":
            world.add("halted.go", "sending.resumed", c, plus(day, hours=1), revision=2, **about)
    # Its own pause was ended, and another's is nothing to it.
    world.add("halted.own", "outreach.paused", c, day, enrolment_id="e-halted", by="ops")
    world.add("halted.other", "outreach.paused", c, day, enrolment_id="e-other", by="ops")
    world.add("halted.resumed", "outreach.resumed", c, plus(day, hours=1), by="ops",
              enrolment_id="e-halted")  # fmt: skip
    world.message("d-halted", c, plus(day, hours=2), "halted-0", "e-halted", "b-halted",
                  zones=["Europe/London"])  # fmt: skip


def _other_tenant(world: World) -> None:
    """The same ids at another tenant are other customers and other bills."""
    c, day, tenant = "tokyo", "2026-03-11T00:00:00+00:00", "acme"
    world.event("acme.place", "customer.updated", c, day, timezone="Asia/Tokyo", tenant=tenant)
    world.event("acme.due", "bill.due_soon", c, day, tenant=tenant, obligation="b-tokyo",
                bill_id="b-tokyo", creditor="Shop", amount_minor=5, currency="JPY",
                due_date="2026-03-12", version=1)  # fmt: skip
    world.enrol("e-acme", c, day, "acme.due", "b-tokyo", tenant=tenant)
    world.message("d-acme", c, plus(day, minutes=1), "acme-0", "e-acme", "b-tokyo",
                  tenant=tenant, packs=("house", "japan"))  # fmt: skip


def _quiet(world: World) -> None:
    """Held out, so that what outreach brings can be measured."""
    c, day = "quiet", "2026-03-05T10:00:00+00:00"
    world.bill("quiet.due", c, day, "b-quiet")
    both: dict[str, Any] = {
        "playbook_version": 1,
        "segment": "standard",
        "tone": "neutral",
        "obligation_id": "b-quiet",
        "trigger_event_id": "quiet.due",
    }
    world.add("quiet.segmented", "customer.segmented", c, day, playbook="bill-reminder",
              matched=True, **both)  # fmt: skip
    world.add("quiet.held", "customer.held_out", c, day, playbook="bill-reminder",
              holdout="bill-reminder", share_bp=500, instead_of="bill-reminder",
              **both)  # fmt: skip


def _tail(world: World) -> None:
    """What is under way when the log ends."""
    c, day = "tail", "2026-03-20T10:00:00+00:00"
    world.event("tail.place", "customer.updated", c, day, timezone="Europe/London")
    world.bill("tail.due", c, day, "b-tail")
    world.enrol("e-tail", c, day, "tail.due", "b-tail", steps={"tail-9": plus(day, days=30)})
    world.change("tail-9.planned", hour={"usual": 10, "wanted": 19, "by": "own", "arm": "learned",
                                         "propensity": 0.9})  # fmt: skip
    world.add("beat", "log.heartbeat", "lane:0", day, service="messenger", lane=0,
              sent_at=day)  # fmt: skip
    world.order("d-tail-0", c, day, "tail-0", "e-tail", zones=["Europe/London"])
    world.message("d-tail-1", c, plus(day, minutes=1), "tail-1", "e-tail", "b-tail", end=None,
                  zones=["Europe/London"])  # fmt: skip
    for name in ("beat", "d-tail-0.dispatched", "d-tail-1.dispatched", "d-tail-1.intended"):
        # An hour of silence lies before the end of the log.
        world[name].late_seconds = 3600
