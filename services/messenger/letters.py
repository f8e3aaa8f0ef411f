"""From an order to a finished letter: finds the words, the amounts of now, and the links."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.commands import DispatchOrdered, ObligationTerms
from services.messenger import variants
from services.messenger.content import (
    Addresses,
    Brand,
    ContentError,
    Item,
    Matter,
    Rendered,
    greeting_name,
    link_of_item,
    render,
)
from services.messenger.handlers.translate import address_of
from services.messenger.handlers.writing import Assignment, Chooser, Drawn, Unwritable, Written
from services.messenger.links import Links
from services.messenger.mail import Draft, UnusableAddress, compose, pinned
from services.messenger.model import IN_APP, Choice, Letter, Obligation, Place
from services.messenger.signatures import Signatures, domain_of
from services.messenger.tenants import Tenant, Voice
from services.playbooks.catalogue import Standing
from services.playbooks.model import BASE, Playbook
from services.playbooks.template_variables import LINKS
from services.policy.places import candidate_zones
from services.runtime import logging

log = logging.get(__name__)

PORTAL = "portal"
# Until this worker, too, has read of a version; or an operator has mended what it refuses.
LATER = timedelta(minutes=15)


class LetterWriter:
    """Writes letters in the words of the playbook's version that the enrolment has."""

    def __init__(
        self,
        standing: Callable[[], Standing],
        tenants: Mapping[str, Tenant],
        links: Links,
        chooser: Chooser,
        signatures: Signatures | None = None,
    ) -> None:
        """standing: the playbooks as they stand; asked for each letter."""
        self._signatures = signatures or Signatures()
        self._chooser = chooser
        self._standing = standing
        self._tenants = tenants
        self._links = links

    def write(self, task: Assignment) -> Written:
        """The letter as it stands at the assignment's instant. Raises Unwritable."""
        dispatch, message_id = task.dispatch, task.message_id
        sender = self._tenants.get(task.tenant)
        if sender is None:
            raise Unwritable("tenant_without_identity")
        playbook = published(self._standing(), task)
        targets = _targets(sender, playbook, dispatch)
        voice = sender.on_behalf_of(creditor_of(dispatch), discreet=bool(task.withheld))
        addresses = self._addresses(task, targets)
        drawn, rendered = self._render(playbook, voice, task, addresses)
        draft = Draft(
            message_id=message_id,
            name=greeting_name(task.addressee.name),
            email=task.addressee.email or "",
            locale=rendered.locale,
            subject=rendered.subject,
            text=rendered.text,
            html_quoted=rendered.page.html_quoted,
            unsubscribe_url=addresses.unsubscribe,
            date=task.now,
        )
        letter = self._letter(draft, voice, task)
        return Written(
            letter,
            rendered.locale,
            rendered.variant,
            rendered.disclosures,
            {name: targets[name] for name in rendered.links},
            _choices(dispatch, rendered, playbook),
            rendered.preheader,
            drawn,
            withheld=task.withheld,
        )

    def _letter(self, draft: Draft, voice: Voice, task: Assignment) -> Letter:
        identity = self._links.traceable(voice.identity, draft.message_id)
        if task.dispatch.channel == IN_APP:
            return pinned(draft, identity, address_of(task.addressee, IN_APP) or "")
        try:
            letter = compose(draft, identity)
        except UnusableAddress:
            raise Unwritable("address_not_usable") from None
        return self._signatures.sign(letter, domain_of(voice.identity.address))

    def _addresses(self, task: Assignment, names: Iterable[str]) -> Addresses:
        links, message_id, now = self._links, task.message_id, task.now
        return Addresses(
            links={name: links.click(message_id, name, now) for name in names},
            choices={
                one.name: links.choice(message_id, one.name, now) for one in task.dispatch.choices
            },
            unsubscribe=links.unsubscribe(message_id, now),
            preferences=links.preferences(message_id, now),
            helped=links.feedback(message_id, "yes", now),
            not_helped=links.feedback(message_id, "no", now),
            pixel=links.pixel(message_id, now),
            honeypot=links.honeypot(message_id, now),
        )

    def _render(
        self, playbook: Playbook, voice: Voice, task: Assignment, addresses: Addresses
    ) -> tuple[Drawn | None, Rendered]:
        dispatch = task.dispatch
        try:
            drawn = variants.draw(self._chooser, playbook, task.tenant, dispatch, task.locale)
            return drawn, render(
                playbook.templates,
                dispatch.template,
                tone=dispatch.tone,
                locale=task.locale,
                matter=matter_of(task, addresses.links),
                brand=Brand(
                    voice.identity.name, voice.postal_address, voice.colour, voice.logo_text
                ),
                addresses=addresses,
                variant=drawn.name if drawn else BASE,
                required=task.required,
                withheld=task.withheld,
            )
        except ContentError as error:
            log.error("a letter cannot be written", playbook=playbook.name, fault=str(error))
            raise Unwritable("content_fault") from error


def published(standing: Standing, task: Assignment) -> Playbook:
    """The playbook's version that the enrolment has. Raises Unwritable."""
    dispatch = task.dispatch
    playbook = standing.published(task.tenant, dispatch.playbook, dispatch.playbook_version)
    if playbook is None:
        # Other words than those that were approved for this enrolment would be a lie.
        raise Unwritable("playbook_version_not_loaded", task.now + LATER)
    return playbook


def _targets(sender: Tenant, playbook: Playbook, dispatch: DispatchOrdered) -> dict[str, str]:
    """Where each link that the letter may carry leads."""
    offered = playbook.document.links
    first = dispatch.obligations[0].obligation_id if dispatch.obligations else ""
    targets = sender.targets(first, offered)
    if PORTAL in offered:
        targets[PORTAL] = ""
    return targets | {
        link_of_item(name, rank): target
        for rank, one in enumerate(dispatch.obligations if dispatch.parts else ())
        for name, target in sender.targets(one.obligation_id, offered).items()
    }


def creditor_of(dispatch: DispatchOrdered) -> str | None:
    """The creditor of all that the letter is about, if there is one."""
    creditors = {terms.creditor for terms in dispatch.obligations}
    return creditors.pop() if len(creditors) == 1 else None


def _choices(
    dispatch: DispatchOrdered, rendered: Rendered, playbook: Playbook
) -> dict[str, Choice]:
    """What the offered answers say and do, kept with the message for when one is tapped."""
    labels = playbook.labels.get(rendered.locale, {})
    product = dispatch.obligations[0].product if dispatch.obligations else None
    return {
        one.name: Choice(
            labels.get(one.name, one.name), one.does, one.request, product, one.seniority
        )
        for one in dispatch.choices
        if one.name in rendered.choices
    }


def matter_of(task: Assignment, links: Mapping[str, str]) -> Matter:
    """What the letter is about, with the amounts of now. links: addresses by name."""
    dispatch, addressee = task.dispatch, task.addressee
    if dispatch.parts:
        return _several(task, links)
    terms = dispatch.obligations[0] if dispatch.obligations else None
    today = _today(task)
    if terms is None:
        return Matter(dispatch.purpose, today, addressee.name, details=dispatch.context)
    amount = _amount_now(terms, task.obligations)
    return Matter(
        purpose=dispatch.purpose,
        today=today,
        name=addressee.name,
        creditor=terms.creditor,
        amount_minor=amount,
        # Told with the order: after a payment in between it is no longer true.
        balance_minor=terms.balance_minor if amount == terms.amount_minor else None,
        currency=terms.currency,
        due_date=terms.due_date,
        product=terms.product,
        details=_details(terms, dispatch.context, amount),
    )


def _several(task: Assignment, links: Mapping[str, str]) -> Matter:
    """Several things, the one that falls due first before the others."""
    dispatch = task.dispatch
    contexts = {part.obligation_id: part.context for part in dispatch.parts}
    items = [
        _item(terms, contexts[terms.obligation_id], task.obligations, links, rank)
        for rank, terms in enumerate(dispatch.obligations)
    ]
    items.sort(key=lambda item: item.due_date or date.max)
    amounts = [item.amount_minor for item in items if item.amount_minor is not None]
    currencies = {item.currency for item in items}
    creditors = {item.creditor for item in items}
    summed = len(amounts) == len(items) and len(currencies) == 1
    return Matter(
        purpose=dispatch.purpose,
        today=_today(task),
        name=task.addressee.name,
        creditor=creditors.pop() if len(creditors) == 1 else None,
        amount_minor=sum(amounts) if summed else None,
        currency=currencies.pop() if summed else None,
        due_date=items[0].due_date,
        items=tuple(items),
    )


def _item(
    terms: ObligationTerms,
    context: Mapping[str, Any],
    obligations: Mapping[str, Obligation],
    links: Mapping[str, str],
    rank: int,
) -> Item:
    amount = _amount_now(terms, obligations)
    return Item(
        creditor=terms.creditor,
        amount_minor=amount,
        balance_minor=terms.balance_minor if amount == terms.amount_minor else None,
        currency=terms.currency,
        due_date=terms.due_date,
        product=terms.product,
        details=_details(terms, context, amount),
        links={name: links[own] for name in LINKS if (own := link_of_item(name, rank)) in links},
    )


def _details(
    terms: ObligationTerms, context: Mapping[str, Any], amount: int | None
) -> Mapping[str, Any]:
    return {"price_minor": amount or 0, **context} if terms.kind == "subscription" else context


def _amount_now(terms: ObligationTerms, obligations: Mapping[str, Obligation]) -> int | None:
    """What is asked by the newest event applied: a part may have been paid since the order."""
    known = obligations.get(terms.obligation_id)
    if known is not None and known.amount_minor is not None:
        return known.amount_minor
    return terms.amount_minor


def _today(task: Assignment) -> date:
    """The reader's local date, as far as their place is known."""
    who = task.addressee
    due_zones = [terms.due_timezone for terms in task.dispatch.obligations]
    place = Place(who.timezone, who.country, who.region, who.city)
    names = candidate_zones(place, due_zones[0] if due_zones else None).names
    return task.now.astimezone(ZoneInfo(names[0]) if names else UTC).date()
