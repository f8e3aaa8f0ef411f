"""The languages of the pages, and which of them a visitor gets."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LANGUAGES = ("en", "zh", "ja")
_FOLDER = Path(__file__).parent / "words"


@cache
def words(language: str) -> Mapping[str, Any]:
    """All texts of one of LANGUAGES, nested by page."""
    texts: Mapping[str, Any] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text("utf-8"))
    return texts


def supported(tag: str | None) -> str | None:
    """The language of a BCP 47 tag where the pages speak it."""
    language = (tag or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def choose(*tags: str | None, accept: str = "") -> str:
    """The first supported one of `tags`, then of the browser's Accept-Language, else English."""
    wanted = [*tags, *(part.partition(";")[0].strip() for part in accept.split(","))]
    return next((language for language in map(supported, wanted) if language), "en")
