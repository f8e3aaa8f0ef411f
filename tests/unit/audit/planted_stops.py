"""Contacts against what was known: promise 3."""

from typing import Any

from planted import Cases

from support.audit.log_builder import plus
from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def payment(world: World, name: str, customer: str, at: str, bill: str, **more: Any) -> None:
    """A payment event, placed before or after another fact."""
    data: dict[str, Any] = {
        "payment_id": name,
        "bill_id": bill,
        "amount_minor": 12000,
        "currency": "USD",
        "remaining_minor": 0,
    }
    kind = more.pop("type", "payment.received")
    world.event(name, kind, customer, at, obligation=bill, **data | more)


@planted(3, "settled", "paid", "d-tokyo-3.intended")
def contact_after_payment(world: World) -> None:
    payment(world, "paid", "tokyo", "2026-03-08T00:00:00+00:00", "b-tokyo", version=2,
            before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "settled", "paid", "d-tokyo-3.intended")
def contact_after_the_same_terms_were_told_again_of_what_was_paid(world: World) -> None:
    payment(world, "paid", "tokyo", "2026-03-08T00:00:00+00:00", "b-tokyo",
            before="d-tokyo-3.dispatched")  # fmt: skip
    world.event("restated", "bill.updated", "tokyo", "2026-03-08T01:00:00+00:00",
                obligation="b-tokyo", bill_id="b-tokyo", creditor="Bank", amount_minor=12000,
                currency="USD", due_date="2026-03-09", before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "choice", "chosen", "d-tokyo-3.intended")
def contact_after_the_customer_chose_to_stop(world: World) -> None:
    world.add("chosen", "choice.made", "tokyo", "2026-03-08T00:00:00+00:00",
              message_id="m-d-tokyo-2", enrolment_id="e-tokyo", choice="leaving", does="stop",
              obligation_id="b-tokyo", playbook="bill-reminder", locale="ja",
              before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "settled", "late.paid", "d-late-1.intended")
def contact_upon_a_failure_told_late(world: World) -> None:
    world.drop("late.reversed")


@planted(3, "settled", "couple.paid", "d-bob.intended")
def contact_after_the_other_party_paid(world: World) -> None:
    world["d-bob.intended"].read_before = None


@planted(3, "settled", "closed", "d-tries-sent.intended")
def contact_after_the_bill_was_closed(world: World) -> None:
    world.event("closed", "bill.closed", "tries", "2026-03-06T11:30:00+00:00",
                obligation="b-tries", bill_id="b-tries", why="sold",
                before="d-tries-sent.dispatched")  # fmt: skip
    world.drop(*(f"d-tries-unknown.{part}" for part in ("dispatched", "intended", "unknown")))


@planted(3, "settled", "viewer.renewed2", "d-viewer-2.intended")
def contact_after_renewal(world: World) -> None:
    world.event("viewer.renewed2", "subscription.renewed", "viewer", "2026-03-24T10:00:00+00:00",
                obligation="s-1", subscription_id="s-1",
                before="d-viewer-2.dispatched")  # fmt: skip


@planted(3, "settled", "viewer.renewed", "d-viewer-2.intended")
def contact_upon_an_end_told_late(world: World) -> None:
    world.drop("viewer.again", "e-viewer-2.segmented", "e-viewer-2.enrolled")
    world.drop(*(f"d-viewer-1.{part}" for part in ("dispatched", "intended", "sent")))
    world.change("d-viewer-2.intended", enrolment_id="e-viewer-1")
    world.change("viewer.expired", event_time="2026-03-05T09:00:00+00:00")


@planted(3, "settled", "withdrawn", "d-coupon.intended")
def contact_about_a_withdrawn_benefit(world: World) -> None:
    at = "2026-03-09T10:00:00+00:00"
    world.event("granted", "benefit.granted", "viewer", at, obligation="g-1", benefit_id="g-1",
                kind="coupon", title="Coupon")  # fmt: skip
    world.enrol("e-coupon", "viewer", at, "granted", "g-1", playbook="benefit-notice",
                kind="benefit")  # fmt: skip
    world.event("withdrawn", "benefit.withdrawn", "viewer", plus(at, minutes=1),
                obligation="g-1", benefit_id="g-1")  # fmt: skip
    world.message("d-coupon", "viewer", plus(at, minutes=2), "coupon", "e-coupon", "g-1",
                  zones=["Europe/Berlin"])  # fmt: skip


@planted(3, "settled", "completed", "d-loan.intended")
def contact_about_a_completed_application(world: World) -> None:
    at = "2026-03-09T10:00:00+00:00"
    world.event("abandoned", "application.abandoned", "viewer", at, obligation="l-1",
                application_id="l-1", product="Loan", step="income")  # fmt: skip
    world.enrol("e-loan", "viewer", at, "abandoned", "l-1", playbook="application-rescue",
                kind="application")  # fmt: skip
    world.event("completed", "application.completed", "viewer", plus(at, minutes=1),
                obligation="l-1", application_id="l-1")  # fmt: skip
    world.message("d-loan", "viewer", plus(at, minutes=2), "loan", "e-loan", "l-1",
                  zones=["Europe/Berlin"])  # fmt: skip


@planted(3, "hold", "wary.held", "d-wary.intended")
def contact_against_a_hold(world: World) -> None:
    world.drop("wary.lifted")


@planted(3, "hold", "wary.held", "d-wary.intended")
def contact_against_a_hold_lifted_for_another_bill(world: World) -> None:
    world.change("wary.lifted", data={"kind": "dispute", "obligation_id": "b-other"})


@planted(3, "hold", "wary.until", "d-wary.intended")
def contact_before_a_hold_ends(world: World) -> None:
    world["wary.until"].data["data"]["until"] = "2026-03-05T13:00:01+00:00"


@planted(3, "hold", "wary.elsewhere", "d-wary.intended")
def contact_against_a_hold_of_this_bill(world: World) -> None:
    world["wary.elsewhere"].data["data"]["obligation_id"] = "b-wary"


@planted(3, "hold", "wary.elsewhere", "d-wary.intended")
def contact_to_one_who_died(world: World) -> None:
    world["wary.elsewhere"].data["data"]["kind"] = "deceased"


@planted(3, "hold", "new", "d-wary.intended")
def contact_against_a_hold_read_only_on_customer_events(world: World) -> None:
    world.event("new", "customer.hold_placed", "wary", "2026-03-05T11:00:00+00:00",
                before="d-wary.dispatched", kind="fraud")  # fmt: skip
    world.change("new", position={"topic": "customer.events", "partition": 9, "offset": 5})
    world.change("d-wary.intended", applied_through={"outreach.log/0": 0, "outreach.log/1": 0,
                 "outreach.log/2": 0, "outreach.log/3": 0, "customer.events/9": 5})  # fmt: skip
    # Of all else the messenger had read nothing, so the customer's place must come from elsewhere.
    world["wary.place"].data["position"] = {"topic": "customer.events", "partition": 9, "offset": 1}
    for name in ("wary.stop", "wary.held", "wary.until"):
        world.drop(name)


@planted(3, "consent", "wary.stop", "d-wary.intended")
def contact_after_consent_was_revoked(world: World) -> None:
    world.drop("wary.service")


@planted(3, "consent", "wary.no", "d-wary.intended")
def contact_after_consent_was_denied(world: World) -> None:
    world["wary.no"].data["data"]["purpose"] = "service"
    world["wary.service"].data["event_time"] = "2026-03-05T09:59:00+00:00"
    world.drop("wary.stop")


@planted(3, "consent", "wary.no", "d-wary.intended")
def general_grant_does_not_undo_a_narrow_refusal(world: World) -> None:
    world["wary.no"].data["data"]["purpose"] = "service"
    world["wary.service"].data["data"] |= {"channel": "*", "purpose": "*"}


@planted(3, "consent", "wary.stop", "d-wary.intended")
def contact_on_a_grant_captured_before_the_refusal(world: World) -> None:
    world["wary.service"].data["data"]["captured_at"] = "2026-03-01T10:00:00+00:00"


@planted(3, "opt_out", "left", "d-tries-sent.intended")
def contact_after_one_click(world: World) -> None:
    world.add("left", "contact.unsubscribed", "tries", "2026-03-06T11:30:00+00:00",
              channel="email", purpose="service", via="one_click",
              before="d-tries-sent.dispatched")  # fmt: skip
    world.drop(*(f"d-tries-unknown.{part}" for part in ("dispatched", "intended", "unknown")))


@planted(3, "opt_out", "back.left", "d-back-1.intended")
def contact_for_a_purpose_that_was_not_taken_back(world: World) -> None:
    world["back.on"].data["changes"] = {"email/marketing": "on"}


@planted(3, "rest", "back.rest", "d-back-1.intended")
def contact_while_asked_to_rest(world: World) -> None:
    world["back.rest"].data["changes"] = {"not_before": "2026-03-12T10:00:01+00:00"}


@planted(3, "settled", "done", "d-any-1.intended")
def contact_after_an_agreement_was_completed(world: World) -> None:
    ids = {"case_id": "case", "obligation_id": "b-any"}
    world.add("done", "agreement.completed", "anywhere", "2026-03-20T20:00:00+00:00",
              agreement_id="a-1", before="any.broken", **ids)  # fmt: skip
    world.drop("any.broken")


@planted(3, "no-consent", "policy.house", "d-viewer-0.intended")
def offer_without_consent(world: World) -> None:
    world.drop("viewer.yes")
    for n in (1, 2):
        world.change(f"d-viewer-{n}.intended", purpose="service")


@planted(3, "no-consent", "policy.house", "d-viewer-2.intended")
def offer_after_consent_ended(world: World) -> None:
    world["viewer.yes"].data["data"]["expires_at"] = "2026-03-29T10:00:00+00:00"


@planted(3, "agreement", "any.agreed", "d-any-1.intended")
def contact_in_spite_of_an_agreement(world: World) -> None:
    world.drop("any.broken")


@planted(3, "agreement", "again", "d-any-1.intended")
def contact_in_spite_of_an_agreement_that_runs_again(world: World) -> None:
    world.add("again", "agreement.reopened", "anywhere", "2026-03-20T20:00:00+00:00",
              agreement_id="a-1", case_id="case", obligation_id="b-any",
              before="any.broken")  # fmt: skip
    world.drop("any.broken")


@planted(3, "erased", "erased", "d-wary.intended")
def contact_after_being_forgotten(world: World) -> None:
    world.add("erased", "customer.erased", "wary", "2026-03-05T12:00:00+00:00", tables=3,
              before="d-wary.dispatched")  # fmt: skip


@planted(3, "merged", "merged", "d-wary.intended")
def contact_under_a_merged_id(world: World) -> None:
    world.event("merged", "customer.merged", "wary", "2026-03-05T12:00:00+00:00", into="other",
                before="d-wary.dispatched")  # fmt: skip


@planted(3, "address", "gone", "d-wary.intended")
def contact_to_a_deleted_address(world: World) -> None:
    world.event("gone", "customer.updated", "wary", "2026-03-05T12:00:00+00:00",
                channels={"email": None}, before="d-wary.dispatched")  # fmt: skip


@planted(3, "bounced", "back", "d-tokyo-3.intended")
def contact_to_an_address_that_does_not_exist(world: World) -> None:
    world.add("back", "message.bounced", "tokyo", "2026-03-06T01:00:00+00:00", kind="hard",
              message_id="m-d-tokyo-2", before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "complained", "back", "d-tokyo-3.intended")
def contact_after_a_complaint(world: World) -> None:
    world.add("back", "message.complained", "tokyo", "2026-03-06T01:00:00+00:00",
              message_id="m-d-tokyo-2", before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "right_party", "wrong", "d-tokyo-3.intended")
def contact_to_the_wrong_person(world: World) -> None:
    world.add("wrong", "contact.right_party", "tokyo", "2026-03-06T01:00:00+00:00",
              confirmed=False, channel="email", via="page",
              before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "behind", "d-wary.intended")
def sent_far_behind_the_log(world: World) -> None:
    world.change("d-wary.intended", log_age_seconds=2.01)


@planted(3, "no-watermark", "d-ann.intended")
def says_nothing_of_its_watermark(world: World) -> None:
    # The place is known by its own record.
    world.change("ann.place", position={"topic": "customer.events", "partition": 9, "offset": 1})
    world.change("d-ann.intended", applied_through={"customer.events/9": 1})


@planted(3, "false-watermark", "d-tokyo-0.intended")
def says_it_had_read_the_future(world: World) -> None:
    # Tokyo's payment lies beyond, as far as the message says.
    world.change("d-tokyo-0.intended",
                 applied_through={f"outreach.log/{n}": 10**6 for n in range(4)})  # fmt: skip
    world.drop("tokyo.paid", "tokyo.cancelled")
