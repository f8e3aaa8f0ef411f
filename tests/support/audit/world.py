"""A builder that knows how a message comes about."""

from typing import Any

from support.audit.log_builder import HASH, LogBuilder
from support.audit.world_packs import PACKS


class World(LogBuilder):
    """A builder that knows how a message comes about."""

    def bill(self, name: str, customer: str, at: str, bill: str, **more: Any) -> None:
        """A bill becomes due, or was missed."""
        data: dict[str, Any] = {
            "bill_id": bill,
            "creditor": "Bank",
            "amount_minor": 12000,
            "currency": "USD",
            "due_date": "2026-03-09",
        }
        kind = more.pop("type", "bill.due_soon")
        self.event(name, kind, customer, at, obligation=bill, **data | more)

    def enrol(
        self,
        name: str,
        customer: str,
        at: str,
        trigger: str,
        obligation: str,
        *,
        playbook: str = "bill-reminder",
        purpose: str = "service",
        kind: str = "bill",
        offers: dict[str, Any] | None = None,
        tenant: str = "default",
        steps: dict[str, str] | None = None,
    ) -> None:
        """The segmenter's and the scheduler's facts up to the planned steps."""
        both: dict[str, Any] = {
            "playbook": playbook,
            "playbook_version": 1,
            "trigger_event_id": trigger,
        }
        self.add(
            f"{name}.segmented",
            "customer.segmented",
            customer,
            at,
            tenant=tenant,
            matched=True,
            segment="standard",
            tone="neutral",
            obligation_id=obligation,
            **both,
        )
        self.add(
            f"{name}.enrolled",
            "outreach.enrolled",
            customer,
            at,
            tenant=tenant,
            enrolment_id=name,
            command_id=f"{name}.command",
            segment="standard",
            tone="neutral",
            purpose=purpose,
            obligation={"obligation_id": obligation, "kind": kind},
            offers=offers,
            **both,
        )
        for step, due in (steps or {}).items():
            self.add(
                f"{step}.planned",
                "outreach.step_planned",
                customer,
                at,
                tenant=tenant,
                step_id=step,
                enrolment_id=name,
                step="step",
                due_at=due,
                zones=["Asia/Tokyo"],
            )

    def order(
        self, name: str, customer: str, at: str, step: str, enrolment: str, **more: Any
    ) -> None:
        """The scheduler orders a step."""
        self.add(
            f"{name}.dispatched",
            "outreach.dispatched",
            customer,
            at,
            tenant=more.pop("tenant", "default"),
            dispatch_id=name,
            step_id=step,
            enrolment_id=enrolment,
            step="step",
            attempt=more.pop("attempt", 1),
            decided_at=at,
            packs=[{"name": "house", "version": 1}],
            counts=[],
            zones=more.pop("zones", ["Asia/Tokyo"]),
            joined=[joined for joined, _, _ in more.get("with_", ())],
        )
        for joined, its_enrolment, obligation in more.get("with_", ()):
            self.add(
                f"{name}.{joined}.joined",
                "outreach.step_joined",
                customer,
                at,
                step_id=joined,
                enrolment_id=its_enrolment,
                step="step",
                attempt=1,
                obligation_id=obligation,
                dispatch_id=name,
                into_step_id=step,
                due_at=at,
            )

    def message(
        self,
        name: str,
        customer: str,
        at: str,
        step: str,
        enrolment: str,
        obligation: str,
        *,
        end: str | None = "message.sent",
        zones: tuple[str, ...] | list[str] = ("Asia/Tokyo",),
        packs: tuple[str, ...] = ("house",),
        purpose: str = "service",
        attempt: int = 1,
        tenant: str = "default",
        ordered: bool = True,
        **more: Any,
    ) -> None:
        """A step is ordered (unless that is told already), checked, and handed over."""
        if ordered:
            self.order(
                name, customer, at, step, enrolment, zones=zones, attempt=attempt, tenant=tenant
            )
        self.add(
            f"{name}.intended",
            "message.intended",
            customer,
            at,
            tenant=tenant,
            **{
                "message_id": f"m-{name}",
                "step_id": step,
                "dispatch_id": name,
                "enrolment_id": enrolment,
                "checked_at": at,
                "applied_through": None,
                "log_age_seconds": 0.4,
                "purpose": purpose,
                "channel": "email",
                "obligation_ids": [obligation],
                "playbook": "bill-reminder",
                "playbook_version": 1,
                "step": "step",
                "template": "template",
                "segment": "standard",
                "tone": "neutral",
                "variant": "a",
                "locale": "en",
                "zones": list(zones),
                "place": {},
                "packs": [{"name": p, "version": PACKS[p]["version"]} for p in packs],
                "counts": [],
                "disclosures": ["sender_identity", "one_click_opt_out"],
                "one_click": True,
                "content_sha256": HASH,
                "address_hash": customer.encode().hex().ljust(32, "0"),
                "portal": False,
            }
            | more,
        )
        if end is not None:
            self.end(name, customer, at, step, end, tenant=tenant)

    def end(
        self, name: str, customer: str, at: str, step: str, end: str, tenant: str = "default"
    ) -> None:
        """A dispatch comes to an end."""
        extras: dict[str, dict[str, Any]] = {
            "message.sent": {"provider": "smtp", "provider_reference": f"<{name}@mail.example>"},
            "message.failed": {"reason": "greylisted", "status": "451", "retryable": True},
            "message.unknown": {"reason": "crash"},
            "message.refused": {
                "reason": "cap",
                "rule": "house/week",
                "rule_version": 1,
                "retryable": True,
            },
        }
        ids = {"dispatch_id": name, "step_id": step}
        if end != "message.refused":
            ids["message_id"] = f"m-{name}"
        self.add(
            f"{name}.{end.split('.')[1]}", end, customer, at, tenant=tenant, **ids, **extras[end]
        )
