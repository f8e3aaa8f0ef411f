"""Promise 4: no contact outside the hours that every pack allows at every candidate place."""

from rapport.audit import packs as rules
from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.places import missing
from rapport.audit.verdict import Outcome
from rapport.audit.wishes import outside_hours
from schemas.facts import MessageIntended

TITLE = "No contact outside the permitted hours at any place where the customer may be"


def check(history: History) -> Outcome:
    """Work out each customer's candidate zones anew, and look at the clocks there."""
    outcome = Outcome(4, TITLE)
    packs, intents = history.packs, history.log.of(MessageIntended)
    outcome.checked = {"messages intended": len(intents)}
    for fact in packs.faulty:
        outcome.violate("faulty-pack", f"{fact.data.name} is no policy pack", fact)
    for first, second in packs.contradicting:
        what = f"{first.data.name} v{first.data.version} has two contents"
        outcome.violate("faulty-pack", what, first, second)
    for intended in intents:
        _packs(history, intended, outcome)
        _zones(history, intended, outcome)
        _hours(history, intended, outcome)
    return outcome


def _packs(history: History, intended: Fact[MessageIntended], outcome: Outcome) -> None:
    data = intended.data
    cited = {reference.name for reference in data.packs}
    for reference in data.packs:
        if history.packs.cited(reference.name, reference.version) is None:
            what = (
                f"message {data.message_id} cites {reference.name} v{reference.version}, "
                "which was never put into force"
            )
            outcome.violate("unknown-pack", what, intended)
    for found in history.packs.applying(history.place(intended), data.checked_at):
        if found.pack.name not in cited:
            what = f"message {data.message_id} left out {found.pack.name}, in force at its place"
            outcome.violate("pack-left-out", what, found.fact, intended)


def _zones(history: History, intended: Fact[MessageIntended], outcome: Outcome) -> None:
    data = intended.data
    if not data.zones:
        outcome.violate("no-zone", f"message {data.message_id} names no zone at all", intended)
        return
    place = history.place(intended)
    if not place.zones:
        what = f"message {data.message_id}: nothing in the log says where the customer is"
        outcome.violate("place-unknown", what, intended)
    left_out = missing(place.zones, data.zones, data.checked_at)
    if left_out:
        what = f"message {data.message_id} left out {', '.join(left_out)}"
        outcome.violate("zone-left-out", what, intended)


def _hours(history: History, intended: Fact[MessageIntended], outcome: Outcome) -> None:
    """Each zone that the message states, by each pack; one violation a zone and pack."""
    data = intended.data
    packs = history.packs_for(intended)
    for zone in sorted({*data.zones}):
        outside = rules.outside_hours(
            packs, zone, data.checked_at, data.purpose, data.channel, history.roles(intended)
        )
        for found, why in outside:
            what = f"message {data.message_id}: {why}"
            outcome.violate("outside-hours", what, found.fact if found else None, intended)
    part = outside_hours(history.wishes, intended)
    if part is not None:
        what = f"message {data.message_id}: its reader asked for {part}"
        outcome.violate("against-a-wish", what, intended)
