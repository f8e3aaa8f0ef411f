"""Why a customer was, or was not, contacted: told from the shared log alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rapport.audit.log import Fact, Record, build
from rapport.local_time import LocalTimes
from rapport.sentences import sentence
from schemas.common import Typed
from schemas.facts import (
    CustomerSegmented,
    EventApplied,
    LogHeartbeat,
    OutreachEnrolled,
    OutreachStepSuppressed,
    PolicyInForce,
)
from services.policy.citing import Source, source


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `at`: the customer's local time, as text."""

    at: str
    what: str
    fact: Fact[Typed]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "at": self.fact.time.isoformat(),
            "local": self.at,
            "type": self.fact.type,
            "id": self.fact.id,
            "position": str(self.fact.position),
            "what": self.what,
        }


@dataclass(slots=True)
class Chapter:
    """One enrolment, or what happened outside of all of them."""

    title: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Story:
    """All that the log says of one customer of one tenant.

    rules: those of policy packs that decided something, `pack/rule vN`, with their source.
    """

    tenant: str
    customer: str
    chapters: Sequence[Chapter]
    rules: Mapping[str, Source]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tenant": self.tenant,
            "customer": self.customer,
            "chapters": [
                {"title": chapter.title, "lines": [line.as_dict() for line in chapter.lines]}
                for chapter in self.chapters
            ],
            "rules": {name: asdict(source) for name, source in self.rules.items()},
        }


def explain(records: Iterable[Record], customer: str) -> list[Story]:
    """The stories of a customer id, one a tenant; empty where the log knows no such customer."""
    by_tenant: dict[str, list[Fact[Typed]]] = defaultdict(list)
    log = build(records)
    packs = {(fact.data.name, fact.data.version): fact.data for fact in log.of(PolicyInForce)}
    for fact in log.facts:
        if fact.customer == customer and not isinstance(fact.data, LogHeartbeat):
            by_tenant[fact.tenant].append(fact)
    return [
        Story(tenant, customer, list(_chapters(facts)), dict(_cited(facts, packs)))
        for tenant, facts in sorted(by_tenant.items())
    ]


def _cited(
    facts: Sequence[Fact[Typed]], packs: Mapping[tuple[str, int], PolicyInForce]
) -> Iterator[tuple[str, Source]]:
    """The rules that facts name, as the packs of the log have them in that version."""
    for fact in facts:
        rule, version = getattr(fact.data, "rule", None), getattr(fact.data, "rule_version", None)
        name, _, own = (rule or "").partition("/")
        pack = packs.get((name, version)) if version is not None else None
        if pack is not None and (found := source(pack.content, own)):
            yield f"{rule} v{version}", found


def _chapters(facts: Sequence[Fact[Typed]]) -> Iterator[Chapter]:
    """What was known first, then each enrolment, in order of their beginning."""
    times, threads = LocalTimes(), _Threads()
    general = Chapter("What was heard, and what followed from it")
    enrolments: dict[str, Chapter] = {}
    for fact in facts:
        times.see(fact)
        line = Line(times.text(fact), sentence(times.data(fact)), fact)
        enrolment = threads.enrolment_of(fact.data)
        if isinstance(fact.data, OutreachEnrolled):
            enrolments[fact.data.enrolment_id] = Chapter(_title(fact.data))
        if enrolment is not None and enrolment in enrolments:
            enrolments[enrolment].lines.append(line)
        else:
            general.lines.append(line)
    yield general
    yield from enrolments.values()


def _title(enrolled: OutreachEnrolled) -> str:
    about = f"{enrolled.obligation.kind} {enrolled.obligation.obligation_id}"
    return f"{enrolled.playbook} v{enrolled.playbook_version} about {about}"


class _Threads:
    """Finds the enrolment that a fact belongs to, by the ids that facts share."""

    def __init__(self) -> None:
        self._enrolment: dict[str, str] = {}

    def enrolment_of(self, data: Typed) -> str | None:
        """The enrolment's id; None for what concerns the customer as a whole."""
        if isinstance(data, EventApplied | CustomerSegmented):
            return None
        known = getattr(data, "enrolment_id", None) or next(
            (
                self._enrolment[value]
                for name in ("step_id", "dispatch_id", "message_id", "offer_id", "agreement_id")
                if (value := getattr(data, name, None)) in self._enrolment
            ),
            None,
        )
        if known is None and not isinstance(data, OutreachStepSuppressed):
            # Offers and agreements are told with the enrolment about their bill.
            known = self._enrolment.get(f"about:{getattr(data, 'obligation_id', None)}")
        if known is not None:
            self._remember(data, known)
        return known

    def _remember(self, data: Typed, enrolment: str) -> None:
        for name in ("step_id", "dispatch_id", "message_id", "offer_id", "agreement_id"):
            value = getattr(data, name, None)
            if value is not None:
                self._enrolment[value] = enrolment
        if isinstance(data, OutreachEnrolled):
            self._enrolment[f"about:{data.obligation.obligation_id}"] = enrolment
