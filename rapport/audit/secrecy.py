"""Whether a debt was told of where others may see it, before it was sure who reads."""

from collections.abc import Iterator

from rapport.audit.history import History
from rapport.audit.log import Fact, Position
from rapport.audit.packs import InForce, covers, in_force_at
from rapport.audit.verdict import Outcome
from schemas.facts import ContactRightParty, EventApplied, MessageIntended

OWN_PAGE = "in_app"


def check(history: History, outcome: Outcome) -> None:
    """Compare where each message kept back the debt with what the packs in force ask for."""
    intents = [one for one in history.log.of(MessageIntended) if one.data.withheld is not None]
    addresses = {
        one.data.message_id: one.data.address_hash for one in history.log.of(MessageIntended)
    }
    outcome.checked["messages that may tell of a debt"] = len(intents)
    _check_pages(history, outcome, addresses)
    for intended in intents:
        data = intended.data
        told = {"subject", "body"} - set(data.withheld or ())
        for found, kind, where in _rules(history, intended):
            if where not in told:
                continue
            if kind == "after_confirmation" and _is_confirmed(history, intended, addresses):
                continue
            pack = f"{found.pack.name} v{found.pack.version}"
            what = f"message {data.message_id} may tell of a debt in its {where}; {pack} forbids it"
            outcome.violate("debt-told", what, found.fact, intended)
            break


def _check_pages(history: History, outcome: Outcome, addresses: dict[str, str]) -> None:
    """What was put on customers' own pages: only for those who had shown there who they are."""
    pages = [one for one in history.log.of(MessageIntended) if one.data.channel == OWN_PAGE]
    if pages:
        outcome.checked["messages on customers' own pages"] = len(pages)
    for intended in pages:
        if not _was_read(history, intended, addresses):
            what = f"message {intended.data.message_id} went to a page that nobody was let into"
            outcome.violate("page-of-nobody", what, intended)


def _rules(history: History, intended: Fact[MessageIntended]) -> Iterator[tuple[InForce, str, str]]:
    """Each rule that keeps a debt back: its pack, how, and where."""
    data = intended.data
    roles = history.roles(intended)
    for found in history.packs_for(intended):
        for rule in found.pack.right_party:
            if (
                rule.discloses_debt != "allowed"
                and covers(rule, data.purpose, data.channel, roles)
                and in_force_at(rule, data.checked_at, data.zones)
            ):
                for where in rule.where:
                    yield found, rule.discloses_debt, where


def _is_confirmed(
    history: History, intended: Fact[MessageIntended], addresses: dict[str, str]
) -> bool:
    """Whether the log bears out what the message says of its address."""
    if intended.data.confirmed == "right_party":
        return _was_read(history, intended, addresses)
    return intended.data.confirmed == "source" and _was_vouched(history, intended)


def _was_read(history: History, intended: Fact[MessageIntended], addresses: dict[str, str]) -> bool:
    """The newest word on who reads says that the customer does, at this very address.

    The customer's own page is read by nobody who has not shown there who they are.
    """
    through = intended.data.applied_through
    read = False
    for fact in history.log.of(ContactRightParty):
        if fact.who == intended.who and fact.position.within(through):
            if not fact.data.confirmed:
                read = False
            elif fact.data.message_id is not None:
                here = intended.data.channel == OWN_PAGE
                read = here or addresses.get(fact.data.message_id) == intended.data.address_hash
    return read


def _was_vouched(history: History, intended: Fact[MessageIntended]) -> bool:
    """The publisher's newest list of contact points has the address as given and verified."""
    vouched: list[str] = []
    for fact in history.log.of(EventApplied):
        if fact.who == intended.who and "vouched" in fact.data.data and _was_known(fact, intended):
            vouched = fact.data.data["vouched"].get(intended.data.channel, [])
    return intended.data.address_hash in vouched


def _was_known(fact: Fact[EventApplied], intended: Fact[MessageIntended]) -> bool:
    at = fact.data.position
    return Position(at.topic, at.partition, at.offset).within(intended.data.applied_through)
