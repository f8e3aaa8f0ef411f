"""How a mail that came back counts: RFC 3463 status codes, and soft ones that go on. Pure."""

import re
from typing import Literal

Kind = Literal["hard", "soft", "block"]

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_NO_SUCH_MAILBOX = frozenset({(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)})
_FULL = (2, 2)
_POLICY = 7


def status_in(text: str) -> str | None:
    """The first RFC 3463 status code in a line such as `smtp; 550 5.1.1 no such user`."""
    found = _CODE.search(text)
    return found[0] if found else None


def kind_of(status: str | None) -> Kind:
    """What a failure with this status means for the address.

    hard: nobody receives there. block: the sender is refused; the address is kept. soft: all else,
    an unknown status among it, since one bad report must not end the use of an address.
    """
    found = _CODE.fullmatch(status or "")
    if found is None:
        return "soft"
    permanent = found[1] == "5"
    subject, detail = int(found[2]), int(found[3])
    if subject == _POLICY:
        return "block"
    if (subject, detail) == _FULL:
        return "soft"
    return "hard" if permanent and (subject, detail) in _NO_SUCH_MAILBOX else "soft"


def counts_as(kind: Kind, failures: int, most: int) -> Kind:
    """A soft failure, once as many messages in a row of days came back, is a hard one.

    failures: messages to the address that came back softly within those days, this one included.
    """
    return "hard" if kind == "soft" and failures >= most else kind
