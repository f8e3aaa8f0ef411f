"""One-tap answers: the first one of an enrolment counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session

from schemas.commands import DispatchOrdered
from schemas.facts import ChoiceMade
from services.messenger import message_store, metrics, store
from services.messenger.handlers import answers
from services.messenger.model import Choice
from services.messenger.rules.choices import is_overtaken
from services.messenger.tables import ChoiceRow, MessageRow
from services.runtime.context import Context


class Answered(NamedTuple):
    """How it stands with one answer of a message. label: of the choice that counts.

    counts: it is the one that counts; False: another does; None: none is made yet.
    """

    message: MessageRow
    choice: Choice
    counts: bool | None
    label: str


def look(context: Context, message_id: str, name: str, user_agent: str) -> Answered:
    """Record that the link was followed, and how it stands. Raises NotKnown."""
    message = answers.find(context, message_id)
    choice = _offered(message, name)
    answers.note_click(context, message_id, f"choice:{name}", user_agent)
    with context.unit() as work:
        made = message_store.find_choice(work.session, message)
        counts = made.choice == name if made else None
        return Answered(message, choice, counts, made.label if made else choice.label)


def choose(context: Context, message_id: str, name: str) -> Answered:
    """Let the answer count, unless one does already. Raises NotKnown."""
    with context.unit() as work:
        message = answers.locked(work, message_id)
        choice = _offered(message, name)
        made = message_store.find_choice(work.session, message)
        if made is not None:
            return Answered(message, choice, made.choice == name, made.label)
        work.session.add(
            ChoiceRow(
                tenant=message.tenant,
                customer=message.customer,
                enrolment_id=message.enrolment_id,
                choice=name,
                label=choice.label,
                message_id=message_id,
                at=work.now,
            )
        )
        answers.tell(work, message, _fact(message, name, choice), name)
    metrics.ANSWERS.labels("choice").inc()
    return Answered(message, choice, True, choice.label)


def overtaken(
    session: Session, rows: Sequence[store.Pending], orders: Mapping[str, DispatchOrdered]
) -> set[str]:
    """Ids of the pending dispatches that a choice made since has ended. orders: by their ids."""
    asking = [row for row in rows if orders[row.dispatch_id].choices]
    if not asking:
        return set()
    keys = {
        row.dispatch_id: (row.tenant, row.customer, orders[row.dispatch_id].enrolment_id)
        for row in asking
    }
    chosen = message_store.choices(session, keys.values())
    return {
        dispatch_id
        for dispatch_id, key in keys.items()
        if is_overtaken(
            orders[dispatch_id].step,
            {one.name: one.keep for one in orders[dispatch_id].choices},
            chosen.get(key),
        )
    }


def _offered(message: MessageRow, name: str) -> Choice:
    if name not in message.choices:
        raise answers.NotKnown(message.message_id)
    return Choice(**message.choices[name])


def _fact(message: MessageRow, name: str, choice: Choice) -> ChoiceMade:
    return ChoiceMade(
        message_id=message.message_id,
        enrolment_id=message.enrolment_id,
        choice=name,
        does=choice.does,
        request=choice.request,
        obligation_id=message.obligation_ids[0] if message.obligation_ids else None,
        playbook=message.playbook,
        locale=message.locale,
        product=choice.product,
        seniority=choice.seniority,
    )
