"""What is wrong with the letters' frame: words that lack in a language, contrast, alt texts.

A playbook's own words are checked where playbooks are loaded (`services.playbooks`).
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.messenger.content import DISCLOSURES
from services.messenger.layout import FOLDER, compiled, locales, words
from services.messenger.look import LEAST_CONTRAST, Palette, contrast, dark, light
from services.messenger.tenants import Tenant
from services.yaml_lines import Fault, LinedFile, read

_IMAGE = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r'\balt="[^"]*"')


def layout_faults() -> list[Fault]:
    """Images without alt text, and words that one language has and another lacks."""
    faults = [
        Fault(FOLDER / "mail.mjml", 1, f"{image}: add alt, empty where it only decorates")
        for image in _IMAGE.findall(compiled())
        if not _ALT.search(image)
    ]
    every = {code for locale in locales() for code in words(locale).disclosures}
    for locale in sorted(locales()):
        for code in sorted(every - words(locale).disclosures.keys()):
            faults.append(_wordless(code, locale))
    return faults


def unworded(codes: Iterable[str]) -> list[Fault]:
    """The disclosures, by code, that some language has no words for."""
    asked = set(codes) - set(DISCLOSURES)
    return [
        _wordless(code, locale)
        for locale in sorted(locales())
        for code in sorted(asked - words(locale).disclosures.keys())
    ]


def _wordless(code: str, locale: str) -> Fault:
    file = read(FOLDER / f"{locale}.yaml")
    return file.fault(["disclosures"], f"disclosures: no words for {code!r}; add them")


def tenant_faults(folder: Path, tenants: Mapping[str, Tenant]) -> tuple[list[Fault], list[Fault]]:
    """Faults and notes about the colours of the tenants of a folder, and of their creditors."""
    faults: list[Fault] = []
    notes: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        file = read(path)
        tenant = tenants.get(file.data.get("tenant", ""))
        if tenant is None:
            continue
        looks = {("look",): tenant.look} | {
            ("creditors", name, "look"): own.look
            for name, own in tenant.creditors.items()
            if own.look
        }
        for where, look in looks.items():
            for palette in (light(look.colour), dark(look.colour)):
                faults += _unreadable(file, (*where, "colour"), palette)
            if (shown := light(look.colour).colour) != look.colour:
                said = (
                    f"colour {look.colour} reaches {contrast(look.colour, '#ffffff'):.1f} to 1 on "
                    f"white, {LEAST_CONTRAST} is needed (WCAG 1.4.3); letters show {shown}"
                )
                notes.append(file.fault((*where, "colour"), said))
    return faults, notes


def _unreadable(file: LinedFile, where: tuple[str, ...], palette: Palette) -> Iterable[Fault]:
    for name, (text, ground) in palette.pairs().items():
        if (ratio := contrast(text, ground)) < LEAST_CONTRAST:
            yield file.fault(
                where,
                f"{name}: {text} on {ground} is {ratio:.1f} to 1; {LEAST_CONTRAST} is needed (WCAG "
                "1.4.3): choose a darker colour",
            )
