"""Golden tables of the policy packs: what the gate says, case by case, with the rule's source.

`python tests/support/policy_tables.py` writes them anew; the difference is for a person to read.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from schemas.common import HoldKind
from services.policy import gate
from services.policy.citing import sources
from services.policy.consent import check_consent, required_disclosures
from services.policy.holds import ruling
from services.policy.model import Approach, Cap, ConsentRecord, Contact, Hours, Pack, Verdict, Zones
from services.policy.notices import missing
from services.policy.packs import load
from services.policy.places import applying, candidate_zones
from services.scheduler.model import Place

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "tests" / "golden" / "policies"
PLACES = {
    "default": Place("Europe/Oslo", "NO"),
    "us": Place("America/Chicago", "US", "US-IL", "Chicago"),
    "us-ma": Place("America/New_York", "US", "US-MA", "Boston"),
    "us-nyc": Place("America/New_York", "US", "US-NY", "New York"),
    "us-ny": Place("America/New_York", "US", "US-NY", "Albany"),
    "us-dc": Place("America/New_York", "US", "US-DC", "Washington"),
    "us-ca": Place("America/Los_Angeles", "US", "US-CA", "Fresno"),
    "uk": Place("Europe/London", "GB"),
    "cn": Place("Asia/Shanghai", "CN", "CN-SH"),
    "jp": Place("Asia/Tokyo", "JP", "JP-13"),
    "au": Place("Australia/Sydney", "AU", "AU-NSW"),
    "in": Place("Asia/Kolkata", "IN", "IN-KA"),
    "eu": Place("Europe/Berlin", "DE"),
}
"""Where each pack is tried."""

_ALWAYS = Hours("always", "test", "house", True, None, None, None, None, None, 0, 1440)
COLUMNS = (
    "role", "purpose", "channel", "consent", "hold", "notice", "history", "local time",
    "verdict", "reason", "rule", "not before", "all that refuse", "must carry", "citation",
)  # fmt: skip
_FACTORS = COLUMNS[:8]
ROLES = ("creditor", "collector")
PURPOSES = ("service", "collection", "retention", "marketing")
CHANNELS = ("email", "sms", "phone")
NOON = "2026-06-10 12:00:00"
"""A Wednesday that is no public holiday anywhere here."""
PLAIN = {
    "consent": "granted",
    "hold": "none",
    "notice": "sent",
    "history": "none",
    "local time": NOON,
}
_HOUR = timedelta(hours=1)


def _calls(count: int, reached: bool, *about: str) -> list[tuple[timedelta, Contact]]:
    made = Contact(datetime.min.replace(tzinfo=UTC), "*", "phone", about, reached, "people")
    return [(_HOUR * (n + 1) / 2, made) for n in range(count)]


def _sent(channel: str, *hours_ago: float) -> list[tuple[timedelta, Contact]]:
    one = Contact(datetime.min.replace(tzinfo=UTC), "collection", channel, ("b1",))
    return [(_HOUR * ago, one) for ago in hours_ago]


_SECOND = 1 / 3600
HISTORIES: dict[str, list[tuple[timedelta, Contact]]] = {
    "none": [],
    "2 e-mails in 2 days": _sent("email", 24, 47),
    "3 e-mails; the first 168 h ago less 1 s": _sent("email", 24, 100, 168 - _SECOND),
    "3 e-mails; the first 168 h ago": _sent("email", 24, 100, 168),
    "an e-mail 4 h ago less 1 s": _sent("email", 4 - _SECOND),
    "an e-mail 4 h ago": _sent("email", 4),
    "5 texts in 6 days": _sent("sms", 30, 60, 90, 120, 144),
    "10 e-mails in 30 days": _sent("email", *(72 * n for n in range(1, 11))),
    "3 calls tried today": _calls(3, False, "b1"),
    "7 calls tried today": _calls(7, False, "b1"),
    "1 call today; reached": _calls(1, True, "b1"),
    "3 calls today; reached; of another debt": _calls(3, True, "b2"),
}
"""Contacts, and how long before the case they were made."""
_COMMON = tuple(HISTORIES)


@dataclass(frozen=True)
class _Held:
    """A hold on the case's debt; a `services.policy.holds.Hold`."""

    kind: str
    at: datetime
    obligation_id: str | None = "b1"
    until: datetime | None = None
    lifted_at: datetime | None = None
    freed_at: datetime | None = None


@dataclass(frozen=True)
class Table:
    """The cases of one pack, with the packs that apply beside it."""

    pack: Pack
    zones: Zones
    packs: Sequence[Pack]

    def rows(self) -> Iterator[dict[str, str]]:
        """Hours and caps; then what consent changes, each hold with all of it, and a notice that
        has not gone; then each cap at its brink. Cases under a hold stand apart, as do those
        without a notice: they hide what hours and caps say."""
        everyday = {"role": ROLES, "purpose": PURPOSES, "channel": CHANNELS}
        gates = {**everyday, "history": tuple(_COMMON), "local time": tuple(self.instants())}
        said = {**everyday, "consent": ("none", "granted", "revoked")}
        held = {**gates, "hold": get_args(HoldKind)}
        unsent = [{**everyday, "notice": ("not sent",)}] if self.pack.notices else []
        for factors in (gates, said, held, *unsent):
            for case in pairwise(factors):
                yield self.judged({**PLAIN, **case})
        for cap in self.pack.caps:
            yield from self.brink(cap)

    def brink(self, cap: Cap) -> Iterator[dict[str, str]]:
        """One contact less than a cap allows; as many; and the first of them just out of it.

        A cap with a date: as many, at the local midnight of that date and the second before it.
        """
        channel = next((one for one in CHANNELS if cap.channels and one in cap.channels), "email")
        case = {
            **PLAIN,
            "local time": max(NOON, f"{cap.since} 12:00:00") if cap.since else NOON,
            "role": min(cap.roles or {"creditor"}),
            "purpose": min(cap.purposes or {"collection"}),
            "channel": channel,
        }
        made = Contact(datetime.min.replace(tzinfo=UTC), "*", channel, ("b1",), by="people")
        whole = timedelta(hours=12) if cap.calendar else cap.window
        for count, first in (
            (cap.limit - 1, whole - timedelta(seconds=1)),
            (cap.limit, whole - timedelta(seconds=1)),
            (cap.limit, whole),
        ):
            ago = [first, *(whole * n / (cap.limit + 1) for n in range(1, count))][:count]
            name = f"{count} by {channel}; the first {first} ago"
            HISTORIES.setdefault(name, [(one, made) for one in ago])
            yield self.judged({**case, "history": name})
            if count == cap.limit and first != whole and cap.since is not None:
                for at in (f"{cap.since - timedelta(days=1)} 23:59:59", f"{cap.since} 00:00:00"):
                    yield self.judged({**case, "history": name, "local time": at})

    def instants(self) -> list[str]:
        """Each boundary of the hours, and the second before it; weekends, holidays; the local
        midnight at which a rule comes into force, the second before it, and that day's noon."""
        found = {NOON}
        rules = [rule for pack in self.packs for rule in pack.hours]
        days = ["2026-06-10", "2026-06-13"] if any(r.weekdays for r in rules) else ["2026-06-10"]
        for day in days:
            for minute in {m for r in rules if r.closes for m in (r.opens, r.closes)}:
                at = datetime.fromisoformat(day) + timedelta(minutes=minute)
                found |= {str(at), str(at - timedelta(seconds=1))}
        if any(rule.on_holidays for rule in rules):
            found |= {"2026-12-24 12:00:00", "2026-12-25 12:00:00", "2026-12-28 12:00:00"}
        for rule in [*self.pack.hours, *self.pack.caps, *self.pack.consent]:
            if rule.since is not None:
                found |= {f"{rule.since - timedelta(days=1)} 23:59:59"}
                found |= {f"{rule.since} 00:00:00", f"{rule.since} 12:00:00"}
        return sorted(found)

    def judged(self, case: Mapping[str, str]) -> dict[str, str]:
        """The case with its verdict: holds first, then notices, consent, and hours and caps."""
        zone = ZoneInfo(self.zones.names[0])
        now = datetime.fromisoformat(case["local time"]).replace(tzinfo=zone).astimezone(UTC)
        holds = frozenset({case["hold"]} - {"none"})
        approach = Approach(
            case["purpose"], case["channel"], frozenset({case["role"]}), ("b1",), holds
        )
        said = [
            ConsentRecord(case["channel"], case["purpose"], case["consent"], now - _HOUR)
            for _ in range(case["consent"] != "none")
        ]
        held = self._held(case["hold"], approach, now)
        held = held or self._waiting(case["notice"], approach, now)
        verdict = held or check_consent(now, self.zones, self.packs, approach, said, True)
        contacts = [
            Contact(now - ago, c.purpose, c.channel, c.obligation_ids, c.reached, c.by)
            for ago, c in HISTORIES[case["history"]]
        ]
        if verdict.allowed:
            verdict = gate.check(now, self.zones, self.packs, approach, contacts)
        later = verdict.not_before and verdict.not_before.astimezone(zone).replace(tzinfo=None)
        carried = required_disclosures(now, self.zones, self.packs, approach)
        return {
            **{name: case[name] for name in _FACTORS},
            "verdict": "allowed" if verdict.allowed else "refused",
            "reason": verdict.reason or "",
            "rule": verdict.rule or "",
            "not before": str(later or ""),
            "all that refuse": " ".join(self._refusing(approach, now, contacts)),
            "must carry": " ".join(carried) if verdict.allowed else "",
            "citation": self._citation(verdict.rule),
        }

    def _refusing(
        self, approach: Approach, now: datetime, contacts: Sequence[Contact]
    ) -> Iterator[str]:
        """The rules of hours and caps that refuse, each as if it were the only one."""
        for pack in self.packs:
            for name, alone in _alone(pack):
                if not gate.check(now, self.zones, (alone,), approach, contacts).allowed:
                    yield f"{pack.name}/{name}"

    def _held(self, kind: str, approach: Approach, now: datetime) -> Verdict | None:
        """What a hold on the debt, without an end, makes of it; None: nothing that stops it."""
        holds = [] if kind == "none" else [_Held(kind, now - _HOUR)]
        asked = ruling(holds, approach, self.zones, self.packs, now)
        if asked is None or not asked.silent:
            return None
        return Verdict(False, f"{asked.reason} ({asked.effect})", asked.rule, asked.rule_version)

    def _waiting(self, notice: str, approach: Approach, now: datetime) -> Verdict | None:
        """What it waits for, where no notice was sent."""
        sent = {rule.notice for pack in self.packs for rule in pack.notices}
        wanting = missing(sent if notice == "sent" else (), approach, self.zones, self.packs, now)
        return Verdict(False, wanting[0].reason, *wanting[0][1:]) if wanting else None

    def _citation(self, cited: str | None) -> str:
        for pack in self.packs:
            for rule in sources(pack.content):
                if f"{pack.name}/{rule.rule}" == cited:
                    checked = "" if rule.verified else "NOT VERIFIED: "
                    return f"{checked}{rule.citation}"
        return ""


@lru_cache(maxsize=64)
def _alone(pack: Pack) -> Sequence[tuple[str, Pack]]:
    """Each rule of hours and each cap of a pack, in a pack where it stands alone."""
    rules = [(rule.name, replace(pack, hours=(_ALWAYS, rule), caps=())) for rule in pack.hours]
    rules += [(cap.name, replace(pack, hours=(_ALWAYS,), caps=(cap,))) for cap in pack.caps]
    return rules


def pairwise(factors: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Cases in which any two values of any two factors meet at least once; always the same."""
    names = list(factors)
    missing = {
        ((a, x), (b, y)): None
        for a, b in combinations(names, 2)
        for x in factors[a]
        for y in factors[b]
    }
    cases: list[dict[str, str]] = []
    while missing:
        case = dict(next(iter(missing)))
        for name in names:
            if name not in case:
                met = {value: _met(case, name, value, names, missing) for value in factors[name]}
                case[name] = max(met, key=lambda value: met[value])
        for pair in combinations(((name, case[name]) for name in names), 2):
            missing.pop(pair, None)
        cases.append(case)
    return sorted(cases, key=lambda case: [factors[name].index(case[name]) for name in names])


def _met(
    case: Mapping[str, str], name: str, value: str, names: Sequence[str], missing: Iterable[object]
) -> int:
    """How many pairs that are still missing this value would bring."""
    return sum(
        (
            ((other, chosen), (name, value))
            if names.index(other) < names.index(name)
            else ((name, value), (other, chosen))
        )
        in missing
        for other, chosen in case.items()
    )


def tables() -> dict[str, str]:
    """The table of each pack that we ship, as CSV, by the pack's name."""
    packs = load(ROOT / "deploy" / "policies")
    return {pack.name: _written(pack, packs) for pack in packs}


def _written(pack: Pack, packs: Sequence[Pack]) -> str:
    zones = candidate_zones(PLACES[pack.name])
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(Table(pack, zones, applying(packs, zones)).rows())
    return text.getvalue()


RULES = ROOT / "docs" / "policy-rules.md"
_HEAD = """# Every rule of every policy pack

Written by `python tests/support/policy_tables.py` from `deploy/policies/`; what the words mean
stands in [Contact rules](policies.md). No legal advice: counsel must read and sign each pack.
"""


def rules() -> str:
    """Each rule of the shipped packs with citation, dates, status and whether it is verified."""
    lines = [_HEAD]
    for pack in load(ROOT / "deploy" / "policies"):
        lines += [f"## {pack.content['title']} (`{pack.name}` v{pack.version})", ""]
        lines += ["| rule | citation | in force | date from | status | verified |"]
        lines += ["|---|---|---|---|---|---|"]
        for rule in sources(pack.content):
            cells = (
                f"`{rule.rule}`",
                rule.citation,
                rule.in_force,
                rule.dated_by or "",
                rule.status,
                "yes" if rule.verified else "**no**",
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the tables anew."""
    RULES.write_text(rules(), encoding="utf-8")
    TABLES.mkdir(parents=True, exist_ok=True)
    for file in TABLES.glob("*.csv"):
        file.unlink()
    for name, text in tables().items():
        (TABLES / f"{name}.csv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
