"""The part of the state that one decision may touch."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec

from services.policy.model import Contact
from services.policy.sending import SendingStop
from services.scheduler.model.enrolment import Enrolment, Step
from services.scheduler.model.habits import Answer, Counts, Learning, Pool
from services.scheduler.model.state import Customer, Key, Obligation, ObligationKey, Reserved

LOOKS_AHEAD = timedelta(days=7)
"""As far as most caps count back."""


TABLES = ("customer", "obligation", "enrolment", "step", "reserved")
_position = attrgetter("position")


class Book:
    """The rows that one transaction decides on, and which of them changed.

    derive: makes a stable id of its parts. spread: business time over which steps that would fall
    due at one instant are spread. looks_ahead: how far ahead a contact looks for what goes before
    it. learning: how customers' hours are learned; None: they aren't.
    """

    def __init__(
        self,
        derive: Callable[..., str],
        spread: timedelta = timedelta(0),
        looks_ahead: timedelta = LOOKS_AHEAD,
        learning: Learning | None = None,
    ) -> None:
        self.derive = derive
        self.spread = spread
        self.looks_ahead = looks_ahead
        self.learning = learning
        self.customers: dict[Key, Customer] = {}
        self.obligations: dict[ObligationKey, Obligation] = {}
        self.enrolments: dict[str, Enrolment] = {}
        self.steps: dict[str, Step] = {}
        self.reserved: dict[str, Reserved] = {}
        self.sending_stops: tuple[SendingStop, ...] = ()
        """What of sending is stopped."""
        self.released: set[tuple[str, str, str]] = set()
        self.changed: dict[str, set[Any]] = {table: set() for table in TABLES}
        """By table, the keys of what is to be saved."""
        self.unsure_until: datetime | None = None
        """Payments may be missing: what they could settle is looked at again then."""
        self.pools: dict[Pool, Counts] = {}
        """At which hours those answer who count together, as far as it was loaded."""
        self.answers: list[Answer] = []
        """What is to be added to the pools."""
        self.stored: set[str] = set()
        """Ids of steps that are in the database already."""
        self._enrolments_of: dict[Key | ObligationKey, list[str]] = {}
        self._steps_of: dict[str, list[str]] = {}
        self._reserved_of: dict[Key, list[str]] = {}

    def load(
        self,
        customers: Iterable[Customer] = (),
        obligations: Iterable[Obligation] = (),
        enrolments: Iterable[Enrolment] = (),
        steps: Iterable[Step] = (),
        reserved: Iterable[Reserved] = (),
    ) -> None:
        """Take in rows as they are stored."""
        for customer in customers:
            self.customers[customer.key] = customer
        for obligation in obligations:
            self.obligations[obligation.key] = obligation
        for enrolment in enrolments:
            self._keep_enrolment(enrolment)
        for step in steps:
            self._keep_step(step)
            self.stored.add(step.id)
        for one in reserved:
            self._keep_reserved(one)

    def put(self, row: Customer | Obligation | Enrolment | Step | Reserved) -> None:
        """Replace or add a row; it will be saved."""
        if isinstance(row, Step):
            self._keep_step(row)
            self.changed["step"].add(row.id)
        elif isinstance(row, Reserved):
            self._keep_reserved(row)
            self.changed["reserved"].add(row.dispatch_id)
        elif isinstance(row, Enrolment):
            self._keep_enrolment(row)
            self.changed["enrolment"].add(row.id)
        elif isinstance(row, Obligation):
            self.obligations[row.key] = row
            self.changed["obligation"].add(row.key)
        else:
            self.customers[row.key] = row
            self.changed["customer"].add(row.key)

    def release(self, tenant: str, customer: str, dispatch_id: str) -> None:
        """Forget a reserved contact: it was not made."""
        self.released.add((tenant, customer, dispatch_id))
        self.changed["reserved"].discard(dispatch_id)
        one = self.reserved.pop(dispatch_id, None)
        if one is not None:
            self._reserved_of[one.tenant, one.customer].remove(dispatch_id)

    def customer(self, tenant: str, customer: str) -> Customer:
        """The customer, a blank one if not known yet."""
        return self.customers.get((tenant, customer)) or Customer(tenant, customer)

    def of_customer(self, key: Key) -> list[Enrolment]:
        """The loaded enrolments of a customer."""
        return [self.enrolments[i] for i in self._enrolments_of.get(key, ())]

    def of_obligation(self, key: ObligationKey) -> list[Enrolment]:
        """The loaded enrolments about an obligation, whoever is enrolled."""
        return [self.enrolments[i] for i in self._enrolments_of.get(key, ())]

    def steps_of(self, enrolment_id: str) -> list[Step]:
        """The steps of an enrolment in the playbook's order."""
        steps = [self.steps[i] for i in self._steps_of.get(enrolment_id, ())]
        steps.sort(key=_position)
        return steps

    def reserved_of(self, key: Key) -> list[Reserved]:
        """The customer's loaded contacts, with their dispatches."""
        return [self.reserved[i] for i in self._reserved_of.get(key, ())]

    def contacts_of(self, key: Key) -> list[Contact]:
        """The customer's loaded contacts."""
        return [self.reserved[i].contact for i in self._reserved_of.get(key, ())]

    def contacts_about(self, key: Key, obligation: Obligation) -> list[Contact]:
        """The customer's loaded contacts, and the other parties' about the obligation."""
        found = self.contacts_of(key)
        for party in obligation.parties:
            if party != key[1]:
                found += [
                    msgspec.structs.replace(one, other_party=True)
                    for one in self.contacts_of((key[0], party))
                    if obligation.id in one.obligation_ids
                ]
        return found

    def _keep_enrolment(self, row: Enrolment) -> None:
        if row.id not in self.enrolments:
            for index in ((row.tenant, row.customer), row.obligation_key):
                self._enrolments_of.setdefault(index, []).append(row.id)
        self.enrolments[row.id] = row

    def _keep_step(self, row: Step) -> None:
        if row.id not in self.steps:
            self._steps_of.setdefault(row.enrolment_id, []).append(row.id)
        self.steps[row.id] = row

    def _keep_reserved(self, row: Reserved) -> None:
        if row.dispatch_id not in self.reserved:
            self._reserved_of.setdefault((row.tenant, row.customer), []).append(row.dispatch_id)
        self.reserved[row.dispatch_id] = row
