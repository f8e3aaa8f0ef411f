"""From an order to a short text, for every channel but e-mail: one paragraph, and a way out.

A text lies open on a locked screen. So the playbooks' short texts name no debt (they are checked
for it), whoever may read them, and what there is to see stands behind the portal's questions.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from schemas.commands import DispatchOrdered
from schemas.common import Tone
from services.messenger.content import (
    Addresses,
    Brand,
    language_of,
    values_of,
    wording_of,
)
from services.messenger.formats import formatting_locale
from services.messenger.handlers.translate import address_of
from services.messenger.handlers.writing import Assignment, Unwritable, Writer, Written
from services.messenger.layout import words
from services.messenger.letters import PORTAL, creditor_of, matter_of, published
from services.messenger.links import LinkKind, Links, ShortLink
from services.messenger.model import Letter
from services.messenger.tenants import Tenant
from services.playbooks.catalogue import Standing
from services.playbooks.model import Playbook
from services.playbooks.segments import segments
from services.playbooks.wording import WordingError, fill, needs
from services.runtime import logging

log = logging.get(__name__)

DISCLOSURES = ("sender_identity", "one_click_opt_out")
"""What every text carries, by the names that policy packs use. Besides, it carries what there are
short words for; where a pack asks for more, such as a postal address, nothing goes out."""


class ByChannel:
    """Leaves each order to the writer of its channel."""

    def __init__(self, writers: Mapping[str, Writer]) -> None:
        self._writers = writers

    def write(self, task: Assignment) -> Written:
        """The message. Raises Unwritable, also where nobody serves the channel."""
        writer = self._writers.get(task.dispatch.channel)
        if writer is None:
            raise Unwritable("channel_not_served")
        return writer.write(task)


class TextWriter:
    """Writes short texts in the words of the playbook's version that the enrolment has."""

    def __init__(
        self, standing: Callable[[], Standing], tenants: Mapping[str, Tenant], links: Links
    ) -> None:
        """standing: the playbooks as they stand; asked for each text."""
        self._standing = standing
        self._tenants = tenants
        self._links = links

    def write(self, task: Assignment) -> Written:
        """The text as it stands at the assignment's instant. Raises Unwritable.

        What it lacks of the disclosures required is seen by whoever asked for it. The words name
        no debt in any case; the sender's name and what has to be disclosed, only where they may.
        """
        dispatch = task.dispatch
        sender = self._tenants.get(task.tenant)
        if sender is None:
            raise Unwritable("tenant_without_identity")
        playbook = published(self._standing(), task)
        language = language_of(playbook.templates, task.locale)
        words_of_it, tone = _wording(playbook, dispatch, language)
        targets = _targets(sender, playbook, dispatch, words_of_it)
        voice = sender.on_behalf_of(creditor_of(dispatch), discreet=bool(task.withheld))
        out = self._links.shortened(LinkKind.UNSUBSCRIBE, None, task.now)
        carried = {name: self._links.shortened(LinkKind.CLICK, name, task.now) for name in targets}
        addresses = self._addresses(out, carried)
        values = values_of(
            matter_of(task, addresses.links),
            Brand(voice.identity.name, voice.postal_address),
            addresses,
            formatting_locale(task.locale, language),
        )
        try:
            said = fill(words_of_it, values, markdown=False)
        except WordingError as error:
            log.error("a text cannot be written", playbook=playbook.name, fault=str(error))
            raise Unwritable("content_fault") from error
        disclosed = _disclosed(task, language)
        whole = _filled(
            words(language).short.frame,
            brand=voice.identity.name,
            text=" ".join((said, *disclosed.values())),
            unsubscribe=addresses.unsubscribe,
        )
        return Written(
            Letter(
                task.message_id,
                voice.identity.name,
                address_of(task.addressee, dispatch.channel) or "",
                unicodedata.normalize("NFC", whole).encode(),
            ),
            language,
            f"{dispatch.template}/{tone}/sms",
            (*DISCLOSURES, *disclosed),
            targets,
            {},
            segments=segments(whole),
            withheld=task.withheld,
            short_links=(*carried.values(), out),
        )

    def _addresses(self, out: ShortLink, carried: Mapping[str, ShortLink]) -> Addresses:
        return Addresses(
            links={name: self._links.short(one) for name, one in carried.items()},
            choices={},
            unsubscribe=self._links.short(out),
            preferences="",
            helped="",
            not_helped="",
            pixel="",
        )


def _disclosed(task: Assignment, language: str) -> dict[str, str]:
    """By code, what the packs ask for in short words: not where it is not sure who reads, since
    a locked screen shows it all."""
    short = words(language).short.disclosures
    asked = () if task.withheld else sorted(short.keys() & set(task.required))
    return {code: short[code] for code in asked}


def _wording(playbook: Playbook, dispatch: DispatchOrdered, language: str) -> tuple[str, Tone]:
    """The short text in the order's tone, or in neutral; and which it is. Raises Unwritable."""
    wording, tone = wording_of(playbook.templates, dispatch.template, dispatch.tone, language)
    if not wording.sms:
        wording, tone = wording_of(playbook.templates, dispatch.template, "neutral", language)
    if not wording.sms:
        raise Unwritable("no_text_for_channel")
    return wording.sms, tone


def _targets(
    sender: Tenant, playbook: Playbook, dispatch: DispatchOrdered, text: str
) -> dict[str, str]:
    """Where each link that the text carries leads."""
    first = dispatch.obligations[0].obligation_id if dispatch.obligations else ""
    carried = [name for name in playbook.document.links if name in needs(text).links]
    targets = sender.targets(first, carried)
    return targets | ({PORTAL: ""} if PORTAL in carried else {})


def _filled(frame: str, **values: str) -> str:
    """In one pass: what stands in a value is never read as a field."""
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], frame)
