"""Faults of a playbook's choices, and of the steps that they or a person bring about."""

from collections.abc import Iterable, Mapping

from schemas.playbook import PlaybookDocument
from services.playbooks.model import CHOICES, SEVERAL
from services.playbooks.wording import WordingError, needs
from services.yaml_lines import Fault, LinedFile

_LONGEST_LABEL = 80

Offers = Mapping[str, frozenset[str]]
"""By template: the choices that any of its wordings offers."""


def check_choices(
    file: LinedFile, document: PlaybookDocument, files: Mapping[str, LinedFile]
) -> list[Fault]:
    """All that is wrong with choices and with who takes a step. `files`: templates by locale."""
    faults = [*_choices(file, document), *_steps(file, document)]
    offers = {locale: _offers(lined) for locale, lined in files.items()}
    faults += _kept_and_asking(file, document, offers)
    faults += _offered_again(file, document, offers)
    faults += _never_offered(file, document, offers)
    for locale, lined in files.items():
        faults += _labels(lined, document)
        if document.consolidate and offers[locale].get(SEVERAL):
            why = "speaks of several matters, and a choice is about one; leave choices out"
            faults.append(lined.fault([SEVERAL], f"template {SEVERAL!r} {why}"))
    return faults


def _choices(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    planned = {step.choice for step in document.steps}
    names = [choice.name for choice in document.choices]
    for index, choice in enumerate(document.choices):
        path = ("choices", index)
        if choice.name in names[:index]:
            yield file.fault((*path, "name"), f"name: {choice.name!r} stands twice; rename one")
        if hasattr(dict, choice.name):
            # In a template, `choices.update` would be the mapping's own method.
            why = f"{choice.name!r} means something else in templates; choose another"
            yield file.fault((*path, "name"), f"name: {why}")
        if choice.does == "request" and choice.request is None:
            yield file.fault(path, "request: missing; say what is asked, such as cheaper_plan")
        if choice.does != "request" and choice.request is not None:
            why = "request: only a choice that does request has one; remove it"
            yield file.fault((*path, "request"), why)
        if choice.does != "person" and choice.seniority is not None:
            why = "seniority: only a choice that does person has one; remove it"
            yield file.fault((*path, "seniority"), why)
        if choice.does == "steps" and choice.name not in planned:
            why = f"plans no step; give one `anchor: choice` and `choice: {choice.name}`"
            yield file.fault((*path, "does"), f"does: {why}")
        if choice.does == "stop" and choice.keep:
            yield file.fault((*path, "keep"), "keep: a choice that does stop keeps nothing")
        else:
            yield from _keeps(file, document, index)


def _keeps(file: LinedFile, document: PlaybookDocument, index: int) -> Iterable[Fault]:
    by_name = {step.name: step for step in document.steps}
    for name in document.choices[index].keep:
        step, path = by_name.get(name), ("choices", index, "keep")
        if step is None:
            yield file.fault(path, f"keep: no step {name!r}")
        elif step.anchor == "choice":
            yield file.fault(path, f"keep: step {name!r} is planned by a choice only; leave it out")


def _steps(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    does = {choice.name: choice.does for choice in document.choices}
    for index, step in enumerate(document.steps):
        path = ("steps", index)
        if step.anchor != "choice" and step.choice is not None:
            yield file.fault((*path, "choice"), "choice: set `anchor: choice`, or remove it")
        elif step.anchor == "choice" and step.choice is None:
            yield file.fault(path, "choice: missing; name the choice that plans this step")
        elif step.choice is not None and step.choice not in does:
            there = ", ".join(sorted(does)) or "none"
            why = f"no choice {step.choice!r}, so it can never run; there are {there}"
            yield file.fault((*path, "choice"), f"choice: {why}")
        elif step.choice is not None and does[step.choice] != "steps":
            why = f"{step.choice!r} does {does[step.choice]}, so this can never run; let it do"
            yield file.fault((*path, "choice"), f"choice: {why} steps")
        if step.anchor == "choice" and step.days < 0:
            yield file.fault((*path, "days"), "days: lies before the choice, so it can never run")
        yield from _who(file, document, index)
    if all(step.anchor == "choice" for step in document.steps):
        yield file.fault(["steps"], "steps: none begins it; give one the anchor trigger or due")


def _who(file: LinedFile, document: PlaybookDocument, index: int) -> Iterable[Fault]:
    step, path = document.steps[index], ("steps", index)
    if step.by == "person" and step.template is not None:
        why = "template: a person's step sends nothing; remove it, or remove `by: person`"
        yield file.fault((*path, "template"), why)
    if step.by == "machine" and step.template is None:
        yield file.fault(path, "template: missing; name one, or say `by: person`")
    if step.by == "machine" and step.seniority is not None:
        why = "seniority: only a person's step has one; remove it, or say `by: person`"
        yield file.fault((*path, "seniority"), why)
    if step.by == "person" and step.own_hour:
        why = "own_hour: a person's step contacts nobody at any hour; remove it"
        yield file.fault((*path, "own_hour"), why)
    if step.template == CHOICES:
        why = f"template: {CHOICES!r} is where the choices' labels stand; rename it"
        yield file.fault((*path, "template"), why)


def _offers(lined: LinedFile) -> Offers:
    if not isinstance(lined.data, dict):
        return {}
    return {
        name: frozenset().union(*(_offered_in(texts) for texts in tones.values()))
        for name, tones in lined.data.items()
        if name != CHOICES and isinstance(tones, dict)
    }


def _offered_in(texts: object) -> frozenset[str]:
    body = texts.get("body") if isinstance(texts, dict) else None
    try:
        return needs(body).choices if isinstance(body, str) else frozenset()
    except WordingError:  # told where the template is checked
        return frozenset()


def _offered_again(
    file: LinedFile, document: PlaybookDocument, offers: Mapping[str, Offers]
) -> Iterable[Fault]:
    """Only the first choice counts: a step that a choice planned must not ask once more."""
    for index, step in enumerate(document.steps):
        if step.anchor != "choice":
            continue
        again = {name for by in offers.values() for name in by.get(step.template or "", ())}
        for name in sorted(again):
            why = f"offers {name!r} after a choice was made, and only the first counts, so it"
            yield file.fault(
                ("steps", index, "template"),
                f"template: {why} would lead in a circle; use a template without choices",
            )


def _kept_and_asking(
    file: LinedFile, document: PlaybookDocument, offers: Mapping[str, Offers]
) -> Iterable[Fault]:
    """A letter that goes out after a choice must not offer what counts no more."""
    asking = {name for by in offers.values() for name, offered in by.items() if offered}
    templates = {step.name: step.template for step in document.steps if step.anchor != "choice"}
    for index, choice in enumerate(document.choices):
        for name in choice.keep:
            if templates.get(name) in asking:
                why = f"step {name!r} offers choices, and after this one none counts; leave it out"
                yield file.fault(("choices", index, "keep"), f"keep: {why}")


def _never_offered(
    file: LinedFile, document: PlaybookDocument, offers: Mapping[str, Offers]
) -> Iterable[Fault]:
    asking = {step.template for step in document.steps if step.anchor != "choice"}
    for index, choice in enumerate(document.choices):
        for locale, by_template in offers.items():
            if not any(choice.name in by_template.get(name or "", ()) for name in asking):
                why = f"no template in {locale} offers it; write {{{{ choices.{choice.name} }}}}"
                path = ("choices", index, "name")
                yield file.fault(path, f"choice {choice.name!r}: {why} into one")


def _labels(lined: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    if not isinstance(lined.data, dict):
        return
    labels = lined.data.get(CHOICES, {})
    if not isinstance(labels, dict):
        yield lined.fault([CHOICES], "choices: want the choices' names as keys, each with a label")
        return
    names = [choice.name for choice in document.choices]
    for name in names:
        if name not in labels:
            why = f"add the label of {name!r}: what the customer says by tapping it"
            yield lined.fault([CHOICES], f"choices: {why}")
    for name, label in labels.items():
        if name not in names:
            yield lined.fault([CHOICES, name], f"choices: no choice {name!r}; remove it")
        elif not isinstance(label, str) or not label.strip() or "\n" in label.strip():
            yield lined.fault([CHOICES, name], "choices: want a label on one line")
        elif len(label) > _LONGEST_LABEL:
            why = f"is too long for a button; keep it under {_LONGEST_LABEL} characters"
            yield lined.fault([CHOICES, name], f"choices: {why}")
