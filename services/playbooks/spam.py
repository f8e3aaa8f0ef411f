"""What makes a mail look like spam, to readers and filters: a plain list, each with its reason."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_LETTERS = re.compile(r"[^\W\d_]")
_JINJA = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)
_EXCLAMATIONS = re.compile(r"[!！]")
_LABELS: Final = re.compile(r"\[([^\]]*)\]\(")
_SHOUTED = 0.7
"""Share of capitals from which words are shouted; names and abbreviations stay below."""
_LEAST_LETTERS = 8

_PATTERNS: Final[Mapping[str, str]] = {
    r"^\s*(?:re|fwd?|aw|回复|转发|返信)\s*[:：]":
        "feigns an answer to something never asked; leave it out",
    r"(?:\${2,}|€{2,}|¥{2,}|￥{2,})": "piles up currency signs; one amount says it",
    r"[!！?？]{2,}": "piles up marks; one is enough, none is calmer",
    r"(?:★|☆|►|▶|✔|💰|🔥|🚨|⚠️?)": "catches the eye with signs; let the words do it",
    r"(?:https?://|www\.)\S": "shows a bare address; link words to one of the playbook's links",
    r"\b(?:100\s?% (?:free|guaranteed)|risk[- ]free|no obligation|act now|limited time|"
    r"winner|congratulations|dear (?:friend|customer)|this is not spam)\b":
        "is a phrase that filters know from spam; say what is meant",
    r"(?:恭喜(?:您|你)?(?:中奖|获奖)|免费(?:领取|赠送)|限时抢购|点击领取|仅限今天|错过不再)":
        "is a phrase that filters know from spam; say what is meant",
    r"(?:完全無料|今だけ|当選(?:おめでとう|しました)|必ず儲かる|クリックするだけ)":
        "is a phrase that filters know from spam; say what is meant",
}  # fmt: skip
_COMPILED = [(re.compile(pattern, re.IGNORECASE), why) for pattern, why in _PATTERNS.items()]
_EMPTY_LABELS: Final = frozenset(
    {"here", "click here", "click", "link", "这里", "点击这里", "点这里", "点击", "链接", "こちら",
     "ここ", "ここをクリック", "クリック", "リンク"}
)  # fmt: skip


def spam_signs(source: str, part: str) -> Iterable[str]:
    """Why a subject, preheader or body looks like spam. source: as written, with its Jinja."""
    words = _JINJA.sub(" ", source)
    if part != "body" and is_shouted(words):
        yield "shouts in capitals; write it as a sentence"
    most = 2 if part == "body" else 1
    if (count := len(_EXCLAMATIONS.findall(words))) > most:
        yield f"has {count} exclamation marks; {most} at the most, none is calmer"
    for pattern, why in _COMPILED:
        if found := pattern.search(words):
            yield f"{found[0].strip()!r} {why}"
    for label in _LABELS.findall(words):
        if label.strip().casefold() in _EMPTY_LABELS:
            yield f"the link {label.strip()!r} doesn't say where it leads; name what it does"
        elif is_shouted(label):
            yield f"the link {label.strip()!r} shouts in capitals; write it as a sentence"


def is_shouted(text: str) -> bool:
    """Whether most letters are capitals, in scripts that have them."""
    letters = [one for one in _LETTERS.findall(text) if one.lower() != one.upper()]
    capitals = sum(one.isupper() for one in letters)
    return len(letters) >= _LEAST_LETTERS and capitals / len(letters) >= _SHOUTED
