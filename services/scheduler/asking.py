"""From decisions to facts that ask somebody: a person, the publisher, an operator."""

from schemas.facts import HoldLiftRefused, NoticeRequired, OutreachPersonDue
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler.model import LiftRefused, NoticeWanted, PersonDue
from services.scheduler.translate import cause_of


def person(work: UnitOfWork, told: PersonDue) -> None:
    """Ask a person to see to a step: as the playbook foresees, or since a hold demands it."""
    step, enrolment, customer, held = told.step, told.enrolment, told.customer, told.ruling
    product = told.obligation.product or enrolment.context.get("product")
    work.fact(
        "outreach.person_due",
        OutreachPersonDue.model_validate(
            {
                "step_id": step.id,
                "enrolment_id": enrolment.id,
                "playbook": enrolment.playbook,
                "playbook_version": enrolment.playbook_version,
                "obligation_id": enrolment.obligation_id,
                "reason": held.reason if held else step.plan.name,
                "segment": enrolment.segment,
                "due_by": step.not_after,
                "locale": customer.locale or enrolment.locale,
                "tier": customer.tier,
                "product": product if isinstance(product, str) else None,
                "seniority": step.plan.seniority,
                "hold": held.kind if held else None,
                "turn_to": (held.to if held else None) or "customer",
                "rule": held.rule if held else None,
                "rule_version": held.rule_version if held else None,
            }
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause_of(enrolment),
        key=(step.id,),
    )


def publisher(work: UnitOfWork, told: NoticeWanted) -> None:
    """Ask the publisher for a statutory notice; asked again, it is the same fact."""
    work.fact(
        "notice.required",
        NoticeRequired(kind=told.notice, obligation_id=told.obligation_id),
        subject=told.customer,
        tenant=told.tenant,
        key=(told.customer, told.obligation_id, told.notice),
    )


def operator(work: UnitOfWork, told: LiftRefused) -> None:
    """Tell that a hold stands which only an operator lifts."""
    work.fact(
        "hold.lift_refused",
        HoldLiftRefused.model_validate(
            {
                "kind": told.kind,
                "obligation_id": told.obligation_id,
                "event_id": told.event_id,
                "rule": told.rule,
                "rule_version": told.rule_version,
            }
        ),
        subject=told.customer,
        tenant=told.tenant,
        key=(told.customer, told.event_id),
    )
