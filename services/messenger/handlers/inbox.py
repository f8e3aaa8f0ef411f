"""A customer's own messages, for the portal: what was written to them, word for word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from services.messenger import inbox_store, interaction_store
from services.messenger.handlers.answers import NotKnown, locked
from services.messenger.handlers.replies import Listening, Reply, hear
from services.messenger.inbox_store import READ, Kept
from services.messenger.tables import MessageRow, ReplyRow
from services.playbooks.model import IN_FULL
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

PAGE_OF = 20
_LINK = re.compile(r"https?://\S+")
_LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer who has proved in the portal who they are, under all their ids."""

    tenant: str
    ids: tuple[str, ...]


def page(context: Context, holder: Holder, before: str | None) -> dict[str, Any]:
    """Their messages, newest first; `next`: what to go on after, if there are more."""
    with context.unit() as work:
        found = inbox_store.newest(work.session, holder.tenant, holder.ids, before, PAGE_OF + 1)
    shown = found[:PAGE_OF]
    return {
        "messages": [{**_told(one), "title": _title(one)} for one in shown],
        "next": shown[-1].message_id if len(found) > PAGE_OF else None,
    }


def one(context: Context, holder: Holder, message_id: str) -> dict[str, Any]:
    """One message, its words as text. Raises NotKnown where it is none of theirs."""
    with context.unit() as work:
        found = inbox_store.find(work.session, holder.tenant, holder.ids, message_id)
    if found is None:
        raise NotKnown(message_id)
    return {**_told(found), "title": _title(found), "text": _text(found)}


def mark_read(context: Context, holder: Holder, message_id: str) -> None:
    """Note that they have read it; again changes nothing. Raises NotKnown."""
    with context.unit() as work:
        message = _theirs(work, holder, message_id)
        interaction_store.note_interaction(work.session, message, READ, False, work.now)


def reply(
    context: Context, holder: Holder, message_id: str, words: str, listening: Listening
) -> None:
    """Hear what they answer on the page, as any answer is heard; the same words twice are one.

    Raises NotKnown.
    """
    said = Reply(derive(message_id, context.signer.keyed_hash(f"reply:{words}")), words, "portal")
    with context.unit() as work:
        message = _theirs(work, holder, message_id)
        interaction_store.note_interaction(work.session, message, READ, False, work.now)
        key = (message.tenant, message.customer, said.reply_id)
        if work.session.get(ReplyRow, key) is None:
            hear(work, message_id, said, listening)


def _theirs(work: UnitOfWork, holder: Holder, message_id: str) -> MessageRow:
    message = locked(work, message_id)
    if message.tenant != holder.tenant or message.customer not in holder.ids:
        raise NotKnown(message_id)
    return message


def _told(kept: Kept) -> Mapping[str, Any]:
    return {
        "message_id": kept.message_id,
        "channel": kept.channel,
        "locale": kept.locale,
        "at": kept.at.isoformat(),
        "read": kept.read,
    }


def _title(kept: Kept) -> str:
    """The subject; of a short text, how it begins."""
    if kept.channel in IN_FULL:
        return str(_mail(kept)["Subject"] or "")
    words = " ".join(_LINK.sub("", kept.copy.decode(errors="replace")).split())
    return words if len(words) <= _LONGEST_TITLE else f"{words[:_LONGEST_TITLE].rstrip()}…"


def _text(kept: Kept) -> str:
    if kept.channel not in IN_FULL:
        return kept.copy.decode(errors="replace")
    part = _mail(kept).get_body(("plain",))
    return str(part.get_content()) if part else ""


def _mail(kept: Kept) -> EmailMessage:
    return message_from_bytes(kept.copy, _class=EmailMessage, policy=default)
