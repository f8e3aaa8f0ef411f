"""Reads the playbooks' folder: one folder a playbook, with playbook.yaml and templates/.

The folder is used whole or not at all: whoever edits it hears of every fault at once, and the
playbooks in force stay.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.common import REMEDIES
from schemas.playbook import (
    CHOICE_NAME,
    NAME,
    Choice,
    Exit,
    Offers,
    PlaybookDocument,
    Segment,
    Step,
    Trigger,
)
from services.playbooks.blocks import read_templates
from services.playbooks.check_choices import check_choices
from services.playbooks.check_templates import TEXTS, check_templates
from services.playbooks.checks import check_document
from services.playbooks.conditions import attributes_of
from services.playbooks.model import (
    CHOICES,
    DISCREET,
    SMS,
    VARIANTS,
    Labels,
    Playbook,
    Templates,
    Wording,
)
from services.yaml_lines import Fault, FaultyFile, LinedFile, read

_PARTS = (PlaybookDocument, Trigger, Segment, Step, Choice, Exit, Offers)
_KEYS = sorted({name for part in _PARTS for name in part.model_fields})
_PATTERNS = {
    **REMEDIES,
    NAME: "must be a short name of small letters, digits, _ and -, such as first_note",
    CHOICE_NAME: "must be a short name of small letters and _, such as later",
}
"""What to do about a text that does not match, by pattern."""


class PlaybookFaults(Exception):
    """The playbooks can't be used. `faults`: all that is wrong, each FILE:LINE and remedy."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def load_playbooks(folder: Path) -> dict[str, Playbook]:
    """Every playbook of a folder, by name. Raises PlaybookFaults."""
    playbooks: dict[str, Playbook] = {}
    faults: list[Fault] = []
    files = sorted(folder.glob("*/playbook.yaml"))
    if not files:
        faults.append(Fault(folder, 1, "holds no playbook; add NAME/playbook.yaml"))
    for file in files:
        try:
            playbook = load_playbook(file.parent)
        except PlaybookFaults as error:
            faults += error.faults
        else:
            playbooks[playbook.name] = playbook
    if faults:
        raise PlaybookFaults(faults)
    return playbooks


def load_playbook(folder: Path) -> Playbook:
    """One playbook. Raises PlaybookFaults."""
    return build(read_source(folder))


@dataclass(frozen=True)
class Source:
    """A playbook as written, not checked yet: playbook.yaml, and its templates by locale.

    `faults`: of template files that can't be read.
    """

    file: LinedFile
    templates: Mapping[str, LinedFile]
    faults: Sequence[Fault] = ()

    @property
    def folder(self) -> str:
        """The folder's name, which must be the playbook's."""
        return self.file.file.parent.name


def read_source(folder: Path) -> Source:
    """What stands in a playbook's folder. Raises PlaybookFaults where it has no playbook.yaml."""
    try:
        file = read(folder / "playbook.yaml")
    except FaultyFile as error:
        raise PlaybookFaults([error.fault]) from error
    files, faults = _template_files(folder / "templates")
    return Source(file, files, faults)


def source_of(name: str, document: Any, templates: Mapping[str, Any]) -> Source:
    """A playbook that comes as plain values: no lines are known."""
    folder = Path(name)
    return Source(
        LinedFile(folder / "playbook.yaml", document, {}),
        {
            locale: LinedFile(folder / "templates" / f"{locale}.yaml", data, {})
            for locale, data in templates.items()
        },
    )


def build(source: Source) -> Playbook:
    """The playbook, checked in full. Raises PlaybookFaults with all that is wrong."""
    file, files = source.file, source.templates
    document = _document(file)
    faults = [
        *source.faults,
        *check_document(file, document, source.folder),
        *check_templates(file, document, files),
        *check_choices(file, document, files),
    ]
    if faults:
        raise PlaybookFaults(faults)
    templates = {locale: _wordings(lined) for locale, lined in files.items()}
    labels = {
        locale: dict(file.data[CHOICES]) for locale, file in files.items() if CHOICES in file.data
    }
    return Playbook(
        document=document,
        templates=templates,
        conditions=tuple(segment.when for segment in document.segments),
        attributes=tuple(attributes_of(segment.when) for segment in document.segments),
        content_hash=content_hash(document, templates, labels),
        labels=labels,
    )


def content_hash(document: PlaybookDocument, templates: Templates, labels: Labels) -> str:
    """SHA-256 (hex) over what a playbook says and does; layout and comments don't count.

    Nor does what is left out: a key that the schema gains one day changes no hash.
    """
    texts = {
        locale: {
            name: {tone: _texts(wording) for tone, wording in tones.items()}
            for name, tones in by_name.items()
        }
        for locale, by_name in templates.items()
    }
    content: dict[str, Any] = {
        "document": document.model_dump(mode="json", exclude_defaults=True),
        "templates": texts,
    }
    if labels:
        content["labels"] = {locale: dict(by_name) for locale, by_name in labels.items()}
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def wording_hash(templates: Templates, template: str, tone: str, variant: str) -> str:
    """What tells a wording from any other, in hex: its words in all languages.

    Other words are another wording, whatever its name: what was learnt of it is of no use then.
    """
    texts = {
        locale: _texts(replace(tones[tone].named()[variant], variants={}, sms=""))
        for locale, by_name in templates.items()
        if (tones := by_name.get(template, {})) and variant in tones.get(tone, _NONE).named()
    }
    canonical = json.dumps(texts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


_NONE = Wording("", "", "")


def _texts(wording: Wording) -> list[Any]:
    own: list[Any] = [wording.subject, wording.preheader, wording.body]
    if wording.variants:
        own.append({name: _texts(other) for name, other in wording.variants.items()})
    if wording.sms:
        own.append({SMS: wording.sms})
    if wording.discreet:
        own.append({DISCREET: dict(wording.discreet)})
    return own


def _document(file: LinedFile) -> PlaybookDocument:
    try:
        return PlaybookDocument.model_validate(file.data)
    except ValidationError as error:
        raise PlaybookFaults([_schema_fault(file, one) for one in error.errors()]) from error


def _schema_fault(file: LinedFile, error: ErrorDetails) -> Fault:
    loc = error["loc"]
    name = ".".join(str(part) for part in loc) or "the file"
    message, kind = error["msg"], error["type"]
    if kind == "extra_forbidden":
        close = get_close_matches(str(loc[-1]), _KEYS, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else "remove it"
        return file.fault(loc, f"{name}: no such key; {remedy}")
    if kind == "missing":
        return file.fault(loc, f"{name}: missing; add it")
    if kind == "string_pattern_mismatch":
        message = _PATTERNS.get(error["ctx"]["pattern"], message)
    return file.fault(loc, f"{name}: {message[:1].lower()}{message[1:]}")


def _template_files(folder: Path) -> tuple[dict[str, LinedFile], list[Fault]]:
    files: dict[str, LinedFile] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            files[path.stem] = read_templates(path)
        except FaultyFile as error:
            faults.append(error.fault)
    return files, faults


def _wordings(file: LinedFile) -> Mapping[str, Mapping[str, Wording]]:
    return {
        name: {tone: _wording(texts) for tone, texts in tones.items()}
        for name, tones in file.data.items()
        if name != CHOICES
    }


def _wording(texts: Mapping[str, Any]) -> Wording:
    """A variant says only what is different: the rest is as in the wording that it is of."""
    own = {part: texts[part] for part in TEXTS}
    discreet = texts.get(DISCREET, {})
    return Wording(
        **own,
        variants={
            name: Wording(**{**own, **said}, discreet=discreet)
            for name, said in texts.get(VARIANTS, {}).items()
        },
        sms=texts.get(SMS, ""),
        discreet=discreet,
    )
