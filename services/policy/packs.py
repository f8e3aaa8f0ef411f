"""Reads policy packs from YAML files, checks them, and chooses those that apply at a place."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import policy as contract
from services.policy.model import Cap, Consent, Disclosures, Hours, Pack, Steering
from services.policy.places import applying as applying
from services.yaml_lines import Fault, FaultyFile, read


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
    return _pack(checked)


def from_content(content: Mapping[str, Any]) -> Pack:
    """The pack that a `policy.in_force` fact describes; raises pydantic.ValidationError."""
    return _pack(contract.PolicyPack.model_validate(content))


def _remedy(loc: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in loc) or "the file"
    return f"{where}: {message.removeprefix('Value error, ')}"


def _pack(pack: contract.PolicyPack) -> Pack:
    content = pack.model_dump(mode="json", by_alias=True)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Pack(
        name=pack.name,
        version=pack.version,
        everywhere=pack.applies.everywhere,
        countries=frozenset(pack.applies.countries),
        regions=frozenset(pack.applies.regions),
        cities=frozenset(city.casefold() for city in pack.applies.cities),
        hours=tuple(
            Hours(
                **_rule(rule),
                opens=contract.minutes_of(rule.from_),
                closes=contract.minutes_of(rule.until),
            )
            for rule in pack.hours
        ),
        caps=tuple(
            Cap(**_rule(rule), limit=rule.limit, window_hours=rule.window_hours)
            for rule in pack.caps
        ),
        disclosures=tuple(
            Disclosures(**_rule(rule), items=tuple(rule.items)) for rule in pack.disclosures
        ),
        consent=tuple(
            Consent(**_rule(rule), basis=rule.basis, yields=rule.yields) for rule in pack.consent
        ),
        forbidden=tuple(_steering(rule) for rule in pack.steering.forbidden),
        permits=tuple(_steering(rule) for rule in pack.steering.permits),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        content=content,
    )


def _steering(rule: contract.Steering) -> Steering:
    return Steering(**_rule(rule), attributes=frozenset(rule.attributes), yields=rule.yields)


def _rule(rule: contract.Rule) -> dict[str, Any]:
    scope = rule if isinstance(rule, contract.ScopedRule) else None
    return {
        "name": rule.rule,
        "citation": rule.citation,
        "status": rule.status,
        "loosens": rule.verified and rule.status != "draft",
        "since": rule.in_force.from_,
        "until": rule.in_force.until,
        "purposes": _some(scope.purposes if scope else "all"),
        "channels": _some(scope.channels if scope else "all"),
    }


def _some(names: str | Sequence[str]) -> frozenset[str] | None:
    return None if isinstance(names, str) else frozenset(names)
