"""One plain sentence for each fact, for those who watch the log or ask why."""

from functools import singledispatch

from schemas.commands import Count, PackRef
from schemas.common import Typed
from schemas.facts import customer, machinery, message, negotiation, operation, outreach, playbook
from schemas.world import minor_units


@singledispatch
def sentence(data: Typed) -> str:
    """What the fact says; its type's name where nothing better is known."""
    return data.TYPE


def money(amount_minor: int, currency: str) -> str:
    """An amount in its currency's own decimals: 1234 USD is `12.34 USD`, 1234 JPY `1234 JPY`."""
    places = minor_units(currency)
    return f"{amount_minor / 10**places:.{places}f} {currency}"


def _rule(rule: str, version: int) -> str:
    return f"{rule} v{version}"


def _packs(packs: tuple[PackRef, ...]) -> str:
    return ", ".join(f"{pack.name} v{pack.version}" for pack in packs) or "no pack"


def _counts(counts: tuple[Count, ...]) -> str:
    return "; ".join(
        f"{count.count} of {count.limit} in {count.window_hours} h ({count.rule})"
        for count in counts
    )


@sentence.register
def _(data: customer.EventApplied) -> str:
    about = f" about {data.obligation_id}" if data.obligation_id else ""
    effect = {
        "applied": "",
        "stale_version": ", changed nothing: a higher version was known",
        "old": ", triggers nothing: older than 7 days",
    }[data.effect]
    return f"{data.event_type}{about} ({data.event_id} of {data.event_source}){effect}"


@sentence.register
def _(data: customer.CustomerSegmented) -> str:
    playbook = f"{data.playbook} v{data.playbook_version}"
    upon = f" upon {data.trigger_event_id}"
    if not data.matched:
        others = "".join(f", {name} v{version}" for name, version in data.also.items())
        return f"{playbook}{others}: no contact{upon}, {data.reason}"
    careful = f", by default for {', '.join(data.defaults_used)}" if data.defaults_used else ""
    passed = "".join(
        f"; not {one.segment}, since {one.attribute} may not steer here ({one.rule} "
        f"v{one.rule_version})"
        for one in data.passed_over
    )
    return f"{playbook}: segment {data.segment}, tone {data.tone}{upon}{careful}{passed}"


@sentence.register
def _(data: customer.CustomerHeldOut) -> str:
    where = data.playbook or "all playbooks"
    upon = f", so {data.instead_of} does not begin" if data.instead_of else ""
    return f"held out of {where} ({data.holdout}, {data.share_bp / 100:g} %){upon}"


@sentence.register
def _(data: customer.CustomerErased) -> str:
    why = f" ({data.reason}, by {data.by})" if data.reason and data.by else ""
    return f"forgotten{why}: rows deleted from {data.tables} tables"


@sentence.register
def _(data: outreach.OutreachEnrolled) -> str:
    about = f"{data.obligation.kind} {data.obligation.obligation_id}"
    begins = "goes on" if data.continues else "begins"
    name = f"{data.playbook} v{data.playbook_version}"
    return f"{name} {begins} about {about}, segment {data.segment}"


@sentence.register
def _(data: outreach.OutreachStepPlanned) -> str:
    again = f", by {data.channel}: the message before did not arrive" if data.instead_of else ""
    at = f"{data.due_at:%Y-%m-%d %H:%M %Z} in {', '.join(data.zones)}"
    return f"{data.step} planned for {at}{_hour(data.hour)}{again}"


def _hour(chosen: outreach.HourChosen | None) -> str:
    if chosen is None or chosen.by == "usual":
        return ""
    if chosen.arm == "control":
        return f": the playbook's hour, to compare with ({chosen.wanted} o'clock was learned)"
    whose = {"own": "this customer", "segment": "the segment", "general": "customers"}[chosen.by]
    return f": about {chosen.wanted} o'clock {whose} answer{'s' * (chosen.by != 'general')}"


@sentence.register
def _(data: outreach.OutreachStepDeferred) -> str:
    to = f"{data.to_at:%Y-%m-%d %H:%M %Z}"
    return f"{data.step} deferred to {to}: {data.reason} ({_rule(data.rule, data.rule_version)})"


@sentence.register
def _(data: outreach.OutreachStepSuppressed) -> str:
    what = f"{data.playbook} {data.step}" if data.step else data.playbook
    about = f" about {data.obligation_id}" if data.obligation_id else ""
    rule = _rule(data.rule, data.rule_version)
    return f"{what}{about} not contacted: {data.reason} ({rule})"


@sentence.register
def _(data: outreach.OutreachDispatched) -> str:
    allowed = f"allowed by {_packs(data.packs)} in {', '.join(data.zones)}"
    counts = f"; {counted}" if (counted := _counts(data.counts)) else ""
    counts += f"; with {len(data.joined)} more in one message" if data.joined else ""
    return f"{data.step} ordered (attempt {data.attempt}), {allowed}{counts}"


@sentence.register
def _(data: outreach.OutreachStepJoined) -> str:
    return f"{data.step} goes out in one message with others (dispatch {data.dispatch_id})"


@sentence.register
def _(data: outreach.OutreachPersonDue) -> str:
    return f"{data.reason}: a person shall see to it by {data.due_by:%Y-%m-%d %H:%M %Z}"


@sentence.register
def _(data: outreach.OutreachCancelled) -> str:
    because = f" because of {data.cause_event_id}" if data.cause_event_id else ""
    return f"cancelled: {data.reason}{because}, {len(data.step_ids)} steps will not be sent"


@sentence.register
def _(data: outreach.OutreachCompleted) -> str:
    return f"completed: {data.reason}"


@sentence.register
def _(data: message.MessageIntended) -> str:
    counts = f"; {counted}" if (counted := _counts(data.counts)) else ""
    return (
        f"about to send {data.playbook} {data.step} by {data.channel} ({data.purpose}, "
        f"{data.tone}, {data.locale}), allowed by {_packs(data.packs)} in "
        f"{', '.join(data.zones)}{counts}; {data.log_age_seconds:.1f} s behind the log"
    )


@sentence.register
def _(data: message.MessageSent) -> str:
    return f"sent by {data.provider}"


@sentence.register
def _(data: message.MessageFailed) -> str:
    status = f" ({data.status})" if data.status else ""
    again = ", may be tried again" if data.retryable else ""
    return f"not sent: {data.reason}{status}{again}"


@sentence.register
def _(data: message.MessageRefused) -> str:
    later = f", not before {data.not_before:%Y-%m-%d %H:%M %Z}" if data.not_before else ""
    return f"refused at the last check: {data.reason} ({data.rule} v{data.rule_version}){later}"


@sentence.register
def _(data: message.MessageLeftOut) -> str:
    rule = f"{data.rule} v{data.rule_version}"
    return f"left out of the message at the last check: {data.reason} ({rule})"


@sentence.register
def _(data: message.MessageUnknown) -> str:
    return f"may have gone, not sent again: {data.reason}"


@sentence.register
def _(data: message.MessageBounced) -> str:
    return f"came back ({data.kind}{f', {data.status}' if data.status else ''})"


@sentence.register
def _(_: message.MessageDelivered) -> str:
    return "delivered"


@sentence.register
def _(_: message.MessageComplained) -> str:
    return "reported as unwanted"


@sentence.register
def _(data: message.MessageOpened) -> str:
    return "opened by a program" if data.machine else "opened"


@sentence.register
def _(data: message.MessageClicked) -> str:
    return f"{data.link} followed{' by a program' if data.machine else ''}"


@sentence.register
def _(data: message.MessageReplied) -> str:
    said = " and ".join((data.intent, *data.also))
    quiet = f"; nothing about it until {data.quiet_until:%Y-%m-%d}" if data.quiet_until else ""
    return f"answered: {said}{quiet}"


@sentence.register
def _(data: message.ReplyAnswered) -> str:
    said = "the stop was heard" if data.what == "stop" else "how to get help"
    return f"one text in answer, by {data.channel}: {said}"


@sentence.register
def _(data: message.ChoiceMade) -> str:
    return f"chose {data.choice}"


@sentence.register
def _(data: message.ContactUnsubscribed) -> str:
    channel = "every channel" if data.channel == "*" else data.channel
    purpose = "every purpose" if data.purpose == "*" else data.purpose
    return f"opted out of {purpose} by {channel} ({data.via})"


@sentence.register
def _(data: message.ContactRightParty) -> str:
    return f"{data.channel} address {'confirmed' if data.confirmed else 'is not theirs'}"


@sentence.register
def _(data: message.ContactSuppressed) -> str:
    until = f" until {data.expires_at:%Y-%m-%d}" if data.expires_at else ""
    what = f"{data.purpose} by {data.channel}".replace("*", "anything")
    return f"{what} suppressed for this {data.scope} ({data.reason}), by {data.by}{until}"


@sentence.register
def _(data: message.ContactPreferenceChanged) -> str:
    return f"changed preferences: {', '.join(sorted(data.changes))}"


@sentence.register
def _(data: message.FeedbackGiven) -> str:
    return "found it helpful" if data.helpful else "did not find it helpful"


@sentence.register
def _(data: negotiation.OfferProposed) -> str:
    total = money(data.total_minor, data.currency)
    parts = f"{len(data.instalments)} instalments" if len(data.instalments) > 1 else "one payment"
    off = f", {money(data.discount_minor, data.currency)} off" if data.discount_minor else ""
    return (
        f"offer of {total} in {parts}{off} about {data.obligation_id} by the {data.by}, "
        f"within {data.authority.name} v{data.authority.version}"
    )


@sentence.register
def _(data: negotiation.AgreementMade) -> str:
    total = money(data.total_minor, data.currency)
    return f"agreed on {total} in {len(data.instalments)} payments about {data.obligation_id}"


@sentence.register
def _(data: negotiation.AgreementChanged) -> str:
    return f"payments about {data.obligation_id} moved by the {data.by}"


@sentence.register
def _(data: negotiation.AffordabilityStated) -> str:
    return f"said what they can manage about {data.obligation_id}"


@sentence.register
def _(data: negotiation.AgreementKept) -> str:
    return f"instalment {data.instalment} about {data.obligation_id} paid"


@sentence.register
def _(data: negotiation.AgreementDue) -> str:
    return f"whether the agreement about {data.obligation_id} is kept is due to be judged"


@sentence.register
def _(data: negotiation.AgreementBroken) -> str:
    return f"instalment {data.instalment} about {data.obligation_id} not paid in time"


@sentence.register(negotiation.OfferAccepted)
@sentence.register(negotiation.OfferDeclined)
@sentence.register(negotiation.OfferExpired)
@sentence.register(negotiation.OfferCountered)
@sentence.register(negotiation.AgreementReopened)
@sentence.register(negotiation.AgreementCompleted)
def _(data: negotiation.OfferAccepted) -> str:
    noun, _, verb = data.TYPE.partition(".")
    return f"{noun} {verb} about {data.obligation_id}"


@sentence.register
def _(data: negotiation.RequestMade) -> str:
    return f"asked the publisher for {data.kind} about {data.obligation_id}"


@sentence.register
def _(data: negotiation.NoticeRequired) -> str:
    return f"the publisher must send the {data.kind} notice about {data.obligation_id}"


@sentence.register
def _(data: negotiation.HandoffRequested) -> str:
    return f"a person shall take over: {data.reason}"


@sentence.register
def _(data: negotiation.HandoffAssigned) -> str:
    return f"{data.to} took over"


@sentence.register
def _(data: negotiation.HandoffReleased) -> str:
    by = "" if data.by == data.held_by else f", by {data.by}"
    return f"{data.held_by} laid it down{by}"


@sentence.register
def _(data: negotiation.HandoffSeen) -> str:
    return f"{data.by} {'read a message' if data.message_id else 'looked at the story'}"


@sentence.register
def _(data: negotiation.HandoffNoted) -> str:
    return f"{data.by} wrote a note"


@sentence.register
def _(data: negotiation.HandoffAnswered) -> str:
    return f"{data.by} answered the customer"


@sentence.register
def _(data: negotiation.HandoffResolved) -> str:
    return f"closed by a person: {data.outcome}"


@sentence.register
def _(data: machinery.PolicyInForce) -> str:
    return f"policy {data.name} v{data.version} in force"


@sentence.register
def _(data: machinery.PolicyRefused) -> str:
    return f"policies refused, those in force stay: {'; '.join(data.faults)}"


@sentence.register(operation.SendingStopped)
@sentence.register(operation.SendingResumed)
def _(data: operation.SendingStopped) -> str:
    verb = data.TYPE.partition(".")[2]
    where = f" of tenant {data.of_tenant}" if data.of_tenant else ""
    what = {"everything": "all sending", "tenant": "all sending"}.get(
        data.scope, f"sending for {data.scope} {data.name}"
    )
    return f"{data.by} {verb} {what}{where}: {data.reason}"


@sentence.register
def _(data: operation.HoldLifted) -> str:
    about = f" about {data.obligation_id}" if data.obligation_id else ""
    return f"{data.by} lifted the hold {data.kind}{about}: {data.reason}"


@sentence.register
def _(data: operation.HoldLiftRefused) -> str:
    rule = _rule(data.rule, data.rule_version)
    return f"the hold {data.kind} stands: only an operator may lift it ({rule})"


@sentence.register
def _(data: operation.OutreachPaused) -> str:
    until = f"until {data.until:%Y-%m-%d %H:%M} UTC" if data.until else "until it is resumed"
    return f"{data.by} paused this outreach {until}"


@sentence.register
def _(data: operation.OutreachResumed) -> str:
    return f"{data.by} resumed this outreach"


@sentence.register
def _(data: message.VariantWithdrawn) -> str:
    return (
        f"the wording {data.variant} of {data.playbook} withdrawn by the {data.by}: complaints and "
        f"opt-outs {data.harmed} of {data.sent}, the others' {data.others_harmed} of "
        f"{data.others_sent}"
    )


@sentence.register
def _(data: message.VariantRestored) -> str:
    return f"the wording {data.variant} of {data.playbook} brought back by {data.by}"


@sentence.register
def _(data: machinery.AuthorityInForce) -> str:
    return f"authority {data.name} v{data.version} in force"


@sentence.register
def _(data: playbook.PlaybookPublished) -> str:
    return f"{data.actor} published {data.playbook} v{data.playbook_version} as a draft"


@sentence.register
def _(data: playbook.PlaybookApproved) -> str:
    return f"{data.actor} approved {data.playbook} v{data.playbook_version}"


@sentence.register
def _(data: playbook.PlaybookWithdrawn) -> str:
    return f"{data.actor} withdrew {data.playbook} v{data.playbook_version}"


@sentence.register
def _(data: machinery.LogHeartbeat) -> str:
    return f"{data.service} listens on lane {data.lane}"
