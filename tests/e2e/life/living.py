"""Ten days of some fifty customers, lived once a run; the tests of several files look at them.

Time stands still at START until the services are up and what takes a minute of a customer's time
is done; then it runs. Each story (`Mile`, `Strategies`, …) has people of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from services.runtime.clock import Clock
from services.runtime.embedded.children import free_port
from support.polling import poll_until
from support.system import Fact, System, Topic, event, of, wait_for

START = datetime.fromisoformat("2026-03-02T15:00+01:00")
"""A Monday: 23:00 in Tokyo, 15:00 in Berlin, 14:00 in London, 09:00 in New York."""
END = START + timedelta(days=9, hours=22)
SPEED = 18_000.0
LEAD_SECONDS = 12.0
"""Real seconds that a launch takes, unless the machine is slow."""
STANDSTILL_SECONDS = 12.0
"""Real seconds for what happens while time stands still."""
TRIES = 4
HOME = "Europe/Berlin"
SECRETS = {"last_digits": "4711", "birth_year": "1984", "passphrase": "blue harbour"}


@dataclass
class Life:
    """What was lived, and what is left of it: every letter, every fact, every page seen."""

    system: System
    log: Topic
    replies_port: int
    """Where customers' mail is taken in."""
    letters: list[dict[str, Any]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    violations: list[Any] = field(default_factory=list)
    waited: float = 0.0
    """Real seconds from the abandoned applications to the last of their letters."""
    zones: dict[str, str] = field(default_factory=dict)
    """Of customers who do not live in HOME."""
    lived_until: datetime = START
    """When the last day had passed and all was settled, by the business clock."""
    survived: bool = False
    """Whether no service had to be started again."""

    def of(self, who: str, type: str = "") -> list[Fact]:
        """Facts about one customer."""
        return of(self.facts, who, type)

    def data(self, who: str, type: str) -> list[dict[str, Any]]:
        """The data of one customer's facts."""
        return [fact["data"] for fact in self.of(who, type)]

    def letters_to(self, who: str) -> list[dict[str, Any]]:
        """Letters that one customer got, oldest first."""
        return [letter for letter in self.letters if letter["to"] == [address(who)]]

    def sent_at(self, who: str) -> list[datetime]:
        """When they left, by the customer's own clock."""
        zone = ZoneInfo(self.zones.get(who, HOME))
        return [
            datetime.fromisoformat(letter["date"]).astimezone(zone)
            for letter in self.letters_to(who)
        ]

    def steps(self, who: str) -> list[str]:
        """Which letters they were: playbook and step."""
        told = self.data(who, "message.intended")
        return [f"{data['playbook']}/{data['step']}" for data in told]

    def letter(self, who: str, number: int = 1) -> dict[str, Any]:
        """A customer's letter of that number, once it came."""
        return self.system.mailbox.wait_for(number, to=address(who), timeout=60)[number - 1]

    def tell(self, who: str, type: str, data: Mapping[str, Any]) -> None:
        """Publish what just happened to a customer."""
        self.system.send(event(type, who, data, at=self.system.clock.now()))

    def hear(self, who: str, type: str) -> None:
        """Wait for facts of a type about a customer."""
        wait_for(self.log, lambda facts: of(facts, who, type), message=f"no {type} of {who}")


class Story(Protocol):
    """Some of the customers, and what they do."""

    def begins(self) -> Iterable[Mapping[str, Any]]:
        """What is published about them at START."""

    def at_once(self) -> None:
        """What they do while time stands still."""

    def goes_on(self) -> None:
        """What they do when time runs."""


def live(life: Life, stories: Sequence[Story]) -> None:
    """All of it, from the first event to the last day."""
    life.system.send(*(one for story in stories for one in story.begins()))
    for story in stories:
        story.at_once()
    for story in stories:
        story.goes_on()
    system = life.system
    poll_until(lambda: system.clock.now() >= END, 300, "the days have not passed")
    wait_for(life.log, all_ended, message="a dispatch has no end")
    system.settled()
    life.lived_until = system.clock.now()
    life.letters = system.mailbox.messages()
    life.facts = list(life.log.read())
    life.violations = system.violations()
    life.survived = all(child.running() for child in system.fleet.children.values())


@contextmanager
def standing_still(
    launch: Callable[..., AbstractContextManager[System]],
) -> Iterator[tuple[System, int]]:
    """The running services, up at START while time still stands for a while, and the port of
    their door for mail.

    A slow machine is given more time.
    """
    lead = LEAD_SECONDS + STANDSTILL_SECONDS
    for _ in range(TRIES):
        began = Clock().real().timestamp()
        clock, door = Clock(START, SPEED, began + lead), free_port()
        with launch(clock, PORTAL_SESSION_HOURS="240", REPLIES_SMTP_PORT=str(door)) as system:
            taken = clock.real().timestamp() - began
            if taken + STANDSTILL_SECONDS < lead:
                yield system, door
                return
        lead = 2 * taken + STANDSTILL_SECONDS
    raise AssertionError(f"the services take {taken:g} s to come up")


def address(who: str) -> str:
    """Where a customer reads mail."""
    return f"{who}@example.org"


def known(who: str, **more: Any) -> dict[str, Any]:
    """The event that tells who a customer is; they read English in Berlin, unless it says more."""
    data = {
        "name": who.title(),
        "email": address(who),
        "timezone": HOME,
        "country": "DE",
        "locale": "en",
        "verification": SECRETS,
        **more,
    }
    return event("customer.updated", who, data, at=START)


def day(days: int) -> str:
    """The date so many days after START, as events have it."""
    return (START.date() + timedelta(days=days)).isoformat()


def all_ended(facts: list[Fact]) -> bool:
    """Whether every dispatch is sent, failed, refused or unknown."""
    ended = {
        fact["data"]["dispatch_id"]
        for fact in facts
        if fact["type"] in ("message.sent", "message.failed", "message.refused", "message.unknown")
    }
    ordered = {
        fact["data"]["dispatch_id"] for fact in facts if fact["type"] == "outreach.dispatched"
    }
    return ordered <= ended
