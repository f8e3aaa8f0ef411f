"""How often something may be tried: counted in this process, in real time."""

import threading
from collections import OrderedDict, deque

MINUTE = 60.0
_MOST_KEYS = 10_000


class PerMinute:
    """At most so many tries of one key in any minute. Safe between threads.

    Only the newest keys are remembered: what is long ago is over anyway.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, at: float) -> bool:
        """Count a try at that instant (monotonic seconds); False where it is one too many."""
        with self._lock:
            tries = self._tries.setdefault(key, deque())
            self._tries.move_to_end(key)
            if len(self._tries) > _MOST_KEYS:
                self._tries.popitem(last=False)
            while tries and tries[0] <= at - MINUTE:
                tries.popleft()
            if len(tries) >= self._most:
                return False
            tries.append(at)
            return True
