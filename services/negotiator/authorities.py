"""Reads authority matrices from YAML files, checks them, and finds the one of a creditor."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas import authority as contract
from services.negotiator.model.terms import Cell, Economics, Limits, Matrix, Role
from services.yaml_lines import Fault, FaultyFile, read

ANY = "*"


class AuthorityFaults(Exception):
    """The folder can't be used. `faults`: all that is wrong, with file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


@dataclass(frozen=True, slots=True)
class InForce:
    """A matrix, for whom it is, and its whole content as it is published."""

    matrix: Matrix
    tenant: str
    creditors: frozenset[str]
    sha256: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Authorities:
    """All matrices of this installation; none: playbooks' offers alone are the limits."""

    in_force: tuple[InForce, ...] = ()

    def of(self, tenant: str, creditor: str | None) -> Matrix | None:
        """The creditor's own matrix, else the one for all of the tenant, else None."""
        own = [one for one in self.in_force if one.tenant == tenant]
        for name in (creditor, ANY):
            for one in own:
                if name in one.creditors:
                    return one.matrix
        return None


def load(folder: Path) -> Authorities:
    """Read every `*.yaml` of a folder; raises AuthorityFaults, each as FILE:LINE.

    A folder is used whole or not at all; an empty one is fine.
    """
    if not folder.is_dir():
        raise AuthorityFaults([Fault(folder, 1, "no such folder; make it, or set AUTHORITIES_DIR")])
    found: dict[str, InForce] = {}
    spoken_for: dict[tuple[str, str], str] = {}
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            one = load_file(file)
        except AuthorityFaults as error:
            faults += error.faults
            continue
        if one.matrix.name in found:
            why = f"matrix {one.matrix.name!r} exists already; rename this one"
            faults.append(Fault(file, 1, why))
        for creditor in sorted(one.creditors):
            other = spoken_for.setdefault((one.tenant, creditor), one.matrix.name)
            if other != one.matrix.name:
                why = f"creditor {creditor!r} has the matrix {other!r} already; name it in one only"
                faults.append(Fault(file, 1, why))
        found[one.matrix.name] = one
    if faults:
        raise AuthorityFaults(faults)
    return Authorities(tuple(found[name] for name in sorted(found)))


def load_file(file: Path) -> InForce:
    """Read one matrix; raises AuthorityFaults."""
    try:
        lined = read(file)
        checked = contract.AuthorityMatrix.model_validate(lined.data)
    except FaultyFile as error:
        raise AuthorityFaults([error.fault]) from None
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise AuthorityFaults([lined.fault(one["loc"], _remedy(one)) for one in problems]) from None
    content = checked.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return InForce(
        matrix=matrix_of(checked),
        tenant=checked.tenant,
        creditors=frozenset(checked.creditors),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        content=content,
    )


def matrix_of(checked: contract.AuthorityMatrix) -> Matrix:
    """The matrix as the rules know it."""
    return Matrix(
        name=checked.name,
        version=checked.version,
        economics=Economics(**checked.economics.model_dump()),
        cells=tuple(_cell(cell) for cell in checked.cells),
    )


def _cell(cell: contract.Cell) -> Cell:
    return Cell(
        name=cell.cell,
        segments=None if cell.segments == "all" else frozenset(cell.segments),
        buckets=None if cell.buckets == "all" else frozenset(cell.buckets),
        at_least=cell.balance.at_least,
        below=cell.balance.below,
        grace_days=cell.grace_days,
        limits={
            role: _limits(limits)
            for role in Role
            if (limits := getattr(cell, role.value)) is not None
        },
    )


def _limits(limits: contract.Limits) -> Limits:
    return Limits(
        max_discount_bp=limits.max_discount_bp,
        max_instalments=limits.max_instalments,
        max_days=limits.max_days,
        min_instalment_minor=dict(limits.min_instalment),
        min_npv_bp=limits.min_npv_bp,
    )


def _remedy(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "the matrix"
    return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
