"""What a person's answer asks for."""

import pytest

from services.messenger.rules.machines import is_machine
from services.messenger.rules.replies import intent_of


@pytest.mark.parametrize(
    "words",
    [
        "STOP", "stop.", "  Stop!! ", "ＳＴＯＰ", "Please stop", "Quit", "opt out",
        "OPT-OUT please",
        "Unsubscribe me from this, thanks", "I don’t want this any more, please stop emailing me",
        "end", "revoke", "cancel", "Remove me from your list.",
        "Stop\n\nSent from my phone",
        "退订", "TD", "请不要再发邮件给我了", "停止", "取消订阅！", "別再發給我", "拒收",
        "配信停止", "配信停止してください。", "もう送らないでください", "やめてください",
        "解除", "配信を停止してほしいです", "ストップ",
        "stop\n> unsubscribe here\n",
    ],
)  # fmt: skip
def test_stop_is_understood_in_three_languages(words: str) -> None:
    assert intent_of(words) == "stop"


@pytest.mark.parametrize(
    "words",
    [
        "I stopped by the branch yesterday and paid.",
        "Can I pay at the end of the month?",
        "When does this end?",
        "我已经付款了",
        "请问可以分期吗",
        "先月すでに支払いました。",
        "分割払いはできますか",
        "Thank you!\n\nOn Mon, 2 Mar 2026 Harbour Lane wrote:\n> Unsubscribe: https://x.example",
        "> Stop these e-mails: https://x.example/u/1\n\nI have a question",
        "",
    ],
)
def test_the_rest_is_for_a_person(words: str) -> None:
    assert intent_of(words) == "other"


@pytest.mark.parametrize(
    ("agent", "seconds", "machine"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", 40.0, False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", 1.9, True),
        (
            "Mozilla/5.0 (Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            60,
            True,
        ),
        ("Mozilla/5.0", 3600.0, True),
        ("Barracuda Sentinel (EE)", 60.0, True),
        ("", 60.0, False),
    ],
)
def test_machines_are_told_from_people(agent: str, seconds: float, machine: bool) -> None:
    assert is_machine(agent, seconds) is machine
