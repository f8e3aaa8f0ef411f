"""Mail and texts that come in: kept before they are acknowledged, then read and acted on, once."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from traceback import format_tb

from services.messenger import inbound_store, message_store, metrics, store
from services.messenger.handlers import answers, replies, returns, texting
from services.messenger.handlers.texting import Answer, ForAPerson, Texting
from services.messenger.inbound import reading
from services.messenger.model import ANY
from services.messenger.providers.doors import Said
from services.messenger.return_path import CameBack, Comes, ReturnPath
from services.messenger.rules.bounces import kind_of
from services.messenger.rules.replies import Intent
from services.messenger.tables import InboundRow, MessageRow
from services.runtime import logging
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

log = logging.get(__name__)

_TEXTS = frozenset({"sms", "webhook"})
"""Sources that are channels of short texts."""
_ABUSE = ("abuse", "fraud", "virus", "other", "opt-out", "opt-out-list")


@dataclass(frozen=True, slots=True)
class Letterbox:
    """What the intake needs. addresses: base addresses that are ours, in small letters.

    texting: who answers short texts; None: nobody does.
    """

    context: Context
    addresses: Collection[str]
    listening: replies.Listening = field(default_factory=replies.Listening)
    patience: returns.Patience = field(default_factory=returns.Patience)
    texting: Texting | None = None

    def takes(self, address: str) -> bool:
        """Whether mail to the address is for us, whatever follows a plus sign."""
        local, _, domain = address.lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" in self.addresses

    def keep(self, source: str, sender: str, recipients: Sequence[str], content: bytes) -> bool:
        """Keep one mail durably, as far as it is looked at; False if it is there already."""
        context = self.context
        named = hashlib.sha256(content)
        for recipient in sorted({one.lower() for one in recipients}):
            named.update(b"\0" + recipient.encode("utf-8", "replace"))
        with context.unit() as work:
            return inbound_store.keep(
                work.session,
                InboundRow(
                    inbound_id=named.hexdigest(),
                    received_at=context.clock.real(),
                    source=source,
                    sender=_printable(sender),
                    recipients=[_printable(one) for one in recipients][:50],
                    content=content[: reading.CONSIDERED_BYTES],
                    size=len(content),
                    state=inbound_store.PENDING,
                ),
            )

    def keep_text(self, provider: str, said: Said) -> bool:
        """Keep one short text durably; False if it is there already."""
        content = said.words.encode("utf-8", "replace")
        with self.context.unit() as work:
            return inbound_store.keep(
                work.session,
                InboundRow(
                    inbound_id=derive("text", provider, said.call),
                    received_at=self.context.clock.real(),
                    source=said.channel,
                    answered=said.answered,
                    sender=said.sender,
                    recipients=[],
                    content=content[: reading.CONSIDERED_BYTES],
                    size=len(content),
                    state=inbound_store.PENDING,
                ),
            )

    def read_next(self) -> bool:
        """Read and act on one mail or text; whether there was one."""
        name, answer = "", None
        try:
            with self.context.unit() as work:
                row = inbound_store.next_pending(work.session)
                if row is None:
                    return False
                name = row.inbound_id
                answer = self._read(work, row)
        except Exception as error:
            if is_passing(error):
                raise
            answer = None  # what it answers was not committed
            # Only where it failed, never what it says: the text may quote the mail.
            log.error(
                "a mail cannot be read and is put aside",
                inbound=name,
                error=type(error).__name__,
                trace=format_tb(error.__traceback__),
            )
            self._put_aside(name)
        if answer is not None and self.texting is not None:
            self.texting.send(answer)
        return True

    def prune(self) -> None:
        """Forget which mails were read, once nobody sends the same again."""
        context = self.context
        days = timedelta(days=context.settings.inbox_days)
        with context.unit() as work:
            inbound_store.prune(
                work.session, context.clock.real() - days, work.now - self.patience.within
            )

    def _put_aside(self, name: str) -> None:
        with self.context.unit() as work:
            row = work.session.get(InboundRow, name, with_for_update=True)
            if row is not None:
                _end(work, row, inbound_store.FAILED, "fault")

    def _read(self, work: UnitOfWork, row: InboundRow) -> Answer | None:
        answer = None
        try:
            if row.source in _TEXTS:
                hashed = self.context.signer.keyed_hash(row.sender)
                heard = texting.hear(work, row, hashed, self.listening, self.texting)
                answer, passed_over = heard.answer, heard.passed_over
            else:
                passed_over = self._act(work, row, reading.read(row.content))
            _end(work, row, inbound_store.DONE, passed_over)
        except (reading.Unreadable, ForAPerson) as error:
            _end(work, row, inbound_store.FAILED, str(error))
        return answer

    def _act(self, work: UnitOfWork, row: InboundRow, mail: reading.Incoming) -> str | None:
        """Do what the mail asks for; why nothing was done, where that is so."""
        back = self._address(row, mail)
        if mail.complaint is not None:
            row.kind = "complaint"
            message = _one(self._message(work, back, mail))
            _locked(work, row, message)
            if mail.complaint.kind not in _ABUSE:
                return "no_complaint"
            returns.complained(work, message, row.inbound_id)
        elif mail.bounce is not None:
            row.kind = "bounce"
            message = _one(self._message(work, back, mail))
            _locked(work, row, message)
            self._bounced(work, row, message, mail)
        elif back is not None and back.comes is Comes.OPT_OUT:
            row.kind = "opt_out"
            message = _one(self._message(work, back, mail))
            _locked(work, row, message)
            answers.opt_out(work, message, message.purpose, "one_click")
        elif mail.automatic:
            row.kind = "automatic"
            return "automatic"
        else:
            row.kind = "reply"
            return self._answered(work, row, mail, back)
        return None

    def _bounced(
        self, work: UnitOfWork, row: InboundRow, message: MessageRow, mail: reading.Incoming
    ) -> None:
        assert mail.bounce is not None
        action, status = mail.bounce
        if action == "delivered":
            returns.delivered(work, message, row.inbound_id)
        elif action == "failed":
            kind = kind_of(status)
            returns.bounced(work, message, kind, status, row.inbound_id, self.patience)

    def _answered(
        self, work: UnitOfWork, row: InboundRow, mail: reading.Incoming, back: CameBack | None
    ) -> str | None:
        words = mail.text if mail.text.strip() else mail.subject
        reply = replies.Reply(row.inbound_id, words, "mail", mail.attachments)
        found = self._message(work, back, mail)
        if found is not None:
            row.tenant, row.customer, row.message_id = _who(found)
            try:
                replies.hear(work, found.message_id, reply, self.listening)
            except answers.NotKnown:
                # They are forgotten, and so is what they write; but not that they want silence.
                if replies.wish_of(words, self.listening) is not None:
                    answers.opt_out(work, found, ANY, "reply", channel=ANY)
                return "erased"
            return None
        # A new mail, and no answer to one of ours. Who writes is only claimed: a wish for silence
        # is granted all the same, and for the rest a person looks.
        to_them = inbound_store.latest_messages_to(work.session, mail.sender) if mail.sender else ()
        if not to_them:
            raise ForAPerson("no_message_known")
        wish = replies.wish_of(f"{mail.subject}\n{words}", self.listening)
        if wish is None:
            raise ForAPerson("answers_no_message")
        for message in to_them:
            work.session.expunge(message)
            _locked(work, row, message)
            channel = ANY if wish is Intent.CEASE_CONTACT else None
            answers.opt_out(work, message, ANY, "reply", channel=channel)
        return None

    def _address(self, row: InboundRow, mail: reading.Incoming) -> CameBack | None:
        reads = ReturnPath(self.context.signer).read
        found = (reads(address) for address in (*row.recipients, *mail.recipients))
        return next((one for one in found if one is not None), None)

    def _message(
        self, work: UnitOfWork, back: CameBack | None, mail: reading.Incoming
    ) -> MessageRow | None:
        """What it is about: by the address it came to, else by the mails it names."""
        ids = [back.message_id] if back else []
        for name in (*ids, *mail.references):
            message = message_store.find(work.session, name)
            if message is not None:
                work.session.expunge(message)
                return message
        return None


def _one(message: MessageRow | None) -> MessageRow:
    if message is None:
        raise ForAPerson("no_message_known")
    return message


def _locked(work: UnitOfWork, row: InboundRow, message: MessageRow) -> None:
    row.tenant, row.customer, row.message_id = _who(message)
    store.lock_customers(work.session, [(message.tenant, message.customer)])


def _who(message: MessageRow) -> tuple[str, str, str]:
    return message.tenant, message.customer, message.message_id


def _end(work: UnitOfWork, row: InboundRow, state: str, reason: str | None = None) -> None:
    row.state, row.reason, row.ended_at = state, reason, work.now
    if state == inbound_store.DONE:
        # What a person wrote rests with the conversation; the rest is of no use to anyone.
        row.content, row.sender, row.recipients = b"", "", []
    work.session.add(row)
    metrics.INBOUND.labels(row.kind or "unknown", reason or state).inc()


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable())[:320]
