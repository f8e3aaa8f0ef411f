"""From an order to a finished letter: finds the words, the amounts of now, and the links."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
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
from services.messenger.handlers.writing import Chooser, Drawn, Unwritable, Where, Written
from services.messenger.links import Links
from services.messenger.mail import Draft, UnusableAddress, compose
from services.messenger.model import Choice, Obligation, Place
from services.messenger.signatures import Signatures, domain_of
from services.messenger.tables import CustomerRow
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

    def write(
        self,
        message_id: str,
        tenant: str,
        dispatch: DispatchOrdered,
        addressee: CustomerRow,
        obligations: Mapping[str, Obligation],
        now: datetime,
        required: Sequence[str] = (),
        withheld: tuple[Where, ...] = (),
    ) -> Written:
        """The letter as it stands at `now`. Raises Unwritable.

        required: the disclosures that the packs in force ask for, by code. withheld: where
        nothing may tell of a debt.
        """
        sender = self._tenants.get(tenant)
        if sender is None:
            raise Unwritable("tenant_without_identity")
        playbook = self._playbook(tenant, dispatch, now)
        terms = dispatch.obligations[0] if dispatch.obligations else None
        offered = playbook.document.links
        targets = sender.targets(terms.obligation_id if terms else "", offered)
        if PORTAL in offered:
            targets[PORTAL] = ""
        targets |= {
            link_of_item(name, rank): target
            for rank, one in enumerate(dispatch.obligations if dispatch.parts else ())
            for name, target in sender.targets(one.obligation_id, offered).items()
        }
        tracked = {name: self._links.click(message_id, name, now) for name in targets}
        voice = sender.on_behalf_of(creditor_of(dispatch), discreet=bool(withheld))
        unsubscribe = self._links.unsubscribe(message_id, now)
        addresses = Addresses(
            links=tracked,
            choices={
                one.name: self._links.choice(message_id, one.name, now) for one in dispatch.choices
            },
            unsubscribe=unsubscribe,
            preferences=self._links.preferences(message_id, now),
            helped=self._links.feedback(message_id, "yes", now),
            not_helped=self._links.feedback(message_id, "no", now),
            pixel=self._links.pixel(message_id, now),
            honeypot=self._links.honeypot(message_id, now),
        )
        drawn, rendered = self._render(
            playbook,
            tenant,
            voice,
            dispatch,
            addressee,
            obligations,
            addresses,
            now,
            required,
            withheld,
        )
        draft = Draft(
            message_id=message_id,
            name=greeting_name(addressee.name),
            email=addressee.email or "",
            locale=rendered.locale,
            subject=rendered.subject,
            text=rendered.text,
            html_quoted=rendered.page.html_quoted,
            unsubscribe_url=unsubscribe,
            date=now,
        )
        try:
            letter = compose(draft, self._links.traceable(voice.identity, message_id))
        except UnusableAddress:
            raise Unwritable("address_not_usable") from None
        letter = self._signatures.sign(letter, domain_of(voice.identity.address))
        carried = {name: targets[name] for name in rendered.links}
        return Written(
            letter,
            rendered.locale,
            rendered.variant,
            rendered.disclosures,
            carried,
            _choices(dispatch, rendered, playbook),
            rendered.preheader,
            drawn,
            withheld=withheld,
        )

    def _playbook(self, tenant: str, dispatch: DispatchOrdered, now: datetime) -> Playbook:
        playbook = self._standing().published(tenant, dispatch.playbook, dispatch.playbook_version)
        if playbook is None:
            # Other words than those that were approved for this enrolment would be a lie.
            raise Unwritable("playbook_version_not_loaded", now + LATER)
        return playbook

    def _render(
        self,
        playbook: Playbook,
        tenant: str,
        voice: Voice,
        dispatch: DispatchOrdered,
        addressee: CustomerRow,
        obligations: Mapping[str, Obligation],
        addresses: Addresses,
        now: datetime,
        required: Sequence[str],
        withheld: Sequence[Where],
    ) -> tuple[Drawn | None, Rendered]:
        locale = addressee.locale or dispatch.locale
        try:
            drawn = variants.draw(self._chooser, playbook, tenant, dispatch, locale)
            return drawn, render(
                playbook.templates,
                dispatch.template,
                tone=dispatch.tone,
                locale=locale,
                matter=matter_of(dispatch, addressee, obligations, addresses.links, now),
                brand=Brand(
                    voice.identity.name, voice.postal_address, voice.colour, voice.logo_text
                ),
                addresses=addresses,
                variant=drawn.name if drawn else BASE,
                required=required,
                withheld=withheld,
            )
        except ContentError as error:
            log.error("a letter cannot be written", playbook=playbook.name, fault=str(error))
            raise Unwritable("content_fault") from error


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


def matter_of(
    dispatch: DispatchOrdered,
    addressee: CustomerRow,
    obligations: Mapping[str, Obligation],
    links: Mapping[str, str],
    now: datetime,
) -> Matter:
    """What the letter is about, with the amounts of now. links: addresses by name."""
    if dispatch.parts:
        return _several(dispatch, addressee, obligations, links, now)
    terms = dispatch.obligations[0] if dispatch.obligations else None
    today = _today(addressee, dispatch, now)
    if terms is None:
        return Matter(dispatch.purpose, today, addressee.name, details=dispatch.context)
    amount = _amount_now(terms, obligations)
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


def _several(
    dispatch: DispatchOrdered,
    addressee: CustomerRow,
    obligations: Mapping[str, Obligation],
    links: Mapping[str, str],
    now: datetime,
) -> Matter:
    """Several things, the one that falls due first before the others."""
    contexts = {part.obligation_id: part.context for part in dispatch.parts}
    items = [
        _item(terms, contexts[terms.obligation_id], obligations, links, rank)
        for rank, terms in enumerate(dispatch.obligations)
    ]
    items.sort(key=lambda item: item.due_date or date.max)
    amounts = [item.amount_minor for item in items if item.amount_minor is not None]
    currencies = {item.currency for item in items}
    creditors = {item.creditor for item in items}
    summed = len(amounts) == len(items) and len(currencies) == 1
    return Matter(
        purpose=dispatch.purpose,
        today=_today(addressee, dispatch, now),
        name=addressee.name,
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


def _today(addressee: CustomerRow, dispatch: DispatchOrdered, now: datetime) -> date:
    """The reader's local date, as far as their place is known."""
    due_zones = [terms.due_timezone for terms in dispatch.obligations]
    place = Place(addressee.timezone, addressee.country, addressee.region, addressee.city)
    names = candidate_zones(place, due_zones[0] if due_zones else None).names
    return now.astimezone(ZoneInfo(names[0]) if names else UTC).date()
