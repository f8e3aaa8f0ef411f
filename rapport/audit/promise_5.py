"""Promise 5: no frequency cap is exceeded by what was sent or may have been."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from rapport.audit import packs as rules
from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.verdict import Outcome
from schemas.facts import MessageIntended
from schemas.policy import Cap

TITLE = "No frequency cap is exceeded, over all playbooks and channels"


def check(history: History) -> Outcome:
    """Count, for each contact, those in the rolling window that ends with it."""
    outcome = Outcome(5, TITLE)
    contacts: dict[tuple[str, str], list[Fact[MessageIntended]]] = defaultdict(list)
    for fact in history.may_have_gone:
        contacts[fact.who].append(fact)
    outcome.checked = {
        "contacts": sum(map(len, contacts.values())),
        "customers contacted": len(contacts),
    }
    for of_customer in contacts.values():
        of_customer.sort(key=lambda fact: (fact.data.checked_at, fact.order))
        _customer(history, of_customer, outcome)
    return outcome


def _customer(
    history: History, contacts: Sequence[Fact[MessageIntended]], outcome: Outcome
) -> None:
    for rank, contact in enumerate(contacts):
        data = contact.data
        caps = rules.caps(history.packs_for(contact), data.checked_at, data.zones)
        for found, cap in caps:
            if not rules.covers(cap, data.purpose, data.channel):
                continue
            counted = [*_counted(cap, contacts[:rank], contact), contact]
            if len(counted) > cap.limit:
                name = f"{found.pack.name}/{cap.rule} v{found.pack.version}"
                what = f"{len(counted)} contacts in {cap.window_hours} h, {name} allows {cap.limit}"
                outcome.violate("cap", what, *counted)


def _counted(
    cap: Cap, earlier: Sequence[Fact[MessageIntended]], contact: Fact[MessageIntended]
) -> list[Fact[MessageIntended]]:
    """Contacts before this one that its cap counts: those exactly one window ago no longer."""
    since = contact.data.checked_at - timedelta(hours=cap.window_hours)
    return [
        fact
        for fact in earlier
        if fact.data.checked_at > since and rules.covers(cap, fact.data.purpose, fact.data.channel)
    ]
