"""From an order to a short text, for every channel but e-mail: one paragraph, and a way out.

A text lies open on a locked screen. So the playbooks' short texts name no debt (they are checked
for it), whoever may read them, and what there is to see stands behind the portal's questions.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from schemas.commands import DispatchOrdered
from services.messenger.content import (
    Addresses,
    Brand,
    language_of,
    values_of,
    wording_of,
)
from services.messenger.formats import formatting_locale
from services.messenger.handlers.translate import address_of
from services.messenger.handlers.writing import Unwritable, Where, Writer, Written
from services.messenger.layout import words
from services.messenger.letters import LATER, PORTAL, creditor_of, matter_of
from services.messenger.links import Links
from services.messenger.model import Letter, Obligation
from services.messenger.tables import CustomerRow
from services.messenger.tenants import Tenant
from services.playbooks.catalogue import Standing
from services.playbooks.segments import segments
from services.playbooks.wording import WordingError, fill, needs
from services.runtime import logging

log = logging.get(__name__)

DISCLOSURES = ("sender_identity", "one_click_opt_out")
"""What every text carries, by the names that policy packs use. Where a pack asks for more, such
as a postal address or to be told of a debt, nothing goes out by such a channel."""


class ByChannel:
    """Leaves each order to the writer of its channel."""

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers

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
        """The message. Raises Unwritable, also where nobody serves the channel."""
        writer = self._writers.get(dispatch.channel)
        if writer is None:
            raise Unwritable("channel_not_served")
        return writer.write(
            message_id, tenant, dispatch, addressee, obligations, now, required, withheld
        )


class TextWriter:
    """Writes short texts in the words of the playbook's version that the enrolment has."""

    def __init__(
        self, standing: Callable[[], Standing], tenants: Mapping[str, Tenant], links: Links
    ) -> None:
        """standing: the playbooks as they stand; asked for each text."""
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
        """The text as it stands at `now`. Raises Unwritable.

        required: what it lacks of them is seen by whoever asked for it. withheld: the words name
        no debt in any case, the sender's name only where it may.
        """
        del required
        sender = self._tenants.get(tenant)
        if sender is None:
            raise Unwritable("tenant_without_identity")
        playbook = self._standing().published(tenant, dispatch.playbook, dispatch.playbook_version)
        if playbook is None:
            raise Unwritable("playbook_version_not_loaded", now + LATER)
        language = language_of(playbook.templates, addressee.locale or dispatch.locale)
        wording, tone = wording_of(playbook.templates, dispatch.template, dispatch.tone, language)
        if not wording.sms:
            wording, tone = wording_of(playbook.templates, dispatch.template, "neutral", language)
        if not wording.sms:
            raise Unwritable("no_text_for_channel")
        first = dispatch.obligations[0].obligation_id if dispatch.obligations else ""
        offered = [name for name in playbook.document.links if name in needs(wording.sms).links]
        targets = sender.targets(first, offered)
        if PORTAL in offered:
            targets[PORTAL] = ""
        voice = sender.on_behalf_of(creditor_of(dispatch), discreet=bool(withheld))
        unsubscribe = self._links.unsubscribe(message_id, now)
        addresses = Addresses(
            links={name: self._links.click(message_id, name, now) for name in targets},
            choices={},
            unsubscribe=unsubscribe,
            preferences="",
            helped="",
            not_helped="",
            pixel="",
        )
        locale = formatting_locale(addressee.locale or dispatch.locale, language)
        values = values_of(
            matter_of(dispatch, addressee, obligations, addresses.links, now),
            Brand(voice.identity.name, voice.postal_address),
            addresses,
            locale,
        )
        try:
            said = fill(wording.sms, values, markdown=False)
        except WordingError as error:
            log.error("a text cannot be written", playbook=playbook.name, fault=str(error))
            raise Unwritable("content_fault") from error
        whole = _filled(
            words(language).short.frame,
            brand=voice.identity.name,
            text=said,
            unsubscribe=unsubscribe,
        )
        return Written(
            Letter(
                message_id,
                voice.identity.name,
                address_of(addressee, dispatch.channel) or "",
                unicodedata.normalize("NFC", whole).encode(),
            ),
            language,
            f"{dispatch.template}/{tone}/sms",
            DISCLOSURES,
            targets,
            {},
            segments=segments(whole),
            withheld=withheld,
        )


def _filled(frame: str, **values: str) -> str:
    """In one pass: what stands in a value is never read as a field."""
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], frame)
