"""Reads how replies are said in each language: `phrases/*.yaml`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from services.messenger.rules.replies import Intent, Phrasebook, Wish, normal

_FOLDER = Path(__file__).parent / "phrases"


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    alone: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    looks_like: tuple[str, ...] = Field((), alias="not")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: str
    words: Literal["spaced", "unspaced"]
    courtesy: tuple[str, ...]
    looks_like: tuple[str, ...] = Field(alias="not")
    not_with: str | None = None
    intents: dict[Intent, _Wish]


@lru_cache
def phrasebooks() -> tuple[Phrasebook, ...]:
    """All languages, by the files' names."""
    return tuple(_read(file) for file in sorted(_FOLDER.glob("*.yaml")))


def _read(file: Path) -> Phrasebook:
    content = _File.model_validate(yaml.safe_load(file.read_text("utf-8")))
    spaced = content.words == "spaced"
    return Phrasebook(
        language=content.language,
        courtesy=frozenset(normal(phrase) for phrase in content.courtesy),
        spaced=spaced,
        looks_like=_pattern(content.looks_like, spaced),
        not_with=re.compile(content.not_with) if content.not_with else None,
        wishes={
            intent: Wish(
                alone=_pattern(wish.alone, spaced),
                whole=frozenset(normal(word) for word in wish.whole),
                anywhere=_pattern(wish.anywhere, spaced),
                looks_like=_pattern(wish.looks_like, spaced),
            )
            for intent, wish in content.intents.items()
        },
    )


def _pattern(parts: Sequence[str], spaced: bool) -> re.Pattern[str] | None:
    if not parts:
        return None
    either = "|".join(f"(?:{part})" for part in parts)
    return re.compile(rf"(?<![\w'])(?:{either})(?!\w)" if spaced else either)
