"""Words that no message may contain: threats, false urgency, shame."""

import re

_WORDS: dict[str, str] = {
    "en": (
        r"arrest|jail|prison|police|sheriff|warrant|lawsuit|sue you|court|legal action|attorney|"
        r"seiz|garnish|final (?:notice|warning|demand)|last chance|act now|urgent|immediately|"
        r"or else|expose|deadbeat|shame|your employer|your family|credit score"
    ),
    "zh": (
        r"逮捕|拘留|坐牢|监狱|警察|报警|起诉|诉讼|法院|律师函|强制执行|查封|冻结|最后(?:通牒|警告|机会)|"
        r"立即还款|马上还款|紧急|后果自负|老赖|曝光|失信|通知您的(?:家人|单位)|征信"
    ),
    "ja": (
        r"逮捕|刑務所|警察|訴訟|裁判|法的措置|弁護士|差し押さえ|差押|強制執行|最終(?:通告|警告|督促)|"
        r"最後の(?:機会|チャンス)|至急|緊急|ただちに|直ちに|今すぐ(?:払|支払)|恥|勤務先|ブラックリスト"
    ),
}
_PATTERNS = {
    locale: re.compile(rf"\b(?:{words})\w*" if locale == "en" else words, re.IGNORECASE)
    for locale, words in _WORDS.items()
}


def prohibited_words(text: str, locale: str) -> list[str]:
    """The prohibited words that a text in this language contains."""
    pattern = _PATTERNS.get(locale.split("-")[0])
    return pattern.findall(text) if pattern else []
