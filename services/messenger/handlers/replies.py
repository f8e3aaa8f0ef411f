"""What a person answered: kept, understood and acted on in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from schemas import facts
from services.messenger import metrics
from services.messenger.handlers import answers
from services.messenger.model import ANY, WRONG_PERSON
from services.messenger.phrasebooks import phrasebooks
from services.messenger.rules.replies import Intent, Understood, understand
from services.messenger.tables import CustomerRow, MessageRow, ReplyRow
from services.runtime.context import Context
from services.runtime.ids import derive, fresh
from services.runtime.unit_of_work import UnitOfWork

SAYS_PAID = "says_paid"
"""Kind of the hold while a publisher looks whether a payment has come in."""
CONFIRM_PAYMENT = "confirm_payment"
CEASE_CONTACT = "cease_contact"

_FOR_A_PERSON = {
    Intent.WRONG_PERSON: "wrong_person",
    Intent.BEREAVED: "bereavement",
    Intent.DISPUTE: "dispute",
    Intent.CANNOT_PAY: "hardship",
    Intent.ANGRY: "angry",
    Intent.HELP: "question",
    Intent.QUESTION: "question",
    Intent.OTHER: "reply",
}
_CHATTER = {"angry", "question", "reply"}
SILENT = frozenset({Intent.STOP, Intent.CEASE_CONTACT})
"""What wishes for silence are."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. reply_id: the same for the same answer, however often it comes.

    answered: what it asks is answered already; nobody need see to that. guessed: nothing in it
    says which message it answers; it is taken as an answer to the newest.
    """

    reply_id: str
    words: str
    via: str = "http"
    attachments: int = 0
    answered: bool = False
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Listening:
    """How answers are heard. stop_words: opt-outs that policies name.

    paid_wait: how long nothing is said about a bill that is said to be paid.
    """

    stop_words: Collection[str] = ()
    paid_wait: timedelta = timedelta(days=7)


def take(context: Context, message_id: str, words: str, listening: Listening) -> Understood:
    """Keep what a person answered to a message, and act on it. Raises NotKnown."""
    with context.unit() as work:
        return hear(work, message_id, Reply(fresh(), words), listening)


def hear(work: UnitOfWork, message_id: str, reply: Reply, listening: Listening) -> Understood:
    """The same within a transaction."""
    understood = understand(reply.words, phrasebooks(), listening.stop_words)
    message, customer = answers.with_customer(work, message_id)
    work.session.add(
        ReplyRow(
            tenant=message.tenant,
            customer=message.customer,
            reply_id=reply.reply_id,
            message_id=message_id,
            # PostgreSQL keeps no NUL.
            words=reply.words.replace("\x00", ""),
            intent=understood.intent.value,
            also=[one.value for one in understood.also],
            via=reply.via,
            attachments=reply.attachments,
            at=work.now,
        )
    )
    _act(work, message, customer, reply, understood, listening)
    metrics.ANSWERS.labels(f"reply_{understood.intent}").inc()
    return understood


def wish_of(words: str, listening: Listening) -> Intent | None:
    """The wish for silence in what somebody wrote, if there is one."""
    heard = intent_of(words, listening)
    return heard if heard in SILENT else None


def intent_of(words: str, listening: Listening) -> Intent:
    """What somebody wants first of all."""
    return understand(words, phrasebooks(), listening.stop_words).intent


def _act(
    work: UnitOfWork,
    message: MessageRow,
    customer: CustomerRow,
    reply: Reply,
    understood: Understood,
    listening: Listening,
) -> None:
    heard, reply_id = understood.all, reply.reply_id
    says_paid = Intent.PAID_ALREADY in heard and message.obligation_ids
    until = work.now + listening.paid_wait if says_paid else None
    answers.tell(
        work,
        message,
        facts.MessageReplied(
            **({"message_id": message.message_id} if reply.guessed else answers.steps_of(message)),
            intent=understood.intent.value,
            also=tuple(one.value for one in understood.also),
            quiet_until=until,
        ),
        reply_id,
    )
    if Intent.CEASE_CONTACT in heard:
        answers.opt_out(work, message, ANY, "reply", channel=ANY)
        _ask(work, message, reply_id, CEASE_CONTACT)
    if Intent.STOP in heard:
        # Whoever says only STOP means all of it.
        answers.opt_out(work, message, ANY, "reply")
    if Intent.WRONG_PERSON in heard:
        someone_else(work, message, customer, reply_id)
    if until is not None:
        held = {"until": until.isoformat(), "at": work.now.isoformat()}
        asked = _ask(work, message, reply_id, CONFIRM_PAYMENT)
        paid = {f"{SAYS_PAID}/{one}": held | {"request": asked[one]} for one in asked}
        customer.holds = {**customer.holds, **paid}
    reason = _person_for(heard, asked_publisher=bool(says_paid))
    if reason is not None and not reply.answered:
        hand_over(work, message, customer, reply_id, reason)


def _person_for(heard: tuple[Intent, ...], *, asked_publisher: bool) -> str | None:
    """Why a person shall see the answer, if one shall. The gravest reason counts."""
    reasons = [_FOR_A_PERSON[one] for one in heard if one in _FOR_A_PERSON]
    if Intent.PAID_ALREADY in heard and not asked_publisher:
        reasons.append("reply")
    if SILENT & set(heard) or asked_publisher:
        # They asked for silence, or the publisher is looking already: chatter needs nobody.
        reasons = [one for one in reasons if one not in _CHATTER]
    return reasons[0] if reasons else None


def someone_else(
    work: UnitOfWork, message: MessageRow, customer: CustomerRow, because: str
) -> None:
    """Someone else reads what is sent there: no more of it, and no link of it opens anything."""
    answers.suppress(work, message, ANY, WRONG_PERSON)
    answers.suppress(work, message, ANY, WRONG_PERSON, address_hash=message.address_hash)
    customer.links_end = work.now
    told = facts.ContactRightParty.model_validate(
        {"confirmed": False, "channel": message.channel, "via": "reply"}
    )
    answers.tell(work, message, told, because)


def hand_over(
    work: UnitOfWork, message: MessageRow, customer: CustomerRow, because: str, reason: str
) -> None:
    """Ask for a person; from now on the machine keeps quiet about the matter."""
    obligation = message.obligation_ids[0] if message.obligation_ids else None
    handoff_id = derive("handoff", message.tenant, because)
    opened: dict[str, str | None] = {"reason": reason, "obligation_id": obligation}
    # At once: the fact comes back through the log only a moment later.
    customer.handoffs = {**customer.handoffs, handoff_id: opened}
    answers.tell(
        work,
        message,
        facts.HandoffRequested(
            handoff_id=handoff_id,
            case_id=derive("case", message.tenant, message.customer, obligation or ""),
            obligation_id=obligation,
            reason=reason,
            needs=facts.HandoffNeeds(language=message.locale),
        ),
        because,
    )


def _ask(work: UnitOfWork, message: MessageRow, because: str, kind: str) -> dict[str, str]:
    """Ask the publisher about each thing that the message is about: the requests, by thing."""
    asked = {
        obligation: derive("request", message.tenant, because, kind, obligation)
        for obligation in message.obligation_ids or ("",)
    }
    for obligation, request_id in asked.items():
        answers.tell(
            work,
            message,
            facts.RequestMade(request_id=request_id, kind=kind, obligation_id=obligation),
            request_id,
        )
    return asked
