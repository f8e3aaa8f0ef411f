"""Which of a template's wordings a message gets."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from schemas.commands import DispatchOrdered
from schemas.common import Tone
from services.messenger.content import label_of, language_of, wording_of
from services.messenger.handlers.writing import Chooser, Drawn, Family
from services.messenger.rules.wording import Chosen
from services.playbooks.load import wording_hash
from services.playbooks.model import Playbook


class FirstOnly:
    """Always the first wording: for previews, which leave nothing to chance."""

    def choose(self, family: Family, segment: str, wordings: Sequence[str], key: str) -> Chosen:
        """The first."""
        del family, segment, key
        return Chosen(wordings[0], {wordings[0]: 1.0})


def draw(
    chooser: Chooser, playbook: Playbook, tenant: str, dispatch: DispatchOrdered, locale: str | None
) -> Drawn | None:
    """The wording for this order, or None where there is but one. Raises ContentError."""
    language = language_of(playbook.templates, locale)
    wording, tone = wording_of(playbook.templates, dispatch.template, dispatch.tone, language)
    if not wording.variants:
        return None
    names = _names(_Versioned(playbook), dispatch.template, tone, tuple(wording.named()))
    family = Family(tenant, dispatch.playbook, dispatch.template, tone)
    chosen = chooser.choose(family, dispatch.segment, tuple(names), dispatch.dispatch_id)
    labels = {of: label_of(dispatch.template, tone, wording, name) for of, name in names.items()}
    return Drawn(
        name=names[chosen.wording],
        wording=chosen.wording,
        propensity=chosen.propensity,
        variants={labels[of]: chance for of, chance in chosen.propensities.items()},
    )


class _Versioned:
    """A playbook known by what it says, so that what follows from it is worked out once."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Versioned)
            and self.playbook.content_hash == other.playbook.content_hash
        )

    def __hash__(self) -> int:
        return hash(self.playbook.content_hash)


@lru_cache(maxsize=1024)
def _names(
    of: _Versioned, template: str, tone: Tone, variants: tuple[str, ...]
) -> Mapping[str, str]:
    """The variants' names by what tells their words from any other, the base first."""
    templates = of.playbook.templates
    return {wording_hash(templates, template, tone, name): name for name in variants}
