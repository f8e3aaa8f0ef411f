"""Reads policy packs from YAML files, checks them, and chooses those that apply at a place."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import policy as contract
from schemas import policy_rules as rules
from schemas.policy_holds import HoldRule as HoldTerms
from services.policy.calendars import LONGEST
from services.policy.model import (
    Cap,
    Consent,
    Disclosures,
    HoldRule,
    Hours,
    NoticeRule,
    Pack,
    ProhibitedWording,
    RightParty,
    Steering,
    StopWords,
)
from services.policy.places import applying as applying
from services.yaml_lines import Fault, FaultyFile, LinedFile, read

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class PolicyFaults(Exception):
    """The policy directory can't be used. `faults`: all that is wrong, with file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def load(directory: Path) -> tuple[Pack, ...]:
    """Read every `*.yaml` of a directory, sorted by pack name.

    Raises PolicyFaults, naming every fault as FILE:LINE, when a file is faulty, two packs share a
    name, or no pack applies everywhere with hours and a cap: a directory is used whole or not.
    """
    packs: dict[str, Pack] = {}
    faults: list[Fault] = []
    files = sorted(directory.glob("*.yaml"))
    for file in files:
        try:
            pack = load_file(file)
        except PolicyFaults as error:
            faults += error.faults
            continue
        if pack.name in packs:
            faults.append(Fault(file, 1, f"pack {pack.name!r} exists already; rename this one"))
        packs[pack.name] = pack
    if not faults and not any(p.everywhere and p.hours and p.caps for p in packs.values()):
        why = "no pack applies everywhere with hours and a cap; add default.yaml"
        faults.append(Fault(directory, 1, why))
    if faults:
        raise PolicyFaults(faults)
    return tuple(packs[name] for name in sorted(packs))


def load_file(file: Path) -> Pack:
    """Read one pack; raises PolicyFaults."""
    try:
        read_file = read(file)
        checked = contract.PolicyPack.model_validate(read_file.data)
    except FaultyFile as error:
        raise PolicyFaults([error.fault]) from None
    except ValidationError as error:
        raise PolicyFaults(
            [
                read_file.fault(problem["loc"], _remedy(problem["loc"], problem["msg"]))
                for problem in error.errors(include_url=False)
            ]
        ) from None
    if undated := list(_undated(checked, read_file)):
        raise PolicyFaults(undated)
    return _pack(checked)


def _undated(pack: contract.PolicyPack, file: LinedFile) -> Iterator[Fault]:
    """Rules that do not say since when they are in force: a missing date is a decision, too."""
    for section, found in pack.sections():
        for index, rule in enumerate(found):
            if rule.in_force.from_ is None:
                yield file.fault((*section, index, "in_force"), _SAY_SINCE.format(rule.rule))


_SAY_SINCE = (
    "{}: say since when it is in force: in_force: {{from: YYYY-MM-DD}}, {{from: unknown}} where "
    "no source gives a date, {{from: pack}} for a house rule"
)


def from_content(content: Mapping[str, Any]) -> Pack:
    """The pack that a `policy.in_force` fact describes; raises pydantic.ValidationError."""
    return _pack(contract.PolicyPack.model_validate(content))


def _remedy(loc: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in loc) or "the file"
    return f"{where}: {message.removeprefix('Value error, ')}"


def _pack(pack: contract.PolicyPack) -> Pack:
    content = pack.model_dump(mode="json", by_alias=True)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    calendar = pack.holidays
    return Pack(
        name=pack.name,
        version=pack.version,
        everywhere=pack.applies.everywhere,
        countries=frozenset(pack.applies.countries),
        regions=frozenset(pack.applies.regions),
        cities=frozenset(city.casefold() for city in pack.applies.cities),
        postal_country=pack.applies.postal_country,
        postal_codes=tuple(pack.applies.postal_codes),
        calendar=(calendar.country, calendar.subdivision) if calendar else None,
        hours=tuple([_hours(rule) for rule in pack.hours] + [_closed(r) for r in pack.closed]),
        caps=tuple([_cap(rule) for rule in pack.caps] + [_gap(rule) for rule in pack.gaps]),
        disclosures=tuple(
            Disclosures(**_rule(rule), items=tuple(rule.items), holds=frozenset(rule.holds))
            for rule in pack.disclosures
        ),
        consent=tuple(
            Consent(**_rule(rule), basis=rule.basis, yields=rule.yields) for rule in pack.consent
        ),
        right_party=tuple(
            RightParty(
                **_rule(rule), discloses_debt=rule.discloses_debt, where=frozenset(rule.where)
            )
            for rule in pack.right_party
        ),
        stop_words=tuple(
            StopWords(
                **_rule(rule),
                words=frozenset(word.casefold() for word in rule.words),
                confirm=frozenset(rule.confirm),
            )
            for rule in pack.stop_words
        ),
        prohibited_wording=tuple(_prohibited(rule) for rule in pack.prohibited_wording),
        forbidden=tuple(_steering(rule) for rule in pack.steering.forbidden),
        permits=tuple(_steering(rule) for rule in pack.steering.permits),
        holds=tuple(_hold(rule) for rule in pack.holds),
        notices=tuple(NoticeRule(**_rule(rule), notice=rule.notice) for rule in pack.notices),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        content=content,
    )


def _hours(rule: rules.Hours) -> Hours:
    opens, closes = rules.minutes_of(rule.from_), rules.minutes_of(rule.until)
    return Hours(**_rule(rule), **_days(rule), opens=opens, closes=closes)


def _closed(rule: rules.Closed) -> Hours:
    return Hours(**_rule(rule), **_days(rule), opens=0, closes=0)


def _days(rule: rules.SomeDays) -> dict[str, Any]:
    every = rule.days == "all"
    return {
        "weekdays": None if every else frozenset(_WEEKDAYS.index(name) for name in rule.days),
        "on_holidays": {"any": None, "only": True, "not": False}[rule.holidays],
    }


def _cap(rule: rules.Cap) -> Cap:
    window = timedelta(hours=rule.window_hours)
    if rule.calendar is not None:
        window = LONGEST[rule.calendar]
    return Cap(
        **_rule(rule), **_counted(rule), limit=rule.limit, window=window, calendar=rule.calendar
    )


def _gap(rule: rules.Gap) -> Cap:
    window = timedelta(hours=rule.hours)
    return Cap(
        **_rule(rule),
        **_counted(rule),
        limit=1,
        window=window,
        gap=True,
        spares_answers=rule.spares_answers,
    )


def _counted(rule: rules.Counted) -> dict[str, Any]:
    return {"unit": rule.unit, "scope": rule.scope, "counts": frozenset(rule.counts)}


def _prohibited(rule: rules.ProhibitedWording) -> ProhibitedWording:
    return ProhibitedWording(
        **_rule(rule),
        patterns=tuple(re.compile(pattern, re.IGNORECASE) for pattern in rule.patterns),
        why=rule.why,
        languages=frozenset(rule.languages) or None,
    )


def _steering(rule: rules.Steering) -> Steering:
    return Steering(**_rule(rule), attributes=frozenset(rule.attributes), yields=rule.yields)


def _hold(rule: HoldTerms) -> HoldRule:
    return HoldRule(
        **_rule(rule),
        kinds=frozenset(rule.kinds),
        effect=rule.effect,
        to=rule.to,
        of_person=rule.scope == "customer",
        stays=timedelta(days=rule.days) if rule.days else None,
        resumes=rule.after == "resume",
        by_operator=rule.lifted_by == "operator",
    )


def _rule(rule: rules.Rule) -> dict[str, Any]:
    since, until = _in_force(rule)
    return {
        "name": rule.rule,
        "citation": rule.citation,
        "status": rule.status,
        "loosens": rule.verified and rule.status != "draft" and _surely_begun(rule),
        "since": since,
        "until": until,
        "purposes": _some(rule.purposes),
        "channels": _some(rule.channels),
        "roles": _some(rule.roles),
    }


def _surely_begun(rule: rules.Rule) -> bool:
    """Whether it is known since when it is in force: else it binds, and permits nothing."""
    said = rule.in_force
    return said.from_ != "unknown" and said.verified is not False


def _in_force(rule: rules.Rule) -> tuple[date | None, date | None]:
    """First and last day as far as they count: what is not verified delays and ends nothing."""
    said = rule.in_force
    if not (rule.verified if said.verified is None else said.verified):
        return None, None
    return said.from_ if isinstance(said.from_, date) else None, said.until


def _some(names: str | Sequence[str]) -> frozenset[str] | None:
    return None if isinstance(names, str) else frozenset(names)
