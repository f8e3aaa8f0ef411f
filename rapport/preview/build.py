"""From a rehearsal to what is shown of it."""

import email
import email.policy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from rapport.preview.person import Person
from rapport.preview.rehearsal import Rehearsal
from rapport.preview.result import (
    Happened,
    Mail,
    Preview,
    RuleCited,
    SegmentTried,
    ShortText,
    StepShown,
)
from schemas.commands import OutreachRequested
from schemas.facts import CustomerSegmented
from services.messenger.handlers.writing import Unwritable, Writer, Written
from services.playbooks.conditions import attributes_of, compile_condition, condition_holds
from services.playbooks.model import IN_FULL, Playbook
from services.playbooks.tags import asked_by
from services.playbooks.variables import customer_values, event_values
from services.policy.citing import source
from services.policy.consent import may_steer
from services.policy.model import Pack
from services.policy.places import applying, candidate_zones
from services.runtime.messages import Incoming
from services.scheduler.model import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Enrolled,
    PersonDue,
    Planned,
    Suppressed,
)
from services.segmenter import rules as segmenting

_AFTER_LAST = timedelta(days=30)


def preview(
    playbook: Playbook,
    person: Person,
    trigger: Incoming,
    packs: Sequence[Pack],
    writer: Writer,
    at: datetime,
    days: int | None = None,
    locales: Sequence[str] = (),
    sampled: bool = False,
    choose: str | None = None,
) -> Preview:
    """What the playbook would do for the customer about this trigger, from `at` on.

    days: how far to look; None: past the last step. locales: write each mail in these.
    choose: the answer that the customer taps, where a mail offers it.
    """
    until = at + (timedelta(days=days) if days is not None else _span(playbook))
    rehearsal = Rehearsal(person, playbook, packs, writer, at, choose)
    rehearsal.remember()
    values = _values(rehearsal, trigger, at)
    rehearsal.trigger(trigger)
    rehearsal.until(until)
    document = playbook.document
    shown = Preview(
        playbook=playbook.name,
        version=playbook.version,
        title=document.title,
        purpose=document.purpose,
        tenant=person.tenant,
        customer=person.customer,
        at=at,
        until=until,
        trigger=trigger.event.type,
        trigger_data=trigger.event.data,
        sampled=sampled,
        exits=[rule.model_dump(exclude_defaults=True) for rule in document.exits],
    )
    told, command = rehearsal.segmented, rehearsal.command
    if told is not None:
        shown.matched, shown.reason = told.matched, told.reason
        shown.segment, shown.tone = told.segment, told.tone
        shown.defaults_used = told.defaults_used
    if shown.reason not in ("old_event", "not_triggered") and told is not None:
        shown.segments = list(_segments(rehearsal, playbook, values, packs, at))
    if command is not None and told is not None:
        shown.steps = list(_steps(playbook, values, told, command))
        _tell(rehearsal, shown, packs)
        _write(rehearsal, shown, locales)
    return shown


def _span(playbook: Playbook) -> timedelta:
    return timedelta(days=max(0, *(s.days for s in playbook.document.steps))) + _AFTER_LAST


def _values(rehearsal: Rehearsal, trigger: Incoming, at: datetime) -> Mapping[str, Any]:
    """What conditions see, as the segmenter's rules put it together."""
    data = trigger.data.model_dump(mode="json", exclude_unset=True)
    asked = asked_by(rehearsal.playbook.conditions)
    known = customer_values(segmenting.traits(rehearsal.profile, at, asked))
    return event_values(trigger.event.type, data) | known


def _segments(
    rehearsal: Rehearsal,
    playbook: Playbook,
    values: Mapping[str, Any],
    packs: Sequence[Pack],
    at: datetime,
) -> Iterator[SegmentTried]:
    values = playbook.with_derived(values)
    zones = candidate_zones(rehearsal.profile)
    in_force = applying(packs, zones)
    told = rehearsal.segmented
    chosen = told.segment if told is not None else None
    reached = True
    for segment in playbook.document.segments:
        asked = compile_condition(segment.when).variables
        inputs = {name: values.get(name) for name in asked}
        refused = {
            name: cited(verdict.rule, verdict.rule_version, packs)
            for name in sorted(attributes_of(segment.when))
            if not (verdict := may_steer(name, at, zones, in_force)).allowed
        }
        outcome = "does not hold"
        if not reached:
            outcome = "not reached"
        elif segment.name == chosen:
            outcome, reached = "holds", False
        elif refused:
            outcome = "passed over"
        elif None in inputs.values():
            outcome = "undecided"
        tried = SegmentTried(segment.name, segment.tone, segment.when, outcome, inputs)
        if outcome == "passed over":
            rules = tuple(dict.fromkeys(refused.values()))
            tried = replace(tried, forbidden=tuple(refused), rules=rules)
        yield tried


def _steps(
    playbook: Playbook,
    values: Mapping[str, Any],
    chosen: CustomerSegmented,
    command: OutreachRequested,
) -> Iterator[StepShown]:
    known = {
        **playbook.with_derived(values),
        "segment": chosen.segment,
        "tone": chosen.tone,
    }
    parts = len(command.agreement.instalments) if command.agreement else 0
    for step in playbook.document.steps:
        if step.anchor == "instalment":
            names = (f"{step.name}_{number}" for number in range(1, parts + 1))
            yield from (StepShown(name, step.template, own_hour=step.own_hour) for name in names)
            continue
        shown = StepShown(step.name, step.template, step.choice, own_hour=step.own_hour)
        if not condition_holds(step.when, known):
            shown.when = step.when
            asked = compile_condition(step.when or "true").variables
            shown.inputs = {name: known.get(name) for name in asked}
        yield shown


def _tell(rehearsal: Rehearsal, shown: Preview, packs: Sequence[Pack]) -> None:
    """Bring each outcome to its step."""
    by_name = {step.name: step for step in shown.steps}
    refused = {(at, step_id): refusal for at, step_id, refusal in rehearsal.refusals}
    for at, outcome in rehearsal.outcomes:
        match outcome:
            case Enrolled():
                continue
            case Planned(step, zones):
                shown.zones = zones
                by_name[step.plan.name].history.append(Happened("planned", step.due_at))
            case Deferred(step, was, reason, rule, version):
                moved = Happened("moved", was, reason, cited(rule, version, packs), step.due_at)
                by_name[step.plan.name].history.append(moved)
            case Suppressed(step=step):
                rule_cited = cited(outcome.rule, outcome.rule_version, packs)
                ended = Happened("not sent", at, outcome.reason, rule_cited)
                if step is None:
                    shown.stopped = ended
                else:
                    by_name[step.plan.name].history.append(ended)
            case Dispatched(step=step):
                one = by_name[step.plan.name]
                refusal = refused.get((at, step.id))
                if refusal is not None:
                    rule_cited = cited(refusal.rule, refusal.rule_version, packs)
                    one.history.append(Happened("refused", at, refusal.reason, rule_cited))
                    continue
                one.history.append(Happened("sent", at))
                one.counts = [(c.rule, c.count, c.limit) for c in outcome.counts]
            case PersonDue(step=step):
                by_name[step.plan.name].history.append(Happened("a person takes over", at))
            case Cancelled(reason=reason, step_ids=step_ids):
                shown.ended = reason
                for step_id in step_ids:
                    name = rehearsal.book.steps[step_id].plan.name
                    by_name[name].history.append(Happened("cancelled", at, reason))
            case Completed(reason=reason):
                shown.ended = reason


def _write(rehearsal: Rehearsal, shown: Preview, locales: Sequence[str]) -> None:
    """The mail, or text, of each step that goes out."""
    by_id = {step.id: step.plan.name for step in rehearsal.book.steps.values()}
    by_name = {step.name: step for step in shown.steps}
    for step_id, order in rehearsal.orders.items():
        step = by_name[by_id[step_id]]
        at = step.sent_at
        if at is None:
            continue
        for locale in locales or (None,):
            try:
                written = rehearsal.letter(order, at, locale)
                if order.channel in IN_FULL:
                    step.mails.append(_mail(written))
                else:
                    step.texts.append(_text(written, order.channel))
            except Unwritable as error:
                step.fault = str(error)


def _mail(written: Written) -> Mail:
    letter = email.message_from_bytes(written.letter.copy, policy=email.policy.default)
    assert isinstance(letter, EmailMessage)
    return Mail(
        locale=written.locale,
        subject=str(letter["Subject"]),
        preheader=written.preheader,
        text=_part(letter, "plain"),
        html=_part(letter, "html"),
        variant=written.variant,
        disclosures=written.disclosures,
    )


def _text(written: Written, channel: str) -> ShortText:
    return ShortText(
        locale=written.locale,
        channel=channel,
        text=written.letter.copy.decode(),
        parts=written.segments or 1,
        disclosures=written.disclosures,
    )


def _part(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def cited(rule: str | None, version: int | None, packs: Sequence[Pack]) -> RuleCited:
    """The rule with its source, where it is one of a pack (`pack/rule`)."""
    pack_name, slash, name = (rule or "").partition("/")
    for pack in packs if slash else ():
        if pack.name == pack_name and (one := source(pack.content, name)):
            return RuleCited(name, pack.version, pack.name, one.citation, one.in_force)
    return RuleCited(rule or "", version or 1)
