"""Short texts that come in: whose they are by the number, what follows, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, cast

from schemas import facts
from schemas.common import Channel
from services.messenger import inbound_store, message_store, store
from services.messenger.handlers import answers, replies
from services.messenger.layout import words as words_of
from services.messenger.model import ANY, Letter, Place
from services.messenger.rules.replies import Intent
from services.messenger.tables import CustomerRow, InboundRow, MessageRow
from services.messenger.tenants import Tenant
from services.policy.consent import confirms_stop
from services.policy.model import Pack
from services.policy.places import applying, candidate_zones
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

HELP_AGAIN = timedelta(hours=1)
"""Business time in which who asks for help is told how to get it once: the other end may be a
machine, too."""


class ForAPerson(Exception):
    """What came in can be placed by no rule; the text is a code."""


class Speaker(Protocol):
    """A provider, as far as an answer needs it."""

    def hand_over_aside(self, letter: Letter) -> None:
        """Hand one text over, once, without waiting for what becomes of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text to be sent once what it answers is committed. It is no contact (design, section 2)."""

    channel: Channel
    letter: Letter


@dataclass(frozen=True, slots=True)
class Texting:
    """Who answers texts, in whose name, and by which rules. speakers: by channel."""

    packs: Sequence[Pack]
    tenants: Mapping[str, Tenant]
    speakers: Mapping[Channel, Speaker]

    def send(self, answer: Answer) -> None:
        """Send it, if anybody serves its channel."""
        if (speaker := self.speakers.get(answer.channel)) is not None:
            speaker.hand_over_aside(answer.letter)


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a text. passed_over: why nothing was done, where that is so."""

    answer: Answer | None = None
    passed_over: str | None = None


def hear(
    work: UnitOfWork,
    row: InboundRow,
    address_hash: str,
    listening: replies.Listening,
    texting: Texting | None,
) -> Heard:
    """Act on a text. address_hash: of the number it came from. Raises ForAPerson.

    A wish for silence is granted for all who have the number, whatever else it may say; the rest
    is taken as an answer to the newest text that went there.
    """
    row.kind = "reply"
    words = row.content.decode("utf-8", "replace")
    texted = inbound_store.latest_texts(work.session, row.source, address_hash)
    intent = replies.intent_of(words, listening)
    silence = intent in replies.SILENT
    silenced = _silence(work, row, address_hash, texted, intent) if silence else set()
    if not texted:
        if silence:
            return Heard()
        raise ForAPerson("no_message_known")
    newest = texted[0]
    who = (newest.tenant, newest.customer)
    work.session.expunge(newest)
    customer = store.lock_customers(work.session, [who])[who]
    row.tenant, row.customer, row.message_id = *who, newest.message_id
    speaks = texting is not None and row.source in texting.speakers and not row.answered
    helps = intent is Intent.HELP and (speaks or row.answered) and not answers.is_off(work, newest)
    since = work.now - HELP_AGAIN
    again = helps and message_store.has_asked(work.session, newest, Intent.HELP.value, since)
    try:
        reply = replies.Reply(row.inbound_id, words, row.source, answered=helps, guessed=True)
        replies.hear(work, newest.message_id, reply, listening)
    except answers.NotKnown:
        return Heard(passed_over="erased")
    if texting is None or not speaks:
        return Heard()
    if who in silenced and _is_confirmed(work, customer, texting, row.source):
        return Heard(_answer(work, texting, row, newest, "stop"))
    if helps and not again:
        return Heard(_answer(work, texting, row, newest, "help"))
    return Heard()


def _silence(
    work: UnitOfWork,
    row: InboundRow,
    address_hash: str,
    texted: Sequence[MessageRow],
    wish: Intent,
) -> set[store.Key]:
    """Grant a wish for silence to all who were texted at the number, or have it now; to whom that
    is new. Raises ForAPerson where there is nobody.
    """
    having = inbound_store.latest_to_number(work.session, row.source, row.sender)
    everyone = {(one.tenant, one.customer): one for one in (*having, *texted)}
    if not everyone:
        raise ForAPerson("no_message_known")
    store.lock_customers(work.session, everyone)
    return {who for who, one in everyone.items() if _stop(work, one, row, address_hash, wish)}


def _stop(
    work: UnitOfWork, message: MessageRow, row: InboundRow, address_hash: str, wish: Intent
) -> bool:
    channel = ANY if wish is Intent.CEASE_CONTACT else row.source
    new = answers.opt_out(work, message, ANY, "reply", channel=channel)
    # Whoever has the number next is meant as well, until one of them asks for texts again.
    answers.suppress(
        work, message, ANY, answers.OPTED_OUT, channel=row.source, address_hash=address_hash
    )
    return new


def _is_confirmed(work: UnitOfWork, who: CustomerRow, texting: Texting, channel: str) -> bool:
    """Whether a pack at the customer's place wants a stop confirmed by one text."""
    zones = candidate_zones(Place(who.timezone, who.country, who.region, who.city))
    return confirms_stop(work.now, zones, applying(texting.packs, zones), channel)


def _answer(
    work: UnitOfWork,
    texting: Texting,
    row: InboundRow,
    message: MessageRow,
    what: Literal["stop", "help"],
) -> Answer | None:
    """The text, told of in the transaction after which it is handed over."""
    tenant = texting.tenants.get(message.tenant)
    if tenant is None:
        return None
    channel = cast(Channel, row.source)
    told = facts.ReplyAnswered(message_id=message.message_id, what=what, channel=channel)
    answers.tell(work, message, told, row.inbound_id)
    identity = tenant.on_behalf_of(None, discreet=True).identity
    short = words_of(message.locale).short
    said = short.stopped if what == "stop" else short.help
    text = said.format(brand=identity.name, reply_to=identity.reply_to)
    answer_id = derive("answer", row.inbound_id)
    return Answer(channel, Letter(answer_id, identity.name, row.sender, text.encode()))
