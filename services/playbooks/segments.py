"""How many parts an SMS is sent, and paid for, in: 3GPP TS 23.038 and 23.040."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each of these takes two places."""

_ALONE, _JOINED = 160, 153
_ALONE_WIDE, _JOINED_WIDE = 70, 67


def segments(text: str) -> int:
    """The parts of a text. One character beyond the GSM alphabet makes all of it wide (UCS-2).

    What is split leaves room in each part for its number (a header of six octets).
    """
    if _BASIC.union(_EXTENDED).issuperset(text):
        places = len(text) + sum(one in _EXTENDED for one in text)
        alone, joined = _ALONE, _JOINED
    else:
        places = len(text.encode("utf-16-be")) // 2
        alone, joined = _ALONE_WIDE, _JOINED_WIDE
    return 1 if places <= alone else -(-places // joined)
