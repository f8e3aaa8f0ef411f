"""Faults of a playbook's templates: languages, tones, variables, links and words."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from schemas.common import Tone
from schemas.playbook import NAME, PlaybookDocument
from services.playbooks.debts import words_of_debt
from services.playbooks.markdown import UnsupportedMarkdown, parse
from services.playbooks.model import BASE, CHOICES, DISCREET, IN_FULL, SEVERAL, SMS, VARIANTS
from services.playbooks.prohibited import prohibited_words
from services.playbooks.segments import segments
from services.playbooks.spam import spam_signs
from services.playbooks.template_variables import (
    ITEM,
    LINKS,
    SHARED,
    SHARED_LINKS,
    TEMPLATE_VARIABLES,
    gives,
    may_be_unknown,
    not_given_by,
)
from services.playbooks.wording import Needs, Url, WordingError, fill, needs
from services.yaml_lines import Fault, LinedFile

LOCALES = ("en", "zh", "ja")
TEXTS = ("subject", "preheader", "body")
_LONGEST_SUBJECT = 90
_MOST_SEGMENTS = 2
"""Of a short text as it goes out, with the sender's name and the way out."""
_SHORT_LINK = "https://example.com/s/4fRtB2nQx8LmZk7Hc"
"""A link as long as those of texts are where the host has a short name."""
_AROUND_TEXT = {
    "en": f"Harbour Lane:  Stop texts: {_SHORT_LINK}",
    "zh": f"【Harbour Lane】 退订：{_SHORT_LINK}",
    "ja": f"【Harbour Lane】 停止：{_SHORT_LINK}",
}
"""What stands around it (services/messenger/layouts), with a sender of a usual length."""
IN_DISCREET = frozenset({"name", "brand", "links"})
"""What a discreet text may ask for: nothing of what it is about."""
_TONES = get_args(Tone)


def check_templates(
    file: LinedFile, document: PlaybookDocument, files: Mapping[str, LinedFile]
) -> list[Fault]:
    """All that is wrong with templates/<locale>.yaml. `file`: the playbook's own."""
    faults: list[Fault] = []
    used = {step.template for step in document.steps if step.template}
    if document.consolidate:
        used.add(SEVERAL)
    for locale in LOCALES:
        if locale not in files:
            faults.append(file.fault(["name"], f"add templates/{locale}.yaml"))
    for locale, lined in files.items():
        faults += _file(lined, locale, document, used)
    if not faults:
        faults += _untranslated(files)
        faults += _without_text(document, files)
        faults += _unused_links(file, document, files)
    return faults


def _file(
    lined: LinedFile, locale: str, document: PlaybookDocument, used: set[str]
) -> Iterable[Fault]:
    if not isinstance(lined.data, dict):
        yield lined.fault([], "want template names as keys, each with its tones")
        return
    for name in sorted(used - set(lined.data)):
        user = "what is consolidated is worded by it" if name == SEVERAL else "a step uses it"
        yield lined.fault([], f"template {name!r} is missing; {user}")
    for name, tones in lined.data.items():
        if name == CHOICES:
            continue
        if name not in used:
            yield lined.fault([name], f"template {name!r}: no step uses it; remove it")
        if not isinstance(tones, dict) or "neutral" not in tones:
            yield lined.fault([name], f"template {name!r}: add the tone neutral at least")
            continue
        for tone, texts in tones.items():
            if tone not in _TONES:
                yield lined.fault([name, tone], f"no tone {tone!r}; there are {', '.join(_TONES)}")
            elif not _is_wording(texts):
                yield lined.fault([name, tone], f"want {', '.join(TEXTS)}, each a text")
            else:
                yield from _of_wording(lined, (name, tone), texts, locale, document)


def _of_wording(
    lined: LinedFile,
    path: tuple[str, str],
    texts: Mapping[str, Any],
    locale: str,
    document: PlaybookDocument,
) -> Iterable[Fault]:
    """Faults of a wording's texts and of its variants'."""
    for part in (*TEXTS, *({SMS} & set(texts))):
        yield from _of_part(lined, (*path, part), texts[part], locale, document)
    yield from _discreet(lined, (*path, DISCREET), texts.get(DISCREET, {}), locale, document)
    variants = texts.get(VARIANTS, {})
    if not isinstance(variants, dict):
        yield lined.fault((*path, VARIANTS), "want variants by name, each with what it says anew")
        return
    for name, said in variants.items():
        own = (*path, VARIANTS, name)
        if not isinstance(name, str) or not re.fullmatch(NAME, name) or name == BASE:
            yield lined.fault(own, f"variant {name!r}: name it with small letters, not {BASE!r}")
        elif not _is_variant(said):
            yield lined.fault(
                own, f"variant {name!r}: want some of {', '.join(TEXTS)}, each a text"
            )
        elif all(texts[part] == text for part, text in said.items()):
            yield lined.fault(own, f"variant {name!r} says the same as the wording it is of")
        else:
            for part, text in said.items():
                yield from _of_part(lined, (*own, part), text, locale, document)


def _discreet(
    lined: LinedFile, path: tuple[str, ...], said: object, locale: str, document: PlaybookDocument
) -> Iterable[Fault]:
    """Faults of what is read while it is not sure who reads."""
    if said == {}:
        return
    if not _is_variant(said):
        yield lined.fault(path, f"want some of {', '.join(TEXTS)}, each a text that tells no debt")
        return
    assert isinstance(said, dict)
    for part, text in said.items():
        yield from _of_part(lined, (*path, part), text, locale, document)
        for why in tells(text):
            yield lined.fault((*path, part), f"{part}: {why}")


def tells(source: str) -> Iterable[str]:
    """How a text tells of a debt. source: with its Jinja; where that is unsound, nothing more."""
    for word in words_of_debt(source):
        yield f"{word!r} tells of a debt; say it so that only the reader understands"
    try:
        asked = needs(source).variables - IN_DISCREET
    except WordingError:
        return
    for name in sorted(asked):
        yield f"{name!r} tells what it is about; leave it out"


def _of_part(
    lined: LinedFile, path: tuple[str, ...], text: str, locale: str, document: PlaybookDocument
) -> Iterable[Fault]:
    part, several = path[-1], path[0] == SEVERAL
    for line, why in _text(text, part, locale, document, several):
        fault = lined.fault(path, f"{part}: {why}")
        yield Fault(fault.file, fault.line + line, fault.message)


def _is_wording(texts: object) -> bool:
    return (
        isinstance(texts, dict)
        and set(TEXTS) <= set(texts)
        and _is_variant(
            {key: text for key, text in texts.items() if key not in (DISCREET, SMS, VARIANTS)}
        )
        and _is_text(texts.get(SMS, "none"))
    )


def _is_variant(texts: object) -> bool:
    return (
        isinstance(texts, dict)
        and bool(texts)
        and set(texts) <= set(TEXTS)
        and all(map(_is_text, texts.values()))
    )


def _is_text(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _without_text(document: PlaybookDocument, files: Mapping[str, LinedFile]) -> Iterable[Fault]:
    """Templates of steps that may go by a channel of short texts, and have none."""
    for step in document.steps:
        channels = step.channels or document.channels
        if step.template is None or IN_FULL.issuperset(channels):
            continue
        for template in (step.template, *((SEVERAL,) if document.consolidate else ())):
            for lined in files.values():
                if SMS not in lined.data[template]["neutral"]:
                    why = f"has no {SMS}; step {step.name!r} goes by {', '.join(channels)}"
                    yield lined.fault(
                        [template, "neutral"], f"template {template!r}: {why}; add it"
                    )


def _untranslated(files: Mapping[str, LinedFile]) -> Iterable[Fault]:
    """Tones and variants that one language has and another lacks: a reader's language must neither
    change the tone nor what can be learnt of a wording."""
    everywhere = {
        (name, tone, variant): locale
        for locale, lined in files.items()
        for name, tone, variant in _parts_of(lined)
    }
    for locale, lined in files.items():
        own = set(_parts_of(lined))
        for part, other in sorted(everywhere.items()):
            if part in own:
                continue
            name, tone, variant = part
            what = "text" if variant == SMS else "variant"
            lacking = f"tone {tone!r}" if not variant else f"{what} {variant!r} of {tone!r}"
            if not variant or (name, tone, "") in own:
                path = [name] if not variant else [name, tone]
                why = f"template {name!r}: {lacking} is missing in {locale}; {other} has it"
                yield lined.fault(path, f"{why}: translate it, or remove it there")


def _parts_of(lined: LinedFile) -> Iterable[tuple[str, str, str]]:
    for name, tones in lined.data.items():
        for tone, texts in tones.items() if name != CHOICES else ():
            yield name, tone, ""
            for variant in (*texts.get(VARIANTS, {}), *({SMS} & set(texts))):
                yield name, tone, variant


def _text(
    source: str, part: str, locale: str, document: PlaybookDocument, several: bool
) -> Iterable[tuple[int, str]]:
    """Pairs of line offset and complaint about one text. several: it is about several things."""
    for word in prohibited_words(source, locale):
        yield 0, f"{word!r} is prohibited: it threatens or feigns urgency; say it calmly"
    yield from ((0, why) for why in spam_signs(source, part))
    try:
        asked = needs(source)
    except WordingError as error:
        yield error.line or 0, f"{error}"
        return
    unknown = list(_unknown(asked.variables, document))
    yield from ((0, why) for why in unknown)
    if several:
        yield from ((0, why) for why in _of_one(asked))
    for link in sorted((asked.links | asked.item_links) - set(document.links)):
        yield 0, f"link {link!r} is not listed in the playbook's links; add it there"
    for choice in sorted(asked.choices - {one.name for one in document.choices}):
        yield 0, f"choice {choice!r} is not listed in the playbook's choices; add it there"
    if part != "body":
        seen = _seen_by_others(source, part, asked.variables, document)
        yield from ((0, why) for why in seen)
    if not unknown:
        yield from ((0, why) for why in _trial(source, part, locale, document, several))


def _unknown(variables: frozenset[str], document: PlaybookDocument) -> Iterable[str]:
    for name in sorted(variables):
        if name not in TEMPLATE_VARIABLES:
            yield f"no variable {name!r}; there are {', '.join(sorted(TEMPLATE_VARIABLES))}"
        elif events := not_given_by(name, document):
            yield f"variable {name!r}: {events} doesn't give it; leave it out"


def _of_one(asked: Needs) -> Iterable[str]:
    """What `several` asks for that only one thing has."""
    for name in sorted(asked.variables - SHARED):
        yield f"{name!r} is of one thing only; say `item.{name}` for each of `items`"
    for name in sorted(asked.links - SHARED_LINKS):
        yield f"link {name!r} leads to one thing only; use `item.links.{name}`"


def _seen_by_others(
    source: str, part: str, variables: frozenset[str], document: PlaybookDocument
) -> Iterable[str]:
    """A locked screen shows subject and preheader, and a whole short text, to whoever stands by."""
    if "choices" in variables:
        yield "offers a choice; a link belongs into the body"
    if "\n" in source.strip():
        yield "must be one line"
    if part != SMS and len(source) > _LONGEST_SUBJECT * 2:
        yield f"is too long for an inbox; keep it under {_LONGEST_SUBJECT} characters"
    if document.purpose == "collection":
        for name in sorted(variables & {"amount", "balance", "creditor", "product"}):
            yield f"shows {name!r} to whoever sees the screen; keep it for the body"


def _trial(
    source: str, part: str, locale: str, document: PlaybookDocument, several: bool
) -> Iterable[str]:
    """Fill it with everything known, with all unknown that may be so, and as each trigger does."""
    address = Url(_SHORT_LINK)
    known = {name: variable.sample for name, variable in TEMPLATE_VARIABLES.items()}
    full = {
        **known,
        "brand": {"name": "x"},
        "links": dict.fromkeys(LINKS, address),
        "choices": {one.name: address for one in document.choices},
        "locale": locale,
    }
    item = {
        **{name: known[name] for name in ITEM if not not_given_by(name, document)},
        "autopay": True,
        "links": full["links"],
    }
    full |= {"items": [item] * (1 + several), "count": 1 + several}
    bare = [name for name in TEMPLATE_VARIABLES if may_be_unknown(name, document)]
    lists = [name for name, value in known.items() if isinstance(value, list)]
    trials = [(full, ""), (_without(full, [*bare, *lists]), " where something is unknown or empty")]
    for event in [trigger.event for trigger in document.triggers if len(document.triggers) > 1]:
        lacking = [name for name in TEMPLATE_VARIABLES if not gives(event, name)]
        trials.append((_without(full, lacking), f" after {event}"))
    for values, which in trials:
        try:
            filled = fill(source, values, markdown=part == "body")
            around = _AROUND_TEXT.get(locale, _AROUND_TEXT["en"])
            if part == SMS and (parts := segments(around + filled)) > _MOST_SEGMENTS:
                yield f"takes {parts} SMS with sender and opt-out; {_MOST_SEGMENTS} at the most"
            if not filled.strip() or (part == "body" and not parse(filled)):
                yield f"comes out empty{which}"
        except UnsupportedMarkdown as error:
            yield f"{error}; use paragraphs, - lists, emphasis and links"
            return
        except WordingError as error:
            yield f"{error}{which}; guard it with {{% if … %}}" if which else f"{error}"
            return


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values, and those of each item, with these unknown or empty."""
    items = [_unknown_in(item, names) for item in values["items"]]
    return {**_unknown_in(values, names), "items": items}


def _unknown_in(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    unknown: dict[str, Any] = {
        name: [] if isinstance(values[name], list) else None for name in names if name in values
    }
    return {**values, **unknown}


def _unused_links(
    file: LinedFile, document: PlaybookDocument, files: Mapping[str, LinedFile]
) -> Iterable[Fault]:
    used: set[str] = set()
    for lined in files.values():
        for name, tones in lined.data.items():
            for texts in tones.values() if name != CHOICES else ():
                of_variants = texts.get(VARIANTS, {}).values()
                for said in (texts, texts.get(DISCREET, {}), *of_variants):
                    for part in ("body", SMS):
                        asked = needs(said.get(part, ""))
                        used |= asked.links | asked.item_links
    for index, link in enumerate(document.links):
        if link not in LINKS:
            why = f"no link {link!r}; there are {', '.join(sorted(LINKS))}"
            yield file.fault(["links", index], why)
        elif link not in used:
            yield file.fault(["links", index], f"no template uses the link {link!r}; remove it")
