"""What an event costs with twenty playbooks in force, next to one: it should stay flat.

Each playbook has five segments and listens to the same event, so that every event is weighed by
all of them; one of them takes it. Measured is the segmenter's own work for an event: decode,
decide, encode what leaves, in processor time. Rounds alternate, so that a busy machine slows all
alike.
"""

import os
import statistics
import time
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from bench.job import TOPIC, Arrived, Job, event
from services.playbooks.load import build, source_of
from services.playbooks.model import Playbook
from services.runtime.clock import Clock

PLAYBOOKS = (1, 5, 20)
EVENTS = int(os.environ.get("BENCH_SCALE_EVENTS", "3000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BAR = 2.0
LOCALES = ("en", "zh", "ja")
_LEAST, _MOST = 4_200, 13_200
"""The amounts of the load, minor units."""

_TEMPLATE = {
    "note": {
        "neutral": {
            "subject": "A note",
            "preheader": "Whenever you like.",
            "body": "It is about {{ amount }}.\n\n[Open]({{ links.portal }})\n",
        }
    }
}


def run() -> bool:
    """Measure and print; whether twenty playbooks cost at most twice what one does."""
    jobs = {count: Job(playbooks(count)) for count in PLAYBOOKS}
    records = _records()
    costs: dict[int, list[float]] = {count: [] for count in PLAYBOOKS}
    outputs = {count: _microseconds(job, records)[1] for count, job in jobs.items()}
    for _ in range(ROUNDS):
        for count, job in jobs.items():
            costs[count].append(_microseconds(job, records)[0])
    table = Table(title=f"An event by playbooks in force, median of {ROUNDS} x {EVENTS:,} events")
    for name in ("playbooks", "µs an event", "messages an event", "times one playbook"):
        table.add_column(name, justify="right")
    medians = {count: statistics.median(values) for count, values in costs.items()}
    for count, cost in medians.items():
        ratio = cost / medians[1]
        table.add_row(str(count), f"{cost:.0f}", f"{outputs[count]:.1f}", f"{ratio:.2f}")
    Console().print(table)
    ratio = medians[PLAYBOOKS[-1]] / medians[1]
    reached = ratio <= BAR
    print(
        f"playbooks-scale: {ratio:.2f} times the cost of one playbook; bar {BAR:.0f}: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


def playbooks(count: int) -> list[Playbook]:
    """That many playbooks that listen to a missed payment; each takes its share of the amounts."""
    return [_playbook(number, count) for number in range(count)]


def _playbook(number: int, count: int) -> Playbook:
    width = (_MOST - _LEAST) // count
    low = _LEAST + number * width
    high = _MOST if number == count - 1 else low + width
    document = {
        "name": f"scale-{number:02}",
        "version": 1,
        "title": f"Scale {number}",
        "purpose": "service",
        "about": "bill",
        "triggers": [
            {
                "event": "payment.missed",
                "when": f"amount_minor >= {low} && amount_minor < {high} && currency == 'EUR'",
            }
        ],
        "segments": [
            {"name": "held", "when": "'hardship' in holds || 'dispute' in holds", "tone": "gentle"},
            {"name": "large", "when": f"amount_minor > {high + 1}", "tone": "formal"},
            {"name": "gold", "when": "tier == 'gold' && 'film' in interests", "tone": "light"},
            {"name": "abroad", "when": "country in ['JP', 'CN', 'IN']", "tone": "formal"},
            {"name": "everyone", "when": "true", "tone": "neutral"},
        ],
        "steps": [
            {
                "name": f"note_{day}",
                "anchor": "trigger",
                "days": day,
                "at": "10:00",
                "valid_for": "P1D",
                "template": "note",
            }
            for day in (1, 4, 8)
        ],
        "exits": [{"on": "payment.received", "reason": "paid"}],
        "links": ["portal"],
    }
    return build(source_of(f"scale-{number:02}", document, dict.fromkeys(LOCALES, _TEMPLATE)))


def _records() -> Sequence[Arrived]:
    now = Clock().real().isoformat()
    found = []
    for number in range(EVENTS):
        key, value = event(number, now)
        found.append(Arrived(TOPIC, 0, number, key.encode(), msgspec.json.encode(value)))
    return found


def _microseconds(job: Job, records: Sequence[Arrived]) -> tuple[float, float]:
    """Microseconds of processor time an event, and messages that leave for one."""
    messages = 0
    began = time.process_time()
    for record in records:
        _, outputs = job.do(record, None)
        messages += len(outputs)
    spent = time.process_time() - began
    return spent / len(records) * 1e6, messages / len(records)
