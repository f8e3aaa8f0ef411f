"""What a mail is written in: encoded words (RFC 2047) and transfer encodings (RFC 2045).

By hand and not by `email`: that takes longer over one subject than all else takes for a letter.
Its parser reads in tests what is written here.
"""

import binascii

_LINE = 76
"""Columns of a line with an encoded word in it (RFC 2047, 2), and of a coded line (RFC 2045, 6)."""
_OPENS, _CLOSES = "=?utf-8?b?", "?="
_SOFT = b"=\r\n"
"""The line goes on with the next one (RFC 2045, 6.7)."""


def encoded_words(header: str, text: str) -> str:
    """Text as encoded words in Base64, folded, for a line that begins with the header's name."""
    data = text.encode()
    words: list[str] = []
    start, used = 0, len(header) + 2
    while start < len(data):
        room = (_LINE - used - len(_OPENS) - len(_CLOSES)) // 4 * 3
        end = min(start + room, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            # A character stays in one word (RFC 2047, 5).
            end -= 1
        coded = binascii.b2a_base64(data[start:end], newline=False).decode()
        words.append(f"{_OPENS}{coded}{_CLOSES}")
        start, used = end, 1
    return "\r\n ".join(words)


def quoted(text: str) -> bytes:
    """Text in quoted-printable, beginning on a line of its own and leaving the line open.

    Such pieces may be put one behind the other; `closed` ends the last one.
    """
    return _quoted(crlf(text)) if text else b""


def quoted_line(text: str) -> bytes:
    """The same for text without a line's end."""
    return _quoted(text.encode()) if text else b""


def _quoted(content: bytes) -> bytes:
    # The line's end decides how the library ends those that it breaks itself.
    coded = binascii.b2a_qp(content + b"\r\n", istext=True)[:-2]
    if len(coded) - coded.rfind(b"\n") > _LINE:
        # Its last line is full: no room for the sign that it goes on.
        end = -3 if coded[-3:-2] == b"=" else -1
        coded = coded[:end] + _SOFT + coded[end:]
    return coded + _SOFT


def closed(pieces: bytes) -> bytes:
    """Pieces of `quoted` as a whole, its last line ended."""
    return pieces.removesuffix(_SOFT) + b"\r\n"


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines."""
    coded = binascii.b2a_base64(content, newline=False)
    return b"".join(
        [coded[start : start + _LINE] + b"\r\n" for start in range(0, len(coded), _LINE)]
    )


def crlf(text: str) -> bytes:
    """The text in UTF-8, its lines ended by CRLF, as a text part wants them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode()
