"""Small builders for the scheduler's values, and a world in which its rules run."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from services.policy.packs import load
from services.scheduler.model import (
    Book,
    Cause,
    Command,
    Dispatched,
    Enrolment,
    ExitRule,
    Heard,
    Obligation,
    Outcome,
    Place,
    StepPlan,
    StepState,
    Trigger,
)
from services.scheduler.rules import claiming, hearing, planning

PACKS = load(Path(__file__).parents[3] / "deploy" / "policies")
TENANT = "default"
TOKYO = Place(timezone="Asia/Tokyo", country="JP")
START = datetime.fromisoformat("2026-03-02T09:00+09:00")
REMINDERS = (
    StepPlan("t-7", "due", -7, timedelta(days=2), "early", at="10:00"),
    StepPlan("t-3", "due", -3, timedelta(days=1), "soon", at="10:00"),
    StepPlan("t-1", "due", -1, timedelta(days=1), "tomorrow", at="10:00"),
)
FIRST_CONTACT = (
    StepPlan("first", "trigger", 0, timedelta(days=2), "first"),
    StepPlan("second", "trigger", 3, timedelta(days=2), "second", at="10:00"),
)
PAID = ExitRule("payment.received", "paid", "remaining_minor == 0 && !pending")


def derive(*parts: str | int) -> str:
    """A stable id of the parts; cheaper than the real one."""
    return " ".join(map(str, parts))


def at(text: str) -> datetime:
    """An instant in Tokyo: `2026-03-05 10:00`."""
    return datetime.fromisoformat(f"{text}+09:00")


def heard(type: str, time: datetime = START, customer: str = "ann", **data: Any) -> Heard:
    """A fact or event as the rules hear it."""
    ids = ("bill_id", "subscription_id", "application_id", "benefit_id", "obligation_id")
    obligation_id = next((str(data[name]) for name in ids if name in data), None)
    identity = derive(type, customer, time.isoformat(), str(sorted(data.items())))
    return Heard(TENANT, customer, type, identity, time, data, obligation_id)


def bill(type: str = "bill.due_soon", time: datetime = START, **data: Any) -> Heard:
    """An event about bill b1, 120.00 EUR, due on 12 March."""
    terms = {
        "bill_id": "b1",
        "creditor": "Acme",
        "amount_minor": 12_000,
        "currency": "EUR",
        "due_date": "2026-03-12",
    }
    return heard(type, time, **{**terms, **data})


def paid(time: datetime = START, remaining: int = 0, **data: Any) -> Heard:
    """A payment for bill b1."""
    given = {"payment_id": "p1", "bill_id": "b1", "amount_minor": 1, "currency": "EUR"}
    return heard("payment.received", time, **{**given, "remaining_minor": remaining, **data})


def command(
    trigger: Heard,
    plans: Sequence[StepPlan] = REMINDERS,
    playbook: str = "bill-reminder",
    purpose: str = "service",
    place: Place = TOKYO,
    exits: Sequence[ExitRule] = (PAID,),
    consolidate: bool = False,
    tone: str = "neutral",
    answers: str | None = None,
    reentry: str = "never",
) -> Command:
    """The order that a trigger event gives rise to."""
    data = trigger.data
    obligation_id = trigger.obligation_id or ""
    due = data.get("due_date") or data.get("expires_on") or data.get("valid_until")
    kind = trigger.kind or "bill"
    return Command(
        TENANT,
        trigger.customer,
        Obligation(
            TENANT,
            obligation_id,
            kind=kind,
            amount_minor=data.get("amount_minor"),
            currency=data.get("currency"),
            due_date=date.fromisoformat(due) if due else None,
            due_timezone=data.get("due_timezone"),
            version=data.get("version"),
            parties=(trigger.customer,),
        ),
        Enrolment(
            tenant=TENANT,
            customer=trigger.customer,
            id=planning.first_id(derive, (TENANT, trigger.customer), playbook, kind, obligation_id),
            playbook=playbook,
            playbook_version=1,
            purpose=purpose,
            reentry=reentry,
            segment="everyone",
            tone=tone,
            obligation_id=obligation_id,
            obligation_kind=kind,
            consolidate=consolidate,
            answers=answers,
            cause=Cause("command"),
            trigger=Trigger(trigger.id, trigger.type, trigger.time),
            started_at=trigger.time,
            plans=tuple(plans),
            exits=tuple(exits),
            place=place,
        ),
    )


def step_ids(dispatched: Dispatched) -> list[str]:
    """The steps that go out with a dispatch, its own first."""
    return [dispatched.step.id, *(one.step.id for one in dispatched.joined)]


class Saved(NamedTuple):
    """What a crash leaves."""

    book: Book
    told: int


class World:
    """A book that time passes over; keeps every outcome with its instant."""

    def __init__(self, now: datetime = START) -> None:
        self.book = Book(derive)
        self.now = now
        self.told: list[tuple[datetime, Outcome]] = []

    def hear(self, *facts: Heard) -> list[Outcome]:
        """Take in facts."""
        return self._keep([o for f in facts for o in hearing.hear(self.book, f, PACKS, self.now)])

    def order(self, asked: Command) -> list[Outcome]:
        """Plan a command."""
        return self._keep(planning.plan(self.book, asked, PACKS, self.now))

    def start(self, trigger: Heard, **more: Any) -> list[Outcome]:
        """An event and the command that it gives rise to."""
        return [*self.hear(trigger), *self.order(command(trigger, **more))]

    def claim(self) -> list[Outcome]:
        """Decide on what is due now."""
        planned, now = StepState.PLANNED, self.now
        due = [s.id for s in self.book.steps.values() if s.due_at <= now and s.state is planned]
        return self._keep(claiming.claim(self.book, due, PACKS, self.now))

    def until(self, instant: datetime, every: timedelta = timedelta(minutes=30)) -> list[Outcome]:
        """Let time pass, claiming all the while."""
        outcomes = self.claim()
        while self.now < instant:
            self.now = min(instant, self.now + every)
            outcomes += self.claim()
        return outcomes

    def next_dispatch(self, before: datetime) -> Dispatched | None:
        """Let time pass until something is dispatched, or nothing was before the instant."""
        found = [one for one in self.claim() if isinstance(one, Dispatched)]
        while not found and self.now < before:
            self.now = min(before, self.now + timedelta(minutes=30))
            found = [one for one in self.claim() if isinstance(one, Dispatched)]
        return found[0] if found else None

    def answer(
        self,
        dispatched: Dispatched,
        type: str = "message.sent",
        without: Collection[str] = (),
        **data: Any,
    ) -> None:
        """What the messenger says became of a dispatch, or of all but some of its steps."""
        step = dispatched.step
        first, *joined = (i for i in step_ids(dispatched) if i not in without)
        ids = {"step_id": first, "joined": joined, "dispatch_id": step.dispatch_id}
        self.hear(heard(type, self.now, step.customer, **ids, **data))

    def leave_out(self, dispatched: Dispatched, step_id: str, **data: Any) -> list[Outcome]:
        """The messenger takes a step out of a dispatch."""
        ids = {"step_id": step_id, "dispatch_id": dispatched.step.dispatch_id}
        given = {"reason": "settled", "rule": "obligation", "rule_version": 1, **data}
        customer = dispatched.step.customer
        return self.hear(heard("message.left_out", self.now, customer, **ids, **given))

    def sent(self) -> list[tuple[datetime, str]]:
        """When which step was dispatched."""
        return [
            (when, told.step.plan.name) for when, told in self.told if isinstance(told, Dispatched)
        ]

    def save(self) -> Saved:
        """What is committed by now."""
        kept = Book(derive)
        for name, rows in vars(self.book).items():
            if isinstance(rows, dict):
                lists = {
                    key: list(one) if isinstance(one, list) else one for key, one in rows.items()
                }
                setattr(kept, name, lists)
        return Saved(kept, len(self.told))

    def restore(self, saved: Saved) -> None:
        """Lose whatever came since."""
        self.book = saved.book
        del self.told[saved.told :]

    def _keep(self, outcomes: list[Outcome]) -> list[Outcome]:
        self.told += [(self.now, outcome) for outcome in outcomes]
        return outcomes
