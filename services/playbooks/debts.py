"""Words that tell whoever sees them that the reader owes money.

A subject, a preview or a sender's name is seen by more eyes than the reader's own: on a locked
screen, over a shoulder, in a shared mailbox. A house list, broad on purpose.
"""

import re
from functools import lru_cache

_OF_SENDERS = {
    "en": r"debts?|collections?|collectors?|recover(?:y|ies)|arrears|overdue|credit control",
    "zh": r"债|欠|催|清收|追收",
    "ja": r"債権|債務|督促|回収|滞納|延滞|借金",
}
_OF_LETTERS = {
    "en": (
        r"ow(?:e|es|ed|ing)|indebted|past due|due|missed|outstanding|unpaid|paid"
        r"|pay(?:s|ing|ments?)?|repay\w*|instal?ments?|bills?|invoices?|balances?|amounts?|loans?|settle(?:d|ment)"
        r"|money|default(?:ed)?|creditors?"
    ),
    "zh": r"逾期|还款|付清|付款|付过|支付|缴|一笔|账单|帐单|金额|款项|贷款|分期|余额|应付|到期",
    "ja": r"支払|返済|返金|入金|未納|請求|期日|金額|残高|分割|ローン|振込|額で",
}


@lru_cache(maxsize=4)
def _pattern(of_letters: bool) -> re.Pattern[str]:
    parts = [rf"\b(?:{_OF_SENDERS['en']})\b", _OF_SENDERS["zh"], _OF_SENDERS["ja"]]
    if of_letters:
        parts += [rf"\b(?:{_OF_LETTERS['en']})\b", _OF_LETTERS["zh"], _OF_LETTERS["ja"]]
    return re.compile("|".join(parts), re.IGNORECASE)


@lru_cache(maxsize=4096)
def words_of_debt(text: str) -> tuple[str, ...]:
    """What in a subject, a preview or a body tells of a debt, in any of the three languages."""
    return tuple(found[0] for found in _pattern(True).finditer(text))


def tells_of_debt(sender: str) -> bool:
    """Whether a sender's name, or the part of an address before the @, tells of a debt."""
    return bool(_pattern(False).search(sender.replace("_", " ").replace("-", " ")))
