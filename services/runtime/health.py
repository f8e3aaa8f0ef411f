"""What a service needs, and whether it answers: the source of /readyz."""

import threading
from dataclasses import dataclass, field

from services.runtime import metrics


@dataclass
class Health:
    """Parts by name; a part is up (None) or down with the reason. Safe to use from threads."""

    _parts: dict[str, str | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def up(self, part: str) -> None:
        """The part answers."""
        self._set(part, None)

    def down(self, part: str, reason: str) -> None:
        """The part is waited for; `reason` holds no secret and no personal data."""
        self._set(part, reason)

    def _set(self, part: str, reason: str | None) -> None:
        with self._lock:
            self._parts[part] = reason
        metrics.PART_UP.labels(part).set(reason is None)

    @property
    def ready(self) -> bool:
        """Whether every known part answers."""
        with self._lock:
            return bool(self._parts) and all(reason is None for reason in self._parts.values())

    def report(self) -> dict[str, str]:
        """Each part's state in words."""
        with self._lock:
            return {part: reason or "up" for part, reason in sorted(self._parts.items())}
