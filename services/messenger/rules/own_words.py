"""What a person wrote themselves, without what they quote and how they sign. Pure."""

import re

MOST_CHARACTERS = 4000
"""Nobody says what they want only after so much."""
_LOOKED_AT = 60_000

# Below such a line stands our own mail, which itself says `unsubscribe`.
_BEGINS_QUOTE = re.compile(
    r"\s*(?:"
    r"[-_=*]{2,}\s*(?:original|forwarded|原始|转发|轉發|元の|転送|以下)[^\n]{0,60}"
    r"|_{8,}\s*$|={8,}\s*$"
    r"|(?:on|am|le|el) [^\n]{4,160}(?:wrote|schrieb|écrit|escribió)\s*:?\s*$"
    r"|在[^\n]{2,120}(?:写道|寫道)[:：]?\s*$"
    r"|[^\n]{2,120}于[^\n]{2,60}(?:写道|寫道)[:：]?\s*$"
    r"|\d{4}年\d{1,2}月\d{1,2}日[^\n]{0,120}[:：>]\s*$"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}[^\n]{0,120}<[^\n]{3,120}>[^\n]{0,20}$"
    r"|(?:from|sent|发件人|發件人|寄件者|寄件人|差出人|送信者)\s*[:：][^\n]*$"
    r")",
    re.IGNORECASE,
)
_BEGINS_SIGNATURE = re.compile(
    r"\s*(?:--\s*$|—\s*$|sent (?:from|via|with) |get outlook for |gesendet von "
    r"|发自|發自|从我的|來自我的|iphoneから|ipadから|androidから|スマートフォンから|-{2,}\s*sent )",
    re.IGNORECASE,
)

_MAY_BEGIN = re.compile(r"\s*(?:on|在) ", re.IGNORECASE)
_LONGEST_HEADING = 240


def own_words(text: str) -> str:
    """What stands above the quotation, or, where nothing does, between and below it.

    At most MOST_CHARACTERS of it.
    """
    lines = _joined(text[:_LOOKED_AT].replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    above: list[str] = []
    for number, line in enumerate(lines):
        if line.lstrip().startswith((">", "＞", "|")):
            continue
        if _BEGINS_QUOTE.match(line):
            if not _says_something(above):
                above = _below(lines[number + 1 :])
            break
        if _BEGINS_SIGNATURE.match(line):
            break
        above.append(line)
    return "\n".join(above).strip()[:MOST_CHARACTERS]


def _below(lines: list[str]) -> list[str]:
    """What was written under or between quoted lines; nothing where the quote isn't marked."""
    if not any(line.lstrip().startswith((">", "＞")) for line in lines):
        return []
    own = []
    for line in lines:
        if _BEGINS_SIGNATURE.match(line):
            break
        if not line.lstrip().startswith((">", "＞", "|")):
            own.append(line)
    return own


def _joined(lines: list[str]) -> list[str]:
    """`On … wrote:` is often broken over two lines."""
    joined: list[str] = []
    for line in lines:
        both = f"{joined[-1].rstrip()} {line.strip()}" if joined else line
        if (
            joined
            and len(both) < _LONGEST_HEADING
            and _MAY_BEGIN.match(joined[-1])
            and not _BEGINS_QUOTE.match(joined[-1])
            and _BEGINS_QUOTE.match(both)
        ):
            joined[-1] = both
        else:
            joined.append(line)
    return joined


def _says_something(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)
