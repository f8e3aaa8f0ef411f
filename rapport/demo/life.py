"""The weeks themselves: publishers publish on time, customers answer, the log is counted."""

import threading

from rapport.demo.publishers import Publishers
from rapport.demo.scenario import Scenario
from rapport.demo.show import Board
from rapport.demo.tally import Tally
from rapport.demo.town import Town
from rapport.demo.wire import Listener, Wire, fact
from schemas.envelope import Envelope, parse_data
from schemas.errors import Rejection
from schemas.facts import DeadLetter
from schemas.topics import DEAD_LETTERS, OUTREACH_LOG
from services.runtime.clock import Clock

TICK_SECONDS = 0.02


class Life:
    """Everything that moves between the first event and the report; each in its own thread."""

    def __init__(
        self, scenario: Scenario, clock: Clock, publishers: Publishers, wire: Wire, town: Town
    ) -> None:
        self._scenario = scenario
        self._clock = clock
        self._publishers = publishers
        self._wire = wire
        self.town = town
        self.tally = Tally()
        self.board = Board(scenario, self.tally, clock.speed)
        self.letters: list[DeadLetter] = []
        self._listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._publisher = threading.Thread(target=self._publish, name="publisher", daemon=True)
        self._awaited: set[str] = set()
        self.error: Exception | None = None

    def start(self, connection: dict[str, object]) -> None:
        """Begin. Raises kafka.errors.KafkaError where the broker does not answer."""
        self._wire.connect(connection)
        self._listeners = [
            Listener(OUTREACH_LOG, connection, self._hear),
            Listener(DEAD_LETTERS, connection, self._bury),
        ]
        for listener in self._listeners:
            listener.start()
        self._publisher.start()
        self.town.start()

    @property
    def is_over(self) -> bool:
        """Whether the last simulated instant has come."""
        return self._clock.now() >= self._scenario.end

    @property
    def is_quiet(self) -> bool:
        """Whether what was on its way when the rest began has come to its end."""
        return not self._awaited & self.tally.open_dispatches

    def rest(self) -> None:
        """Nobody publishes or acts any more; the log is still heard."""
        self._stopping.set()
        self._publisher.join(10)
        self.town.stop()
        self._awaited = self.tally.open_dispatches

    def stop(self) -> None:
        """End everything."""
        if self._publisher.ident is not None:
            self.rest()
        for listener in self._listeners:
            listener.stop()
        self._wire.close()

    def fault(self) -> Exception | None:
        """What made a thread of the demo itself end, if anything did."""
        return self.error or next(
            (listener.error for listener in self._listeners if listener.error), None
        )

    def _publish(self) -> None:
        try:
            for planned in self._scenario.planned:
                while self._clock.now() < planned.at:
                    if self._stopping.wait(TICK_SECONDS):
                        return
                self._publishers.publish(planned)
        except Exception as error:
            self.error = error

    def _hear(self, event: Envelope) -> None:
        told = fact(event)
        if self.tally.add(told):
            self.board.note(told)
            self._publishers.hear(told)

    def _bury(self, event: Envelope) -> None:
        try:
            letter = parse_data(event, DEAD_LETTERS)
        except Rejection:
            return
        if isinstance(letter, DeadLetter):
            self.letters.append(letter)
            self.board.dead_letters = len(self.letters)
