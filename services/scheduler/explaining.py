"""Explanations in words, with the rules they rest on: for people who ask why, or why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.policy.citing import source
from services.policy.model import Pack
from services.scheduler.rules.explaining import Contact, Decision, Told


@dataclass(frozen=True, slots=True)
class Cited:
    """A rule with its source, as far as this version of its pack still says it.

    in_force: since when it is, in words.
    """

    rule: str
    version: int | None
    citation: str | None = None
    status: str | None = None
    verified: bool | None = None
    in_force: str | None = None


_CHANGES = {
    "hours": "The permitted hours begin at the customer's place{by}.",
    "cap": "Earlier contacts leave the window of the cap{by}.",
    "gap": "Enough time has passed since the last contact{by}.",
    "paused": "The pause ends{by}, or an operator resumes the customer.",
    "sending_stopped": "An operator resumes sending.",
    "handoff": "The person who took over closes the matter or hands it back.",
    "payment_pending": "The payment under way comes in or fails.",
    "payment_lag": "The service has caught up with the publisher's events.",
    "opted_out": "The customer allows this channel and purpose again.",
    "no_consent": "The customer consents to this channel and purpose.",
    "place_unknown": "The publisher tells where the customer is (timezone or country).",
    "no_policy": "A policy pack with hours is in force at the customer's place.",
    "wrong_person": "The publisher gives a new address.",
    "no_due_date": "The publisher gives a due date.",
    "agreement": "The agreement is broken; while it runs nothing is asked.",
    "instalment_paid": "Nothing: it is paid. The next payment has reminders of its own.",
    "agreement_over": "Nothing: the plan has ended. A new one would have reminders of its own.",
    "no_segment": "An event changes what the segments of the playbook ask for.",
    "no_address": "The publisher gives an address.",
    "channel_not_served": "An operator names who serves the channel (SMS_URL, WEBHOOK_URL).",
    "no_text_for_channel": "The playbook gets a short text, in a new version.",
    "already_enrolled": "A later due date begins a new round.",
    "playbook_version_not_loaded": "An operator publishes this version; it is tried again{by}.",
    "merged": "Nothing here: the customer lives on under another id.",
}
_OVER = "Nothing: it is over. A new event of the publisher's would begin anew."
_PLANNED = "Nothing: its time comes{by}, and all rules are checked again then."


def would_change(decision: Decision) -> str:
    """What would have to happen for a contact about it."""
    by = f" at {_clock(decision.to_at)}" if decision.to_at else ""
    reason = decision.reason or ""
    if reason.startswith("hold:"):
        return f"The hold {reason[5:]} is lifted{f', or ends{by}' if by else ''}."
    if reason.startswith("notice:"):
        return f"The publisher sends the notice {reason[7:]} and says so (notice.sent)."
    if reason.startswith("suppressed:"):
        return "The suppression ends, or the customer takes it back."
    if decision.outcome == "held_out":
        return "Nothing: the customer is in a holdout, so that lift can be measured."
    if decision.outcome == "planned":
        return _PLANNED.format(by=by)
    if decision.outcome == "completed":
        return _OVER
    if decision.outcome == "dispatched":
        return "Nothing: it is on its way."
    return _CHANGES.get(reason, _OVER).format(by=by)


def sentence(decision: Decision, cited: Cited | None) -> str:
    """What was decided, in one sentence."""
    what = f"{decision.playbook}{f' {decision.step}' if decision.step else ''}"
    about = f" about {decision.obligation_id}" if decision.obligation_id else ""
    because = f": {decision.reason}" if decision.reason else ""
    if cited is not None:
        told = f", {cited.citation}; in force {cited.in_force}" if cited.citation else ""
        because += f" ({cited.rule} v{cited.version}{told})"
    to = f" to {_clock(decision.to_at)}" if decision.to_at else ""
    match decision.outcome:
        case "planned":
            return f"Not yet: {what}{about} is planned for {_clock(decision.to_at)}."
        case "deferred":
            return f"Not yet: {what}{about} was deferred{to}{because}."
        case "dispatched":
            return f"{what}{about} is ordered and on its way."
        case "held_out":
            return f"Not contacted: held out of {what}{about}{because}."
        case "no_match":
            return f"Not contacted: {what} found no reason to begin{about}{because}."
        case "cancelled" | "completed":
            return f"{what}{about} had been {decision.outcome}{because}."
        case _:
            return f"Not contacted: {what}{about}{because}."


def contact_sentence(contact: Contact) -> str:
    """Why a contact was made, in one sentence."""
    data = contact.intended.data
    packs = ", ".join(f"{one['name']} v{one['version']}" for one in data["packs"])
    counts = "; ".join(
        f"{one['count']} of {one['limit']} in {one['window_hours']} h ({one['rule']})"
        for one in data["counts"]
    )
    return (
        f"{_clock(contact.intended.at)}: {data['playbook']} {data['step']} about "
        f"{', '.join(data['obligation_ids'])} by {data['channel']} ({contact.outcome}), allowed by "
        f"{packs} in {', '.join(data['zones'])}{f'; {counts}' if counts else ''}."
    )


def cite(decision: Decision, packs: Sequence[Pack]) -> Cited | None:
    """The rule that decided, with its source where a loaded pack has it in that version."""
    if decision.rule is None:
        return None
    pack_name, _, name = decision.rule.partition("/")
    for pack in packs:
        meant = (pack.name, pack.version) == (pack_name, decision.rule_version)
        if meant and (found := source(pack.content, name)):
            return Cited(
                decision.rule,
                pack.version,
                found.citation,
                found.status,
                found.verified,
                found.in_force,
            )
    return Cited(decision.rule, decision.rule_version)


def evidence(facts: Sequence[Told]) -> list[dict[str, Any]]:
    """Facts by id, to be looked up in the timeline."""
    return [{"id": one.id, "type": one.type, "at": _clock(one.at)} for one in facts]


def _clock(instant: datetime | None) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z") if instant else "?"
