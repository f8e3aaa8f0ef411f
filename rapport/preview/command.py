"""`rapport playbook preview`: finds playbooks, customer and trigger, and rehearses each."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rapport import reading
from rapport.preview.build import preview
from rapport.preview.links import preview_links
from rapport.preview.person import PEOPLE, Person, accepted, described, event, person_of
from rapport.preview.result import Preview
from rapport.preview.samples import sample
from schemas.errors import Rejection
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.messenger import tenants
from services.messenger.handlers.writing import Writer
from services.messenger.letters import LetterWriter
from services.messenger.texts import ByChannel, TextWriter
from services.messenger.variants import FirstOnly
from services.playbooks.catalogue import Standing
from services.playbooks.load import load_playbook, load_playbooks
from services.playbooks.model import IN_FULL, Playbook
from services.playbooks.plan import triggers
from services.playbooks.variables import event_values
from services.policy.model import Pack
from services.policy.packs import load as load_packs
from services.runtime.messages import Incoming
from services.runtime.settings import Settings
from services.segmenter.holdouts import Holdouts
from services.segmenter.settings import SegmenterSettings


class NothingToPreview(ValueError):
    """The playbook, customer or event can't be had; the text says what to give."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a preview is asked for. `connection`: to the broker, for a real customer."""

    playbook: str
    customer: str | None
    event: Path | None
    at: datetime
    days: int | None
    locales: Sequence[str]
    tenant: str = "default"
    choose: str | None = None


class Connect:
    """How to reach the broker; asked only where a real customer is wanted."""

    def __init__(self, connection: Callable[[], dict[str, Any]]) -> None:
        self._connection = connection

    def records(self, topic: str) -> Iterable[reading.Raw]:
        """Every record of a topic. Raises NoBroker, TopicMissing and what kafka-python raises."""
        return reading.read_to_end(topic, self._connection())


def previews(asked: Asked, settings: Settings, connect: Connect) -> list[Preview]:
    """One preview for each playbook asked for.

    Raises NothingToPreview, PlaybookFaults, PolicyFaults, TenantFaults, PersonFaults, NoSample,
    and what reading the topics raises.
    """
    playbooks = _playbooks(asked.playbook, settings.playbooks_dir)
    _known_choice(asked.choose, playbooks)
    packs = load_packs(settings.policies_dir)
    senders = tenants.load(settings.tenants_dir)
    people = _people(asked, connect)
    own = SegmenterSettings()
    holdouts = Holdouts(own.global_holdout_bp, own.holdout_salt)
    sender = senders.get(people[0].tenant) or senders["default"]
    links = preview_links(sender.message_id_domain)
    standing = Standing.of(playbooks, people[0].tenant, asked.at)
    texts = TextWriter(lambda: standing, senders, links)
    letters = LetterWriter(lambda: standing, senders, links, FirstOnly())
    writer = ByChannel({**dict.fromkeys(IN_FULL, letters), "sms": texts, "webhook": texts})
    found = []
    for playbook in playbooks:
        tried = [_preview(asked, playbook, person, packs, writer) for person in people]
        shown = next((one for one in tried if one.planned), tried[0])
        if asked.customer is not None and (held := holdouts.of(playbook, *_who(shown))):
            shown.held_out = f"{held.holdout}, {held.share_bp / 100:g} % of the customers"
        found.append(shown)
    return found


def _who(shown: Preview) -> tuple[str, str]:
    return shown.tenant, shown.customer


def _preview(
    asked: Asked, playbook: Playbook, person: Person, packs: Sequence[Pack], writer: Writer
) -> Preview:
    trigger, before, sampled = _trigger(asked, playbook, person)
    return preview(
        playbook,
        before,
        trigger,
        packs,
        writer,
        asked.at,
        asked.days,
        asked.locales,
        sampled,
        asked.choose,
    )


def write_html(found: Sequence[Preview], folder: Path) -> list[Path]:
    """Write every mail of the previews as PLAYBOOK/NUMBER-STEP.LOCALE.html; the files' paths."""
    written = []
    for one in found:
        home = folder / one.playbook
        home.mkdir(parents=True, exist_ok=True)
        for number, step in enumerate(one.steps, 1):
            for mail in step.mails:
                file = home / f"{number:02}-{step.name}.{mail.locale}.html"
                file.write_text(mail.html, encoding="utf-8")
                written.append(file)
    return written


def _playbooks(named: str, folder: Path) -> Sequence[Playbook]:
    """A playbook's folder, a folder of such, or the name of one in `folder`."""
    path = Path(named)
    if (path / "playbook.yaml").is_file():
        return [load_playbook(path.resolve())]
    if path.is_dir():
        return list(load_playbooks(path).values())
    known = folder / named
    if (known / "playbook.yaml").is_file():
        return [load_playbook(known)]
    names = ", ".join(sorted(file.parent.name for file in folder.glob("*/playbook.yaml")))
    raise NothingToPreview(f"{named}: no folder and no playbook; in {folder} there are {names}")


def _known_choice(name: str | None, playbooks: Sequence[Playbook]) -> None:
    names = {choice.name for playbook in playbooks for choice in playbook.document.choices}
    if name is not None and name not in names:
        there = ", ".join(sorted(names)) or "none"
        raise NothingToPreview(f"no choice {name!r}; there are {there}")


def _people(asked: Asked, connect: Connect) -> Sequence[Person]:
    """The customer asked for; where none is, those of whom the first that fits is shown."""
    if asked.customer is None:
        return [person_of(one, asked.at) for one in PEOPLE]
    file = Path(asked.customer)
    if file.suffix != ".json" and not file.is_file():
        return [_real(asked.customer, asked.tenant, connect)]
    try:
        return [described(file, asked.at)]
    except OSError as error:
        raise NothingToPreview(f"{file}: {error.strerror}; name a JSON file") from None
    except Rejection as error:
        raise NothingToPreview(f"{file}: {error.pointer or ''} {error.detail}") from None


def _real(customer: str, tenant: str, connect: Connect) -> Person:
    """A customer as the topics know them."""
    events = accepted(CUSTOMER_EVENTS, connect.records(CUSTOMER_EVENTS), customer, tenant)
    facts = accepted(OUTREACH_LOG, connect.records(OUTREACH_LOG), customer, tenant)
    if not events and not facts:
        raise NothingToPreview(
            f"{customer}: neither a file nor a customer of tenant {tenant}; give an id that "
            "customer.events knows, or a JSON file that describes one"
        )
    return Person(tenant, customer, events, facts)


def _trigger(asked: Asked, playbook: Playbook, person: Person) -> tuple[Incoming, Person, bool]:
    """The trigger, the customer as they were before it, and whether it is a sample."""
    if asked.event is not None:
        return _given(asked.event, person, asked.at), person, False
    for one in reversed(person.events):
        if triggers(playbook, event_values(one.event.type, one.event.data)):
            before = [other for other in person.events if other is not one]
            return _again(one, asked.at), replace(person, events=before), False
    country, locale = (_newest(person.events, name) for name in ("country", "locale"))
    type_, data = sample(playbook, asked.at, country, locale)
    return event(person.customer, person.tenant, type_, data, asked.at), person, True


def _again(one: Incoming, at: datetime) -> Incoming:
    """The same event as if it came at the preview's instant."""
    return event(one.key, one.event.tenant, one.event.type, one.event.data, at)


def _given(file: Path, person: Person, at: datetime) -> Incoming:
    """The event of a file: a CloudEvent, of which only type and data are needed."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        return event(person.customer, person.tenant, given["type"], given["data"], at)
    except OSError as error:
        raise NothingToPreview(f"{file}: {error.strerror}; name a JSON file") from None
    except (ValueError, KeyError, TypeError):
        raise NothingToPreview(f'{file}:1: want one event: {{"type": ..., "data": ...}}') from None
    except Rejection as error:
        raise NothingToPreview(f"{file}:1: {error.pointer or ''} {error.detail}") from None


def _newest(events: Sequence[Incoming], field: str) -> str | None:
    """What the customer's events said last of a field."""
    for one in reversed(events):
        if one.event.type == "customer.updated" and field in one.event.data:
            value = one.event.data[field]
            return None if value is None else str(value)
    return None
