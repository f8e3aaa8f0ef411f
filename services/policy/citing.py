"""A pack's rule as it is cited: its source, how binding it is, and since when. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from.

    in_force: since when it is, in words. dated_by: where its dates are from, if not from the
    citation.
    """

    rule: str
    citation: str
    status: str
    verified: bool
    in_force: str
    dated_by: str | None = None


def sources(content: Any) -> Iterator[Source]:
    """Every rule of a pack's content, as it stands in its file or in the log."""
    if isinstance(content, Mapping):
        if "rule" in content:
            yield Source(
                content["rule"],
                content["citation"],
                content["status"],
                content["verified"],
                since(content.get("in_force") or {}, content["verified"]),
                (content.get("in_force") or {}).get("source"),
            )
        else:
            for value in content.values():
                yield from sources(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from sources(value)


def source(content: Any, rule: str) -> Source | None:
    """The rule of that name; None where the content has none."""
    return next((one for one in sources(content) if one.rule == rule), None)


def since(in_force: Mapping[str, Any], rule_verified: bool) -> str:
    """Since when a rule is in force, and until when where that is known, in words."""
    begun, end = in_force.get("from"), in_force.get("until")
    if begun == "pack":
        told = "with this version of the pack"
    elif begun in (None, "unknown"):
        told = "date not given in the sources: it binds"
    else:
        told = f"since {begun}"
    told += f" until {end}" if end else ""
    verified = in_force.get("verified")
    if (end or told.startswith("since")) and not (rule_verified if verified is None else verified):
        told += ", not verified: it binds whatever the date"
    return told
