"""Promise 3: no contact against what the messenger had applied, and it is never far behind."""

from collections.abc import Iterator, Sequence

from rapport.audit import answered, instalments, pauses, sending
from rapport.audit import packs as rules
from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.verdict import Outcome
from rapport.audit.words import (
    Word,
    address_key,
    customer_key,
    obligation_key,
    standing,
)
from schemas.facts import EventApplied, MessageIntended, OutreachDispatched

TITLE = "No contact against a settlement, opt-out, hold or suppression that was known"

LONGEST_LAG_SECONDS = 2.0


def check(history: History) -> Outcome:
    """Hold every message against all that its own `applied_through` says was known."""
    outcome = Outcome(3, TITLE)
    intents = history.log.of(MessageIntended)
    outcome.checked = {"messages intended": len(intents)}
    for intended in intents:
        _watermarks(intended, outcome)
        words = [word for word in _words(history, intended) if word.concerns(intended.data)]
        heard = [word for word in words if _heard(word, intended)]
        _against_words(history, intended, heard, outcome)
        _without_consent(history, intended, heard, outcome)
        _against_holds(history, intended, outcome)
        _without_notice(history, intended, outcome)
        late = [w for w in words if w.stops and w not in heard and w.fact.order < intended.order]
        many = len(late) + history.holds.too_late(intended)
        outcome.flying("stops that came too late to be known", many)
    instalments.check(history, outcome)
    answered.check(history, outcome)
    for ordered in history.log.of(OutreachDispatched):
        _payments_missing(history, ordered, outcome)
    return outcome


def _payments_missing(
    history: History, ordered: Fact[OutreachDispatched], outcome: Outcome
) -> None:
    """What a payment could settle is not ordered while customer events lag; how far they are
    known is what the segmenter said on every lane."""
    events = ordered.data.events
    if events is None:
        return
    what = f"dispatch {ordered.data.dispatch_id}"
    if events.age_seconds > events.limit_seconds and history.rests_on_payments(ordered):
        lag = f"{events.age_seconds:.0f} s of customer events may have been missing"
        outcome.violate("payment-lag", f"{what} was ordered while {lag}", ordered)
    if any(known < events.until for known in history.events_known.values()):
        outcome.violate(
            "payment-evidence", f"{what} rests on events that nobody said to be known", ordered
        )


def _heard(word: Word, intended: Fact[MessageIntended]) -> bool:
    """Whether a word counts for a message.

    A stop does if the messenger had applied it. What permits contact again does if it stands
    before the message at all: the messenger hears of preferences before the log does.
    """
    if word.known(intended.data.applied_through):
        return True
    return not word.stops and word.fact.order < intended.order


def _watermarks(intended: Fact[MessageIntended], outcome: Outcome) -> None:
    data, lane = intended.data, intended.position.lane
    if data.log_age_seconds > LONGEST_LAG_SECONDS:
        what = f"message {data.message_id} was sent {data.log_age_seconds:.1f} s behind the log"
        outcome.violate("behind", what, intended)
    through = data.applied_through.get(lane)
    if through is None:
        what = f"message {data.message_id} does not say how far {lane} had been read"
        outcome.violate("no-watermark", what, intended)
    elif through >= intended.position.offset:
        what = f"message {data.message_id} says it had read {lane} beyond itself"
        outcome.violate("false-watermark", what, intended)


def _words(history: History, intended: Fact[MessageIntended]) -> Iterator[Word]:
    words, data = history.words, intended.data
    yield from words.of_person(intended.who, data.applied_through)
    yield from words.about(address_key(intended.tenant, data.address_hash))
    yield from words.about((intended.tenant,))
    for one in history.ids(intended):
        yield from history.paid_by_word.get(customer_key(*one), ())
    kind = history.obligation_kind(intended)
    for obligation in data.obligation_ids:
        yield from words.about(obligation_key(intended.tenant, kind, obligation))
    enrolled = history.enrolments_of(intended)
    operated = sending.keys_of(intended.tenant, data.playbook, enrolled)
    for about in (*operated, *pauses.keys_of(enrolled)):
        # The messenger's own lane tells all that is needed, whichever lanes it reads besides.
        yield from history.sending.get(about, ())


def _against_words(
    history: History, intended: Fact[MessageIntended], heard: Sequence[Word], outcome: Outcome
) -> None:
    data = intended.data
    for stop in standing(heard, data.checked_at):
        if _silences(history, intended, stop):
            what = f"message {data.message_id} went against {stop.fact.type} ({stop.topic})"
            outcome.violate(_rule(stop), what, stop.fact, intended)


def _silences(history: History, intended: Fact[MessageIntended], stop: Word) -> bool:
    """Whether the stop is meant for this contact: an agreement ends dunning, not its own care.

    A contact of an enrolment that began after the agreement, for another purpose than collection
    (such as the reminder of an instalment), is what the agreement asks for. So is thanks for what
    is paid, which is no contact (design section 2); `instalments` judges it. An answer in the talk
    with a person is that person's doing.
    """
    if intended.data.answers and stop.topic == f"handoff:{intended.data.answers}":
        return intended.data.purpose != "service"
    promise = intended.data.agreement
    if promise is not None and intended.data.purpose != "collection":
        if stop.topic == f"agreement:{promise.agreement_id}":
            return False
        if promise.instalment is None and stop.topic == "obligation" and _is_paid(stop):
            return False
    if not stop.topic.startswith("agreement"):
        return True
    about = getattr(stop.fact.data, "obligation_id", None)
    enrolled = [
        fact
        for fact in history.enrolments_of(intended)
        if fact.data.obligation.obligation_id == about
    ]
    begun_before = not enrolled or any(fact.order < stop.fact.order for fact in enrolled)
    return begun_before or intended.data.purpose == "collection"


def _is_paid(stop: Word) -> bool:
    """Whether the matter ended by being paid, and not by being closed for another reason."""
    applied = stop.fact.data
    if isinstance(applied, EventApplied):
        return applied.event_type == "payment.received" or applied.data.get("why") == "paid"
    return True


def _without_consent(
    history: History, intended: Fact[MessageIntended], heard: Sequence[Word], outcome: Outcome
) -> None:
    """Where a pack asks for consent, or a relationship it accepts, there must be one."""
    data = intended.data
    place = history.place(intended)
    needed = rules.consent_needed(
        history.packs_for(intended),
        place,
        data.checked_at,
        data.purpose,
        data.channel,
        history.roles(intended),
    )
    if needed is None:
        return
    granted = any(
        word.topic == "consent" and not word.stops and word.lasts(data.checked_at) for word in heard
    )
    if not granted:
        what = (
            f"message {data.message_id} ({data.purpose}) had no consent, which "
            f"{needed.pack.name} v{needed.pack.version} asks for"
        )
        outcome.violate("no-consent", what, needed.fact, intended)


def _against_holds(history: History, intended: Fact[MessageIntended], outcome: Outcome) -> None:
    """A hold that was known keeps the machine silent, or makes its words gentler."""
    data = intended.data
    packs, roles = history.packs_for(intended), history.roles(intended)
    told: set[tuple[str, int]] = set()
    ids, kind = history.ids(intended), history.obligation_kind(intended)
    for one in history.holds.standing(intended, packs, roles, ids, joint=kind == "bill"):
        said, rule = one.said, "hold" if one.silent else "gentler"
        broken = one.silent or data.tone != "gentle"
        if broken and (rule, said.fact.order) not in told:
            told.add((rule, said.fact.order))
            what = f"message {data.message_id} ({data.tone}) went against the hold {said.kind}"
            outcome.violate(rule, what, said.fact, intended)


def _without_notice(history: History, intended: Fact[MessageIntended], outcome: Outcome) -> None:
    """Where a pack asks for a statutory notice, the publisher must have said that it was sent."""
    data = intended.data
    roles = history.roles(intended)
    for found in history.packs_for(intended):
        for rule in found.pack.notices:
            if not rules.covers(rule, data.purpose, data.channel, roles):
                continue
            if not rules.in_force_at(rule, data.checked_at, data.zones):
                continue
            for obligation in data.obligation_ids:
                if not _went_before(history, intended, obligation, rule.notice):
                    what = (
                        f"message {data.message_id} about {obligation} went before the notice "
                        f"{rule.notice}, which {found.pack.name} v{found.pack.version} asks for"
                    )
                    outcome.violate("notice", what, found.fact, intended)


def _went_before(
    history: History, intended: Fact[MessageIntended], obligation: str, notice: str
) -> bool:
    return any(
        sent.data.data["kind"] == notice and sent.order < intended.order
        for sent in history.notices.get((intended.tenant, obligation), ())
    )


def _rule(stop: Word) -> str:
    if stop.topic == "obligation":
        return "settled"
    return stop.topic.partition(":")[0]
