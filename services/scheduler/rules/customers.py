"""What an event or fact says of a customer: place, consents, holds, how far events are applied."""

import msgspec

from services.policy.model import ConsentRecord
from services.scheduler.model import Customer, Heard
from services.scheduler.rules.holds import instant, with_hold

_PLACE = ("timezone", "country", "region", "city")


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
            return _with_traits(after, heard)
        case "customer.consent_changed":
            captured = instant(heard.data.get("captured_at")) or heard.time
            return _with_consent(
                after,
                ConsentRecord(
                    channel=str(heard.data["channel"]),
                    purpose=str(heard.data["purpose"]),
                    status=str(heard.data["status"]),
                    at=captured,
                    expires_at=instant(heard.data.get("expires_at")),
                ),
            )
        case "contact.unsubscribed":
            return _with_consent(
                after,
                ConsentRecord(
                    channel=str(heard.data["channel"]),
                    purpose=str(heard.data["purpose"]),
                    status="revoked",
                    at=heard.time,
                ),
            )
        case "customer.hold_placed" | "customer.hold_lifted":
            # Those about one obligation count for all its parties: they rest there as well.
            return msgspec.structs.replace(after, holds=with_hold(after.holds, heard))
        case "customer.merged":
            return msgspec.structs.replace(after, merged_into=str(heard.data["into"]))
        case _:
            return after


def covers(customer: Customer, after: dict[str, int]) -> bool:
    """Whether all that a command rests on is applied here."""
    return all(customer.applied.get(part, -1) >= offset for part, offset in after.items())


def _with_traits(known: Customer, heard: Heard) -> Customer:
    place = {name: heard.data[name] for name in _PLACE if name in heard.data}
    return msgspec.structs.replace(
        known,
        place=msgspec.structs.replace(known.place, **place) if place else known.place,
        locale=heard.data.get("locale", known.locale),
    )


def _with_consent(known: Customer, told: ConsentRecord) -> Customer:
    """The newest word on each channel and purpose counts; at the same instant, the stricter."""
    scope = (told.channel, told.purpose)
    for record in known.consents:
        if (record.channel, record.purpose) == scope and (
            record.at > told.at or (record.at == told.at and told.status == "granted")
        ):
            return known
    others = tuple(r for r in known.consents if (r.channel, r.purpose) != scope)
    return msgspec.structs.replace(known, consents=(*others, told))
