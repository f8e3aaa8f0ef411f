"""What a person's answer asks for, by transparent rules. STOP comes before anything else. Pure."""

import re
import unicodedata
from typing import Literal

Intent = Literal["stop", "other"]

# Enough by themselves, wherever they stand in what the person wrote.
_PHRASES = (
    "unsubscribe", "opt out", "opt-out", "optout", "stop emailing", "stop e-mailing",
    "stop mailing", "stop contacting", "stop writing", "stop sending", "do not contact",
    "don't contact", "do not email", "don't email", "leave me alone", "remove me",
    "退订", "退訂", "取消订阅", "取消訂閱", "不要再发", "不要再發", "别再发", "別再發",
    "停止发送", "停止發送", "不要再联系", "不要再聯繫", "别再联系", "勿扰", "拒收",
    "配信停止", "配信を停止", "配信解除", "登録解除", "購読解除", "送らないで", "送信しないで",
    "連絡しないで", "連絡をやめ", "メールをやめ", "停止してください", "解除してください",
)  # fmt: skip
# 47 CFR 64.1200(a)(10) names the English ones. In a longer text they may mean something else.
_WORDS = frozenset(
    {
        "stop", "quit", "end", "revoke", "cancel", "stopall", "stop all", "please stop",
        "stop please", "stop it", "stop this", "no more", "td", "t", "n",
        "停止", "停", "取消", "拒绝", "拒絕", "不要", "解除", "中止", "やめて", "止めて",
        "やめてください", "止めてください", "ストップ", "不要です", "停止希望", "停止して",
    }
)  # fmt: skip
_QUOTED = re.compile(r"^\s*(>|-{2,}\s*original message|on .{0,120} wrote:\s*$|在.{0,80}写道)", re.I)


def intent_of(text: str) -> Intent:
    """`stop` if the person asks not to be written to any more, else `other`."""
    own = _normal(_own_words(text))
    if own in _WORDS or any(phrase in own for phrase in _PHRASES):
        return "stop"
    first = _normal(_own_words(text).strip().split("\n", 1)[0])
    return "stop" if first in _WORDS else "other"


def _own_words(text: str) -> str:
    """What stands above the quotation of our own mail, which says `unsubscribe` itself."""
    lines: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line):
            break
        lines.append(line)
    return "\n".join(lines)


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    kept = "".join(" " if _is_mark(character) else character for character in folded)
    return " ".join(kept.split())


def _is_mark(character: str) -> bool:
    return character not in "-'" and unicodedata.category(character)[0] in "PSZC"
