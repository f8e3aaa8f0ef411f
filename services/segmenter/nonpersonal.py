"""What of a customer event may rest in the log for years: codes, amounts, dates, keyed hashes.

Design section 3: names, addresses, numbers and what people wrote stay on `customer.events`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.common import Channel, Typed, normal_email, normal_phone
from schemas.customer_events import CustomerUpdated, vouched
from schemas.registry import public_part

_FIELDS = {"email": "email", "sms": "phone", "webhook": "contact_points"}
"""By channel: the field that says where the customer is reached by it."""


def nonpersonal(
    data: Typed, given: Mapping[str, Any], keyed_hash: Callable[[str], str]
) -> dict[str, Any]:
    """The part of an event's data that `event.applied` carries. `given`: it all, as JSON values.

    Of addresses it keeps which channels can be reached, as keyed hashes; of what a portal may
    ask, only the kinds.
    """
    kept = public_part(data, given)
    if not isinstance(data, CustomerUpdated):
        return kept
    channels = {
        channel: keyed_hash(address) if address else None
        for channel, address in (
            ("email", data.email and normal_email(data.email)),
            ("sms", data.phone and normal_phone(data.phone)),
            ("webhook", _own_webhook(data)),
        )
        if _FIELDS[channel] in given
    }
    if channels:
        kept["channels"] = channels
    if data.contact_points is not None:
        # Which of them may be told of a debt at once, for whoever checks that none other was.
        kept["vouched"] = {
            channel: sorted(
                keyed_hash(normal(one)) for one in vouched(data.contact_points, channel)
            )
            for channel, normal in _VOUCHED
        }
    if "verification" in given:
        kept["verification"] = sorted(data.verification or ())
    return kept


_VOUCHED: tuple[tuple[Channel, Callable[[str], str]], ...] = (
    ("email", normal_email),
    ("sms", normal_phone),
)


def _own_webhook(data: CustomerUpdated) -> str | None:
    """The first that is the customer's, and nobody else's."""
    return next(
        (
            point.value
            for point in data.contact_points or ()
            if point.channel == "webhook" and not (point.work or point.shared)
        ),
        None,
    )
