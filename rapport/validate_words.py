"""What the packs in force make of a playbook's words: what must be said, and what must not be."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from services.messenger.lint import unworded
from services.playbooks.blocks import read_templates
from services.playbooks.check_templates import TEXTS, tells
from services.playbooks.model import CHOICES, DISCREET, SMS, VARIANTS, Playbook
from services.policy.model import Approach, Pack, ProhibitedWording
from services.yaml_lines import Fault, LinedFile

ANY_ROLE = frozenset({"creditor", "collector"})
_LINK = re.compile(r"{{\s*links\.\w+\s*}}")


def undisclosed(playbook: Playbook, packs: Sequence[Pack], now: datetime) -> list[Fault]:
    """What a pack asks such a letter to say, and a language has no words for."""
    such = _approach(playbook)
    return unworded(
        item
        for pack in packs
        for rule in pack.disclosures
        if rule.covers(such) and rule.in_force_on(now.date())
        for item in rule.items
    )


def prohibited(
    lined: LinedFile, playbook: Playbook, packs: Sequence[Pack], now: datetime
) -> Iterable[Fault]:
    """What some place's pack prohibits, wherever the reader lives, in letters and short texts.

    lined: its playbook.yaml.
    """
    rules = [
        (pack, rule)
        for pack in packs
        for rule in pack.prohibited_wording
        if rule.in_force_on(now.date())
    ]
    for path in sorted((lined.file.parent / "templates").glob("*.yaml")) if rules else ():
        file = read_templates(path)
        for where, text in _texts(file):
            such = _approach(playbook, where[-1])
            for pack, rule in rules:
                for found in _matches(rule, text, path.stem) if rule.covers(such) else ():
                    why = f"{found!r} is prohibited by {pack.name}/{rule.name} v{pack.version}"
                    yield file.fault(where, f"{where[-1]}: {why}: {rule.why}; say it otherwise")


def indiscreet(
    lined: LinedFile, playbook: Playbook, packs: Sequence[Pack], now: datetime
) -> Iterable[Fault]:
    """What others see of a letter or a text and tells of a debt, with nothing discreet to stand
    instead.

    lined: its playbook.yaml. Only where a pack keeps the debt from subjects until it is sure who
    reads. A short text has no other beside it: all of it lies open, whoever reads.
    """
    asking = {part: _asking(playbook, part, packs, now) for part in (*TEXTS, SMS)}
    for path in sorted((lined.file.parent / "templates").glob("*.yaml")):
        file = read_templates(path)
        for where, text in _texts(file):
            name, tone, part = where[0], where[1], where[-1]
            rule = asking[part]
            if (
                rule is None
                or part == "body"
                or DISCREET in where
                or part in file.data[name][tone].get(DISCREET, {})
            ):
                continue
            remedy = f"or add {DISCREET}: {part}, for whoever is not known to be the reader"
            if part == SMS:
                remedy = "since a locked screen shows it all"
            # That a link is called `pay` is seen by nobody.
            for why in tells(_LINK.sub("", text)):
                yield file.fault(where, f"{part}: {why}, {remedy} ({rule})")


def _asking(playbook: Playbook, part: str, packs: Sequence[Pack], now: datetime) -> str | None:
    """The first rule that keeps the debt from such a subject, or text."""
    such = _approach(playbook, part)
    return next(
        (
            f"{pack.name}/{rule.name} v{pack.version}"
            for pack in packs
            for rule in pack.right_party
            if rule.discloses_debt != "allowed"
            and "subject" in rule.where
            and rule.covers(such)
            and rule.in_force_on(now.date())
        ),
        None,
    )


def _approach(playbook: Playbook, part: str = "") -> Approach:
    """How a part of a wording reaches the reader."""
    return Approach(playbook.document.purpose, "sms" if part == SMS else "email", ANY_ROLE)


def _matches(rule: ProhibitedWording, text: str, locale: str) -> Iterator[str]:
    if rule.languages is not None and locale.partition("-")[0] not in rule.languages:
        return
    for pattern in rule.patterns:
        if found := pattern.search(text):
            yield found[0]


def _texts(file: LinedFile) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text of a file of templates that is sound, with its path."""
    for name, tones in file.data.items():
        for tone, texts in tones.items() if name != CHOICES else ():
            for part in (*TEXTS, *({SMS} & set(texts))):
                yield (name, tone, part), texts[part]
            for part, text in texts.get(DISCREET, {}).items():
                yield (name, tone, DISCREET, part), text
            for variant, said in texts.get(VARIANTS, {}).items():
                for part, text in said.items():
                    yield (name, tone, VARIANTS, variant, part), text
