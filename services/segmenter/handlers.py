"""From customer events to facts and commands: loads, decides, saves, emits."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from schemas.commands import OutreachRequested
from schemas.customer_events import CustomerUpdated
from schemas.envelope import check_age, version_of
from schemas.errors import Rejection
from schemas.facts import (
    AgreementMade,
    CustomerHeldOut,
    CustomerSegmented,
    EventApplied,
    HandoffAnswered,
    HandoffRequested,
)
from schemas.topics import OUTREACH_COMMANDS
from services.playbooks.catalogue import Standing
from services.playbooks.conditions import STEERING_ATTRIBUTES
from services.policy.consent import may_steer
from services.policy.evidence import EVIDENCE, told_of
from services.policy.model import Pack, Verdict
from services.policy.places import applying, candidate_zones
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork
from services.segmenter import joint, rules, store, together
from services.segmenter.holdouts import NO_HOLDOUTS, HeldOut, Holdouts
from services.segmenter.model import Decision, Enrolment, Happening, Profile, Segmentation
from services.segmenter.nonpersonal import nonpersonal
from services.segmenter.obligations import obligation_id_of
from services.segmenter.orders import Order, order_of


class _Steering:
    """What may steer treatment at one place, and for each that may not, the rule against it."""

    def __init__(self, verdicts: Mapping[str, Verdict]) -> None:
        self.permitted = frozenset(name for name, one in verdicts.items() if one.allowed)
        self._verdicts = verdicts
        self._cited: dict[tuple[str, str], Mapping[str, Any]] = {}

    def cited(self, segment: str, attribute: str) -> Mapping[str, Any]:
        """Why a segment was passed over, as the fact tells it (`facts.PassedOver`)."""
        found = self._cited.get((segment, attribute))
        if found is None:
            refusal = self._verdicts[attribute]
            found = self._cited[segment, attribute] = {
                "segment": segment,
                "attribute": attribute,
                "rule": refusal.rule or "steering",
                "rule_version": refusal.rule_version or 1,
            }
        return found


class CustomerEvents:
    """Handles `customer.events` with the playbooks and packs in force."""

    def __init__(
        self,
        standing: Callable[[], Standing],
        packs: Sequence[Pack],
        signer: Signer,
        inbox_days: int,
        holdouts: Holdouts = NO_HOLDOUTS,
    ) -> None:
        """standing: the playbooks as they stand; asked once for each event."""
        self._standing = standing
        self._by_trigger: tuple[Standing, dict[str, rules.PlaybooksByTrigger]] = (Standing(), {})
        self._packs = packs
        self._signer = signer
        self._inbox = timedelta(days=inbox_days)
        self._holdouts = holdouts
        self._steering: dict[tuple[object, ...], _Steering] = {}

    def handle(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Apply each event to its customer's profile; emit what follows."""
        accepted = [message for message in batch if self._young_enough(work, message)]
        told = [(message.event.tenant, message.key, _told(message)) for message in accepted]
        bills = joint.bills(work.session, told)
        profiles = store.lock_with_heirs(work.session, joint.concerned(told, bills))
        versions = store.newest_versions(work.session, _versioned(accepted))
        for message, (tenant, customer, happening) in zip(accepted, told, strict=True):
            profile = profiles[tenant, customer]
            self.decide(work, message, profile, versions)
            if profile.merged_into is not None:
                together.pass_on(profiles, (tenant, customer), happening)
        joint.share(profiles, bills)
        store.save_profiles(work.session, profiles, work.now)
        store.save_versions(work.session, versions)

    def _young_enough(self, work: UnitOfWork, message: Incoming) -> bool:
        """Refuse what is older than the inbox: it could not be told from a duplicate."""
        try:
            check_age(message.event, work.now, self._inbox)
        except Rejection as rejection:
            work.reject(message, rejection)
            return False
        return True

    def decide(
        self,
        work: UnitOfWork,
        message: Incoming,
        profile: Profile,
        versions: dict[tuple[str, str], int],
    ) -> None:
        """Decide on one event: changes `profile` and `versions`, emits what follows."""
        event = message.event
        data = message.data.model_dump(mode="json", exclude_unset=True)
        if isinstance(message.data, CustomerUpdated):
            data |= told_of(data, self._packs)
        happening = Happening(event.type, event.id, event.source, event.time, event.replay, data)
        obligation_id = obligation_id_of(event.type, data)
        key = (event.tenant, obligation_id or "")
        steering = self._steered(profile, work.now)
        decision = rules.decide(
            profile,
            happening,
            work.now,
            self._in_force(event.tenant),
            steering.permitted,
            versions.get(key),
        )
        version = data.get("version")
        if obligation_id is not None and version is not None:
            versions[key] = max(version, versions.get(key, version))
        self._tell_applied(work, message, data, decision, obligation_id)
        self._order(work, message, data, profile, decision, steering)

    def begin(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Start what facts start: an agreement, the reminders of its instalments; a talk with a
        person, the word that an answer is there, or will come."""
        starting = [message for message in batch if starts(message)]
        if not starting:
            return
        keys = [(message.event.tenant, message.key) for message in starting]
        profiles = store.lock_profiles(work.session, keys)
        for message, key in zip(starting, keys, strict=True):
            self.start(work, message, profiles[key])

    def start(self, work: UnitOfWork, message: Incoming, profile: Profile) -> None:
        """What one such fact starts for its customer."""
        event = message.event
        data = message.data.model_dump(mode="json", exclude_unset=True)
        told = Happening(event.type, event.id, event.source, event.time, event.replay, data)
        steering = self._steered(profile, work.now)
        in_force = self._in_force(event.tenant)
        effect = rules.effect_of(told, work.now, None)
        decision = rules.begun(profile, told, work.now, in_force, steering.permitted, effect)
        self._order(work, message, data, profile, decision, steering)

    def _order(
        self,
        work: UnitOfWork,
        message: Incoming,
        data: Mapping[str, Any],
        profile: Profile,
        decision: Decision,
        steering: "_Steering",
    ) -> None:
        """Tell what was decided, and order what is to be done."""
        event = message.event
        obligation_id = obligation_id_of(event.type, data)
        for segmentation in decision.segmentations:
            passed_over = [
                steering.cited(past.segment, past.attribute) for past in segmentation.passed_over
            ]
            _tell_segmented(work, message, segmentation, decision, obligation_id, passed_over)
        for enrolment in decision.enrolments:
            held_out = self._holdouts.of(enrolment.playbook, event.tenant, message.key)
            if held_out is None:
                order = order_of(message, data, profile, enrolment, decision.defaults_used)
                _request(work, message, order)
            else:
                _tell_held_out(work, message, enrolment, held_out, obligation_id)

    def _in_force(self, tenant: str) -> rules.PlaybooksByTrigger:
        """The tenant's playbooks in force, by trigger: worked out once for each standing."""
        standing = self._standing()
        of, known = self._by_trigger
        if standing is not of:
            known = {}
            self._by_trigger = (standing, known)
        if tenant not in known:
            known[tenant] = rules.by_trigger(list(standing.in_force(tenant).values()))
        return known[tenant]

    def _steered(self, profile: Profile, now: datetime) -> "_Steering":
        """What may steer treatment where this customer is, and by which rule not (by the hour)."""
        zones = candidate_zones(profile)
        packs = tuple(self._packs)
        key = (packs, zones, int(now.timestamp()) // 3600)
        if key not in self._steering:
            in_force = applying(packs, zones)
            if len(self._steering) > 10_000:
                self._steering.clear()
            self._steering[key] = _Steering(
                {name: may_steer(name, now, zones, in_force) for name in STEERING_ATTRIBUTES}
            )
        return self._steering[key]

    def _tell_applied(
        self,
        work: UnitOfWork,
        message: Incoming,
        data: Mapping[str, Any],
        decision: Decision,
        obligation_id: str | None,
    ) -> None:
        event = message.event
        applied: dict[str, Any] = {
            "event_type": event.type,
            "event_id": event.id,
            "event_source": event.source,
            "event_version": version_of(event),
            "event_time": event.time,
            "position": {
                "topic": message.topic,
                "partition": message.partition,
                "offset": message.offset,
            },
            "published_at": message.published_at,
            "effect": decision.effect,
            "obligation_id": obligation_id,
            "data": nonpersonal(message.data, data, self._signer.keyed_hash)
            | {name: data[name] for name in EVIDENCE if name in data},
        }
        _tell(work, message, EventApplied.TYPE, applied)


def starts(message: Incoming) -> bool:
    """Whether a fact starts something for its customer."""
    match message.data:
        case AgreementMade() | HandoffAnswered():
            return True
        case HandoffRequested():
            # In a reply: whoever asks for a person in the portal is there, and reads it there.
            return message.event.source.endswith("/messenger")
        case _:
            return False


def _told(message: Incoming) -> Happening:
    """The event as it came: what it tells of others than its customer."""
    event = message.event
    return Happening(event.type, event.id, event.source, event.time, event.replay, event.data)


def _request(work: UnitOfWork, message: Incoming, order: Order) -> None:
    event, kind = message.event, OutreachRequested.TYPE
    work.say(
        OUTREACH_COMMANDS,
        kind,
        order,
        id=derive(kind, event.tenant, event.source, event.id, order.playbook),
        subject=message.key,
        tenant=event.tenant,
        cause=event,
    )


def _tell(work: UnitOfWork, message: Incoming, kind: str, data: Any, *of: str) -> None:
    """Write a fact about an event to the log; `of`: what makes it one of several."""
    event = message.event
    work.fact(
        kind,
        data,
        subject=message.key,
        tenant=event.tenant,
        cause=event,
        key=(event.source, event.id, *of),
    )


def _tell_segmented(
    work: UnitOfWork,
    message: Incoming,
    segmentation: Segmentation,
    decision: Decision,
    obligation_id: str | None,
    passed_over: Sequence[Mapping[str, Any]],
) -> None:
    segmented: dict[str, Any] = {
        "playbook": segmentation.playbook,
        "playbook_version": segmentation.version,
        "matched": segmentation.segment is not None,
        "segment": segmentation.segment,
        "tone": segmentation.tone,
        "reason": segmentation.reason,
        "obligation_id": obligation_id,
        "trigger_event_id": message.event.id,
        "defaults_used": decision.defaults_used,
        "inputs": segmentation.inputs,
        "passed_over": passed_over,
        "also": segmentation.also,
    }
    _tell(work, message, CustomerSegmented.TYPE, segmented, segmentation.playbook)


def _tell_held_out(
    work: UnitOfWork,
    message: Incoming,
    enrolment: Enrolment,
    held_out: HeldOut,
    obligation_id: str | None,
) -> None:
    playbook = enrolment.playbook
    told = CustomerHeldOut(
        playbook=held_out.playbook,
        holdout=held_out.holdout,
        share_bp=held_out.share_bp,
        instead_of=playbook.name,
        playbook_version=playbook.version,
        segment=enrolment.segment,
        tone=enrolment.tone,
        obligation_id=obligation_id,
        trigger_event_id=message.event.id,
    )
    _tell(work, message, CustomerHeldOut.TYPE, told, playbook.name)


def _versioned(batch: Sequence[Incoming]) -> list[tuple[str, str]]:
    """The obligations of those events that carry a publisher's version."""
    found = []
    for message in batch:
        version = getattr(message.data, "version", None)
        obligation_id = obligation_id_of(message.event.type, message.event.data)
        if version is not None and obligation_id is not None:
            found.append((message.event.tenant, obligation_id))
    return found
