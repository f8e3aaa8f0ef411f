"""The order that leaves for the scheduler: `schemas.commands.OutreachRequested`, ready to encode.

It is no model: orders leave by the thousand, and nearly all of one is the same for many customers
and encoded already. What is not known is left out. The tests read orders back as the contract has
them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from schemas.facts import AgreementMade
from services.playbooks.plan import encoded_authority, encoded_rules
from services.runtime.messages import Incoming
from services.segmenter.model import PLACE, Enrolment, Profile
from services.segmenter.obligations import Terms, obligation_terms, wording_inputs


class _Place(msgspec.Struct, omit_defaults=True):
    timezone: str | None
    country: str | None
    region: str | None
    city: str | None
    phone_country: str | None = None
    phone_zones: list[str] = []
    postal_areas: list[str] = []


class _Trigger(msgspec.Struct):
    event_type: str
    event_id: str
    event_source: str
    event_time: datetime


class _Agreement(msgspec.Struct):
    agreement_id: str
    instalments: list[Mapping[str, Any]]


class Order(msgspec.Struct, omit_defaults=True):
    """`OutreachRequested`; `steps`, `exits`, `choices` and `offers` are JSON already."""

    playbook: str
    playbook_version: int
    purpose: str
    obligation: Terms
    segment: str
    tone: str
    steps: msgspec.Raw
    exits: msgspec.Raw
    choices: msgspec.Raw
    offers: msgspec.Raw
    reentry: str
    trigger: _Trigger
    after: dict[str, int]
    place: _Place
    context: dict[str, Any]
    consolidate: bool = False
    locale: str | None = None
    agreement: _Agreement | None = None
    answers: str | None = None
    defaults_used: list[str] = []


def order_of(
    message: Incoming,
    data: Mapping[str, Any],
    profile: Profile,
    enrolment: Enrolment,
    defaults_used: list[str],
) -> Order:
    """What the scheduler is asked to do about an event. `data`: the event's, as JSON values."""
    event, playbook = message.event, enrolment.playbook
    rules = encoded_rules(playbook)
    position, offset = message.position
    return Order(
        playbook=playbook.name,
        playbook_version=playbook.version,
        purpose=playbook.document.purpose,
        obligation=obligation_terms(event.type, data, message.key),
        segment=enrolment.segment,
        tone=enrolment.tone,
        steps=enrolment.plan.encoded,
        exits=rules["exits"],
        choices=rules["choices"],
        offers=encoded_authority(playbook, data.get("currency")),
        reentry=playbook.document.reentry,
        trigger=_Trigger(event.type, event.id, event.source, event.time),
        after={position: offset},
        place=_Place(**{name: getattr(profile, name) for name in PLACE}),
        context=wording_inputs(data, profile.interests),
        consolidate=playbook.document.consolidate,
        locale=profile.locale,
        agreement=_agreement(event.type, data),
        answers=data.get("handoff_id"),
        defaults_used=defaults_used,
    )


def _agreement(event_type: str, data: Mapping[str, Any]) -> _Agreement | None:
    """The agreement that the order is to care for: that which starts it."""
    if event_type != AgreementMade.TYPE:
        return None
    return _Agreement(data["agreement_id"], data["instalments"])
