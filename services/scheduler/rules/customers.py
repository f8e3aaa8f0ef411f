"""What an event or fact says of a customer, and how far their events are applied."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.policy.handoffs import HANDS_BACK
from services.policy.model import ConsentRecord
from services.scheduler.model import Customer, Handoff, Heard, Place
from services.scheduler.rules.holds import instant, with_hold

_PLACE = Place.__struct_fields__
IN_APP = "in_app"
"""The channel of the customer's own page: open to whoever has proved there who they are."""


def learn(known: Customer, heard: Heard) -> Customer:
    """The customer after `heard`."""
    after = known
    if heard.position is not None:
        partition, offset = heard.position
        if offset > after.applied.get(partition, -1):
            applied = {**after.applied, partition: offset}
            after = msgspec.structs.replace(after, applied=applied)
    if heard.stale:
        return after
    match heard.type:
        case "customer.updated":
            if known.erased_at is not None and heard.time <= known.erased_at:
                return after
            return _with_traits(after, heard)
        case "customer.consent_changed":
            captured = instant(heard.data.get("captured_at")) or heard.time
            told = ConsentRecord(
                channel=str(heard.data["channel"]),
                purpose=str(heard.data["purpose"]),
                status=str(heard.data["status"]),
                at=captured,
                expires_at=instant(heard.data.get("expires_at")),
            )
            return msgspec.structs.replace(after, consents=_with_word(after.consents, told))
        case "contact.unsubscribed":
            scope = f"{heard.data['channel']}/{heard.data['purpose']}"
            left = after.left | {str(heard.data["purpose"])}
            after = msgspec.structs.replace(after, left=left)
            return _with_preferences(after, heard, {scope: "off"})
        case "message.bounced" | "message.failed":
            return _with_dead_address(after, heard)
        case "contact.preference_changed":
            return _with_preferences(after, heard, heard.data["changes"])
        case "customer.erased":
            return msgspec.structs.replace(
                after, place=Place(), locale=None, tier=None, hours=None, max_a_week=None,
                answers={}, answered_at=None, segments={}, erased_at=heard.time,
                addresses={**after.addresses, IN_APP: False},
            )  # fmt: skip
        case "contact.right_party":
            return _with_right_party(after, heard)
        case "handoff.requested" | "handoff.resolved":
            return _with_handoff(after, heard)
        case "customer.hold_placed" | "customer.hold_lifted" | "hold.lifted":
            # Those about one obligation count for all its parties: they rest there as well.
            of = None if heard.customer == known.id else heard.customer
            return msgspec.structs.replace(after, holds=with_hold(after.holds, heard, of))
        case _:
            return after


def covers(customer: Customer, after: Mapping[str, int], read: Mapping[str, int]) -> bool:
    """Whether all that a command rests on is applied here. read: how far topics are."""
    applied = {**read, **customer.applied}
    return all(applied.get(part, -1) >= offset for part, offset in after.items())


def _with_traits(known: Customer, heard: Heard) -> Customer:
    told = {name: heard.data[name] for name in _PLACE if name in heard.data}
    place = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    new_addresses: Mapping[str, str | None] = heard.data.get("channels") or {}
    addresses = {channel: bool(value) for channel, value in new_addresses.items()}
    return msgspec.structs.replace(
        known,
        place=msgspec.structs.replace(known.place, **place) if place else known.place,
        placed=known.placed or bool(place),
        erased_at=None,
        locale=heard.data.get("locale", known.locale),
        tier=heard.data.get("tier", known.tier),
        wrong_channels=tuple(c for c in known.wrong_channels if c not in new_addresses),
        addresses={**known.addresses, **addresses} if addresses else known.addresses,
    )


def _with_preferences(known: Customer, heard: Heard, changes: Mapping[str, Any]) -> Customer:
    """`CHANNEL/PURPOSE` on or off; `paused_until`: an instant, or None to end the pause;
    `hours`, `max_a_week`: a wish, or None to take it back.
    """
    after = known
    for name, value in changes.items():
        channel, slash, purpose = name.partition("/")
        if name == "paused_until":
            after = msgspec.structs.replace(after, paused_until=instant(value))
        elif name in ("hours", "max_a_week"):
            after = msgspec.structs.replace(after, **{name: value})
        elif slash and value in ("on", "off"):
            status = "granted" if value == "on" else "revoked"
            told = ConsentRecord(channel, purpose, status, heard.time)
            preferences = _with_word(after.preferences, told)
            left = after.left - {purpose, "*"} if value == "on" else after.left
            after = msgspec.structs.replace(after, preferences=preferences, left=left)
    return after


def _with_right_party(known: Customer, heard: Heard) -> Customer:
    others = tuple(c for c in known.wrong_channels if c != heard.data["channel"])
    confirmed = bool(heard.data["confirmed"])
    wrong = () if confirmed else (str(heard.data["channel"]),)
    addresses = known.addresses
    if not confirmed or heard.data.get("message_id"):
        # They came by a link of that message; where others read those, the page is shut.
        addresses = {**addresses, IN_APP: confirmed}
    return msgspec.structs.replace(known, wrong_channels=(*others, *wrong), addresses=addresses)


def _with_dead_address(known: Customer, heard: Heard) -> Customer:
    """Nobody is reached by the channel any more, until there is another address."""
    channel = heard.data.get("channel")
    dead = heard.data.get("kind") == "hard" or heard.data.get("dead_address")
    if channel is None or not dead:
        return known
    return msgspec.structs.replace(known, addresses={**known.addresses, str(channel): False})


def _with_handoff(known: Customer, heard: Heard) -> Customer:
    identity = str(heard.data["handoff_id"])
    others = tuple(one for one in known.handoffs if one.id != identity)
    if heard.type == "handoff.resolved":
        hands_back = heard.data["outcome"] in HANDS_BACK
        kept = () if hands_back else (one for one in known.handoffs if one.id == identity)
        return msgspec.structs.replace(known, handoffs=others, kept=last_kept(*known.kept, *kept))
    about, reason = heard.obligation_id or None, str(heard.data["reason"])
    opened = Handoff(identity, reason, about, heard.time, heard.id)
    return msgspec.structs.replace(known, handoffs=(*others, opened))


def last_kept(*kept: Handoff) -> tuple[Handoff, ...]:
    """Of each obligation the hand-off that was asked for last."""
    dated = (one for one in kept if one.at is not None)
    ordered = sorted(dated, key=lambda one: (one.at, one.id))
    return tuple({one.obligation_id: one for one in ordered}.values())


def _with_word(known: tuple[ConsentRecord, ...], told: ConsentRecord) -> tuple[ConsentRecord, ...]:
    """The newest word on each channel and purpose counts; at the same instant, the stricter."""
    scope = (told.channel, told.purpose)
    for record in known:
        if (record.channel, record.purpose) == scope and (
            record.at > told.at or (record.at == told.at and told.status == "granted")
        ):
            return known
    return (*(r for r in known if (r.channel, r.purpose) != scope), told)
