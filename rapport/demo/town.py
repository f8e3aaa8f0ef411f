"""All customers together: they wait for mail, and each answers in their own time."""

import heapq
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import httpx

from rapport.demo.people import Person
from rapport.demo.tempers import Reaction, react
from rapport.demo.visits import Letter, Visitor
from services.runtime.clock import Clock

POLL_SECONDS = 0.2
"""Real seconds between two looks into the inbox."""
WORKERS = 5


@dataclass(order=True, slots=True)
class Errand:
    """One thing a person will do. letter None: pay what was promised."""

    at: datetime
    order: int
    person: Person = field(compare=False)
    letter: Letter | None = field(compare=False, default=None)
    reaction: Reaction | None = field(compare=False, default=None)


class Town:
    """The customers' side of the demo, in threads of its own."""

    def __init__(
        self,
        people: tuple[Person, ...],
        inbox: str,
        website: str,
        clock: Clock,
        seed: int,
        last: datetime,
    ) -> None:
        """inbox: base address of the mail catcher. last: the instant after which nobody acts."""
        self._by_address = {person.email.lower(): person for person in people}
        self._inbox = inbox
        self._website = website
        self._clock = clock
        self._seed = seed
        self._last = last
        self._letters: Counter[str] = Counter()
        self._errands: list[Errand] = []
        self._order = count()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name="town", daemon=True)
        self.read = 0
        self.troubles: Counter[str] = Counter()

    def start(self) -> None:
        """Let the customers live."""
        self._thread.start()

    def stop(self) -> None:
        """Nobody does anything new; what was begun is ended."""
        self._stopping.set()
        self._thread.join(30)

    def _live(self) -> None:
        transport = httpx.HTTPTransport(limits=httpx.Limits(max_connections=50))
        look_again = 0.0
        since = 0
        with transport, ThreadPoolExecutor(WORKERS, thread_name_prefix="customer") as pool:
            while not self._stopping.is_set():
                if self._clock.monotonic() >= look_again:
                    since = self._fetch(transport, since)
                    look_again = self._clock.monotonic() + POLL_SECONDS
                for errand in self._due():
                    pool.submit(self._do, transport, errand)
                self._stopping.wait(0.03)

    def _fetch(self, transport: httpx.BaseTransport, since: int) -> int:
        """Take in new mail; the number of the newest."""
        asked = {"since": str(since), "full": "true"}
        try:
            client = httpx.Client(transport=transport, timeout=20, trust_env=False)
            answer = client.get(f"{self._inbox}/api/messages", params=asked)
            messages = answer.raise_for_status().json()["messages"]
        except (httpx.HTTPError, ValueError) as error:
            self._trouble(error)
            return since
        for message in messages:
            self._receive(Letter.of(message))
            since = max(since, message["number"])
        return since

    def _receive(self, letter: Letter) -> None:
        person = self._by_address.get(letter.to)
        if person is None:
            self.troubles["a letter to an unknown address"] += 1
            return
        self._letters[person.id] += 1
        self.read += 1
        chance = self._chance(person, self._letters[person.id])
        reaction = react(person.temper, len(letter.links), chance)
        self._plan(self._clock.now() + reaction.after, person, letter, reaction)

    def _plan(
        self,
        at: datetime,
        person: Person,
        letter: Letter | None = None,
        reaction: Reaction | None = None,
    ) -> None:
        if at < self._last:
            with self._lock:
                heapq.heappush(
                    self._errands, Errand(at, next(self._order), person, letter, reaction)
                )

    def _due(self) -> list[Errand]:
        now = self._clock.now()
        due: list[Errand] = []
        with self._lock:
            while self._errands and self._errands[0].at <= now:
                due.append(heapq.heappop(self._errands))
        return due

    def _do(self, transport: httpx.BaseTransport, errand: Errand) -> None:
        person = errand.person
        visitor = Visitor(person, self._website, transport, self._chance(person, errand.order))
        try:
            if errand.letter is None or errand.reaction is None:
                visitor.pay_next()
            else:
                for day in visitor.read(errand.letter, errand.reaction):
                    self._plan(_noon_before(person, day), person)
        except Exception as error:
            self._trouble(error)

    def _chance(self, person: Person, number: int) -> Random:
        return Random(f"{self._seed}:{person.id}:{number}")

    def _trouble(self, error: Exception) -> None:
        with self._lock:
            self.troubles[type(error).__name__] += 1


def _noon_before(person: Person, day: date) -> datetime:
    """People who keep their word pay the day before."""
    return datetime.combine(day - timedelta(days=1), time(12), ZoneInfo(person.home.timezone))
