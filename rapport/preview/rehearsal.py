"""Lets time pass over one customer and one playbook, with the very functions the services use.

Nothing is stored or sent: the segmenter's handler, the scheduler's rules and the messenger's
final check and letter writer are called in the order in which the services would be.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rapport.preview.person import Person, incoming
from schemas.commands import DispatchOrdered, OutreachRequested
from schemas.facts import AgreementMade, CustomerSegmented
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger.handlers import events as told
from services.messenger.handlers.translate import customer_of, order_of
from services.messenger.handlers.writing import Assignment, Unwritable, Where, Writer, Written
from services.messenger.model import Change, ChangeKind, Lag, Obligation, Refuse
from services.messenger.rules import check as final
from services.messenger.rules import obligations as obligation_rules
from services.messenger.tables import CustomerRow
from services.playbooks.catalogue import Standing
from services.playbooks.model import Playbook
from services.policy.model import Contact, Pack
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler.handlers import INERT, OWN, UNTOLD
from services.scheduler.model import Book, Heard, Outcome, Reserved, StepState
from services.scheduler.rules import claiming, hearing, planning
from services.scheduler.telling import tell
from services.scheduler.translate import command_of, heard_of
from services.segmenter import rules as segmenting
from services.segmenter.handlers import CustomerEvents
from services.segmenter.model import Happening, Profile
from services.segmenter.tags.marks import learn_event, learn_fact

_FRESH = Lag(0.0, covered=True)
_LONGEST_LAG = 2.0
_INBOX_DAYS = 45
_MOST_ROUNDS = 2000


class Collected(UnitOfWork):
    """A unit of work without a database: it keeps what would be published."""

    def __init__(self, service: str, now: datetime) -> None:
        self.service = service
        self.now = now
        self.said: list[Incoming] = []

    def _queue(self, topic: str, key: str, value: bytes) -> None:
        del key
        self.said.append(incoming(topic, value, len(self.said)))


class Rehearsal:
    """One customer, from what is known of them to what each service makes of a trigger."""

    def __init__(
        self,
        person: Person,
        playbook: Playbook,
        packs: Sequence[Pack],
        writer: Writer,
        now: datetime,
        choose: str | None = None,
    ) -> None:
        """choose: the answer that the customer taps in the first mail that offers it."""
        self.person = person
        self._choose = choose
        self.now = now
        self.playbook = playbook
        self.profile = Profile(described=dict(person.tags))
        self.book = Book(derive)
        self.segmented: CustomerSegmented | None = None
        self.command: OutreachRequested | None = None
        self.outcomes: list[tuple[datetime, Outcome]] = []
        self.orders: dict[str, DispatchOrdered] = {}
        self.refusals: list[tuple[datetime, str, Refuse]] = []
        self._packs = packs
        self._writer = writer
        standing = Standing.of([playbook], person.tenant, now)
        self._segmenter = CustomerEvents(lambda: standing, packs, Signer("preview"), _INBOX_DAYS)
        self._listener = CustomerEvents(Standing, packs, Signer("preview"), _INBOX_DAYS)
        self._addressee = CustomerRow(tenant=person.tenant, customer=person.customer)
        self._obligations: dict[str, Obligation] = {}

    def remember(self) -> None:
        """Take in all that is known of the customer before the trigger."""
        for fact in self.person.facts:
            if fact.event.source != OWN and fact.event.type not in UNTOLD | INERT:
                self._hear(heard_of(fact))
        for event in self.person.events:
            self._learn(event)
            if not self.person.facts:
                self._decide(self._listener, event)
            else:
                self._recall(event)
        for fact in self.person.facts:
            one = fact.event
            learn_fact(self.profile.history, one.type, one.id, one.time, one.data)
        for number, contact in enumerate(self.person.contacts):
            self._contacted(f"earlier-{number}", contact)

    def trigger(self, event: Incoming) -> None:
        """The event that the playbook is to answer: segment, and plan what follows."""
        self._learn(event)
        decided = self._begun(event) if event.topic == OUTREACH_LOG else None
        for said in self._decide(self._segmenter, event) if decided is None else decided:
            if isinstance(said.data, CustomerSegmented):
                self.segmented = said.data
            if said.topic == OUTREACH_COMMANDS and isinstance(said.data, OutreachRequested):
                self.command = said.data
                order = command_of(said, said.data)
                self._keep(planning.plan(self.book, order, self._packs, self.now))

    def until(self, end: datetime) -> None:
        """Let time pass, sending what is due as the services would."""
        for _ in range(_MOST_ROUNDS):
            due = [s for s in self.book.steps.values() if s.state is StepState.PLANNED]
            next_at = min((step.due_at for step in due), default=None)
            if next_at is None or next_at > end:
                return
            self.now = max(self.now, next_at)
            claimed = [step.id for step in due if step.due_at <= self.now]
            work = Collected("scheduler", self.now)
            outcomes = claiming.claim(self.book, claimed, self._packs, self.now)
            self._keep(outcomes)
            tell(work, outcomes, read={})
            for said in work.said:
                if said.topic == OUTREACH_DISPATCHES and isinstance(said.data, DispatchOrdered):
                    self._send(said.data)

    def letter(self, order: DispatchOrdered, at: datetime, locale: str | None) -> Written:
        """The letter of an order; `locale`: another language than the customer's own.

        Raises Unwritable.
        """
        row = CustomerRow.model_validate(self._addressee.model_dump())
        if locale is not None:
            row.locale = locale
        message_id = derive("message", row.tenant, order.dispatch_id)
        return self._writer.write(
            Assignment(
                message_id, row.tenant, order, row, self._obligations, at, *self._asked(order, at)
            )
        )

    def _asked(
        self, order: DispatchOrdered, at: datetime
    ) -> tuple[Sequence[str], tuple[Where, ...]]:
        """What the packs at the customer's place ask the letter to disclose, and to keep back."""
        checked = order_of(order, cancelled=(), halted={}, paused={})
        customer = customer_of(self._addressee, (), (), channel=order.channel)
        return (
            final.required_disclosures(checked, customer, self._packs, at),
            final.withheld(checked, customer, self._packs, at),
        )

    def _send(self, order: DispatchOrdered) -> None:
        self.orders[order.step_id] = order
        refusal = self._refusal(order)
        if refusal is not None:
            self.refusals.append((self.now, order.step_id, refusal))
        data = {"step_id": order.step_id, "dispatch_id": order.dispatch_id}
        if refusal is None:
            self._hear(self._fact("message.sent", data))
            self._tap(order)
            return
        later = refusal.not_before.isoformat() if refusal.not_before else None
        self._hear(
            self._fact(
                "message.refused",
                {
                    **data,
                    "reason": refusal.reason,
                    "rule": refusal.rule,
                    "rule_version": refusal.rule_version,
                    "retryable": refusal.retryable,
                    "not_before": later,
                },
            )
        )

    def _tap(self, order: DispatchOrdered) -> None:
        """The customer's answer, if this mail offers it: the first that counts."""
        name = self._choose
        if name is None or name not in self.letter(order, self.now, None).choices:
            return
        self._choose = None
        data = {"dispatch_id": order.dispatch_id, "enrolment_id": order.enrolment_id}
        self._hear(self._fact("choice.made", {**data, "choice": name}))

    def _refusal(self, order: DispatchOrdered) -> Refuse | None:
        """What the messenger's final check, or the letter itself, has against it."""
        key = (self.person.tenant, self.person.customer)
        contacts = [
            one.contact
            for one in self.book.reserved.values()
            if one.dispatch_id != order.dispatch_id and (one.tenant, one.customer) == key
        ]
        customer = customer_of(self._addressee, (), tuple(contacts), channel=order.channel)
        checked = order_of(order, cancelled=(), halted={}, paused={})
        decision = final.check(
            checked, customer, self._obligations, self._packs, _FRESH, _LONGEST_LAG, self.now
        )
        if isinstance(decision, Refuse):
            return decision
        try:
            written = self.letter(order, self.now, None)
        except Unwritable as error:
            return Refuse(str(error), "content")
        required, _ = self._asked(order, self.now)
        return final.missing_disclosures(required, written.disclosures)

    def _decide(self, segmenter: CustomerEvents, event: Incoming) -> list[Incoming]:
        """Let the segmenter decide, and the scheduler hear what it wrote to the log."""
        work = Collected("segmenter", self.now)
        segmenter.decide(work, event, self.profile, {})
        for said in work.said:
            if said.topic == OUTREACH_LOG:
                self._hear(heard_of(said))
        return work.said

    def _begun(self, event: Incoming) -> list[Incoming]:
        """A fact that starts something: every service hears it, and the segmenter begins."""
        self._hear(heard_of(event))
        if isinstance(event.data, AgreementMade):
            made = Change(ChangeKind.AGREED, event.event.time)
            identity = event.data.obligation_id
            known = self._obligations.get(identity, Obligation())
            self._obligations[identity] = obligation_rules.apply(known, made)
        work = Collected("segmenter", self.now)
        self._segmenter.start(work, event, self.profile)
        return work.said

    def _recall(self, event: Incoming) -> None:
        """Bring the segmenter's view of the customer up to date with what it answered before."""
        happened = _happening(event)
        history = self.profile.history
        learn_event(history, happened.type, happened.id, happened.time, happened.data)
        segmenting.remember(self.profile, happened)

    def _learn(self, event: Incoming) -> None:
        """Bring the messenger's view of the addressee up to date."""
        if isinstance(event.data, told.PERSONS):
            told.apply(self._addressee, event)
        about = told.ABOUT.get(event.event.type)
        if about is not None:
            identity = str(getattr(event.data, about.identity))
            known = self._obligations.get(identity, Obligation())
            self._obligations[identity] = obligation_rules.apply(known, told.change_of(event))

    def _hear(self, heard: Heard) -> None:
        self._keep(hearing.hear(self.book, heard, self._packs, self.now))
        if heard.type == "message.intended" and heard.data.get("checked_at"):
            at = datetime.fromisoformat(str(heard.data["checked_at"]))
            about = tuple(map(str, heard.data.get("obligation_ids", ())))
            contact = Contact(at, str(heard.data["purpose"]), str(heard.data["channel"]), about)
            self._contacted(str(heard.data["dispatch_id"]), contact)
        elif heard.type in ("message.failed", "message.refused"):
            who = (self.person.tenant, self.person.customer)
            if str(heard.data.get("dispatch_id")) in self.book.reserved:
                self.book.release(*who, str(heard.data["dispatch_id"]))

    def _contacted(self, dispatch_id: str, contact: Contact) -> None:
        who = (self.person.tenant, self.person.customer)
        self.book.put(Reserved(*who, dispatch_id, contact))

    def _fact(self, type_: str, data: Mapping[str, object]) -> Heard:
        who = (self.person.tenant, self.person.customer)
        identity = derive(type_, str(data["dispatch_id"]))
        return Heard(*who, type_, identity, self.now, data)

    def _keep(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += [(self.now, outcome) for outcome in outcomes]


def _happening(event: Incoming) -> Happening:
    """A customer event as the segmenter's rules see it."""
    data = event.data.model_dump(mode="json", exclude_unset=True)
    one = event.event
    return Happening(one.type, one.id, one.source, one.time, one.replay, data)
