"""What a person's answer asks for, in three languages; and what only looks like it."""

from time import perf_counter

import pytest

from services.messenger.phrasebooks import phrasebooks
from services.messenger.rules.machines import is_machine
from services.messenger.rules.own_words import own_words
from services.messenger.rules.replies import Intent, Understood, understand


def heard(words: str, *stop_words: str) -> Understood:
    return understand(words, phrasebooks(), stop_words)


ENGLISH = {
    "stop": [
        "I want to be removed from this mailing list",
        "Remove my email",
        "quit it",
        "Why won't you go away",
        "STOP",
        "stop.",
        "  Stop!! ",
        "ＳＴＯＰ",
        "Please stop",
        "Quit",
        "opt out",
        "Hi, stop please. Thanks",
        "OPT-OUT please",
        "Unsubscribe me from this, thanks",
        "end",
        "revoke",
        "cancel",
        "I don’t want this any more, please stop emailing me",
        "Remove me from your list.",
        "Stop\n\nSent from my phone",
        "stop\n> unsubscribe here\n",
        "no more emails please",
        "s\u200btop",
        "Do not email me",
        "please stop all these messages",
        "STOP ALL",
        "I no longer want your newsletters",
    ],
    "cease_contact": [
        "Never contact me again.",
        "Do not contact me again by any means",
        "leave me alone",
        "Cease and desist.",
        "Stop contacting me",
        "I never want to hear from you again",
        "Don't ever call me again",
        "cease all communication with me",
    ],
    "paid_already": [
        "I paid this last week.",
        "Already paid",
        "I've already paid it in full",
        "Payment was made on Monday",
        "We have transferred the money",
        "The bill has been paid",
        "I stopped by the branch yesterday and paid.",
        "This was settled already",
        "just paid online",
    ],
    "cannot_pay": [
        "I can't afford this right now",
        "I'm in hospital",
        "I have been declared bankrupt",
        "I lost my job",
        "Could I have a payment plan?",
        "I need more time",
        "We are struggling this month",
        "I cannot pay until my next salary",
        "Can I pay in instalments?",
        "I don't have the money",
        "money is tight at the moment",
    ],
    "dispute": [
        "I dispute this bill",
        "I don't owe you anything",
        "The amount is wrong",
        "This isn't my debt",
        "I never ordered this",
        "You charged me twice",
        "This must be a mistake",
        "wrong amount",
    ],
    "wrong_person": [
        "Wrong person",
        "This address belongs to somebody else",
        "You have the wrong email address",
        "I am not him",
        "I don't know this person",
        "There is nobody by that name here",
        "She doesn't live here",
        "I'm not Mr Berg",
    ],
    "bereaved": ["My husband passed away in March", "The customer is deceased"],
    "angry": [
        "This is ridiculous",
        "I will report you to the ombudsman",
        "You people are a disgrace",
        "f*** off",
    ],
    "question": [
        "I have a question",
        "When does this end?",
        "Can I pay at the end of the month?",
        "What is this about",
        "I can't pay online, the page shows an error. What now?",
    ],
    "other": ["Thank you!", "Got it", "", "I stopped by the shop", "Good morning"],
}

CHINESE = {
    "stop": [
        "麻烦停一下",
        "退订",
        "退訂",
        "TD",
        "请不要再发邮件给我了",
        "停止",
        "取消订阅！",
        "別再發給我",
        "拒收",
        "停止发送",
        "T",
        "别再发了",
        "不想再收到你们的邮件",
        "请停止发送这类信息",
        "您好，退订，谢谢",
        "不需要",
        "把我从名单里删除",
    ],
    "cease_contact": [
        "不要再联系我",
        "永远不要再联系我",
        "以后别再打扰我",
        "别再骚扰我了",
        "請勿再聯繫我",
        "勿扰",
        "停止一切联系",
    ],
    "paid_already": [
        "我已经付款了",
        "昨天已还清",
        "钱已经转了",
        "早就付过了",
        "已經繳費",
        "我刚刚还了",
        "账单已结清",
        "款已汇",
    ],
    "cannot_pay": [
        "我现在还不起",
        "最近失业了",
        "请问可以分期吗",
        "没钱",
        "能不能宽限几天",
        "手头紧",
        "暂时无法还款",
        "還不上",
        "没有能力偿还",
    ],
    "dispute": [
        "我有异议",
        "这不是我的账单",
        "我没有借过钱",
        "金额不对",
        "我没买过",
        "你们多收了费用",
        "这笔是盗刷",
        "我不欠你们",
    ],
    "wrong_person": [
        "你找错人了",
        "发错了",
        "我不是本人",
        "我不认识这个人",
        "查无此人",
        "我不是王先生",
        "這不是他的信箱",
    ],
    "bereaved": ["我父亲上个月去世了", "機主已過世"],
    "angry": ["我要投诉你们", "骗子", "太过分了", "我会找律师"],
    "question": ["这是什么账单？", "怎么付款", "请问截止日期是几号", "在哪里付款"],
    "other": ["不要联系我家人", "好的", "收到", "谢谢", "不要停止发送提醒", "我没有异议"],
}

JAPANESE = {
    "stop": [
        "やめてもらえませんか",
        "停止方法を教えて",
        "配信停止",
        "配信停止してください。",
        "もう送らないでください",
        "やめてください",
        "解除",
        "配信を停止してほしいです",
        "ストップ",
        "停止希望",
        "メールは不要です",
        "もうメールを送らないで",
        "登録を解除してください",
        "購読解除",
        "今後メールはいりません",
        "お知らせは結構です",
        "受信を拒否します",
        "停止お願いします",
    ],
    "cease_contact": [
        "二度と連絡しないでください",
        "今後一切連絡しないで",
        "連絡しないでください",
        "もう連絡はやめてください",
        "放っておいて",
        "一切のご連絡をお断りします",
        "関わらないでください",
    ],
    "paid_already": [
        "先月すでに支払いました。",
        "もう払いました",
        "昨日振り込みました",
        "支払い済みです",
        "入金済みです",
        "すでに完済しています",
        "お支払いは完了しております",
        "振込は済んでいます",
        "払ったはずです",
    ],
    "cannot_pay": [
        "今は払えません",
        "入院しています",
        "少しずつ払いたい",
        "支払いが難しいです",
        "お金がありません",
        "失業しました",
        "分割払いはできますか",
        "もう少し待ってください",
        "収入が減って困っています",
        "生活が苦しいです",
        "まだ払えません。待っていただけますか",
    ],
    "dispute": [
        "身に覚えがありません",
        "請求金額が違います",
        "異議があります",
        "二重請求です",
        "契約していません",
        "心当たりがありません",
        "注文した覚えがない",
        "架空請求ですか",
    ],
    "wrong_person": [
        "人違いです",
        "宛先が間違っています",
        "私は田中ではありません",
        "そのような人は知りません",
        "本人ではありません",
    ],
    "bereaved": ["父は先月亡くなりました"],
    "angry": ["いい加減にしてください", "迷惑です", "弁護士に相談します", "ふざけるな"],
    "question": [
        "これは何の請求ですか",
        "支払い方法を教えてください",
        "期限はいつですか",
        "よくわかりません",
    ],
    "other": [
        "ありがとうございます",
        "了解しました",
        "配信停止しないでください",
        "承知しました",
        "ご迷惑をおかけします",
    ],
}


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        (intent, words)
        for language in (ENGLISH, CHINESE, JAPANESE)
        for intent, phrasings in language.items()
        for words in phrasings
    ],
)
def test_an_answer_is_understood(intent: str, words: str) -> None:
    assert heard(words).intent == intent


@pytest.mark.parametrize(
    "words",
    [
        "Please don't stop sending these, they help",
        "I never stop worrying",
        "Is the bus stop near the branch?",
        "Please stop the direct debit",
        "I stopped by the shop",
        "Did I unsubscribe by mistake",
        "I do not want to unsubscribe",
        "Don't unsubscribe me",
        "We can't stop by until Monday",
        "I have not stopped paying",
        "non stop rain here",
        "不要停止",
        "我没有退订",
        "请不要取消",
        "不是要退订",
        "我不想取消订阅",
        "公交停运了，我明天去网点",
        "请寄发票",
        "配信停止しないでください",
        "停止しないで",
        "解除しないでください",
        "まだやめないでください",
        "停止した覚えはありません",
        "登録を解除していません",
        "配信停止は不要です",
        "やめたくありません",
    ],
)
def test_what_looks_like_an_opt_out_and_is_none(words: str) -> None:
    assert not {Intent.STOP, Intent.CEASE_CONTACT} & set(heard(words).all)


@pytest.mark.parametrize(
    ("words", "no"),
    [
        ("I haven't paid yet", "paid_already"),
        ("Once I am paid on Friday I will", "paid_already"),
        ("I have not been paid", "paid_already"),
        ("There is no dispute", "dispute"),
        ("I can't pay by card here", "cannot_pay"),
        ("I can't complain, all good", "angry"),
        ("我还没付款", "paid_already"),
        ("怎么还款", "paid_already"),
        ("没有困难", "cannot_pay"),
        ("没有异议", "dispute"),
        ("我想结清", "paid_already"),
        ("你没找错人", "wrong_person"),
        ("まだ支払っていません", "paid_already"),
        ("支払ったらお知らせします", "paid_already"),
        ("異議はありません", "dispute"),
        ("間違いありません", "dispute"),
        ("ご迷惑をおかけしました", "angry"),
        ("アプリで払えません", "cannot_pay"),
    ],
)
def test_what_is_denied_is_not_heard(words: str, no: str) -> None:
    assert Intent(no) not in heard(words).all


def test_who_asks_for_silence_is_heard_first_and_the_rest_is_not_lost() -> None:
    said = heard("I already paid this, and the amount was wrong. Stop emailing me!")
    assert said.intent == "stop"
    assert said.also == (Intent.PAID_ALREADY, Intent.DISPUTE)


def test_words_of_a_policy_are_honoured_as_they_are() -> None:
    assert heard("ARRET please").intent == "other"
    assert heard("ARRET please", "arret").intent == "stop"
    assert heard("Bonjour. Arret!", "ARRET").intent == "stop"
    assert heard("arretez de parler", "arret").intent == "other"


QUOTED = [
    "Thank you!\n\nOn Mon, 2 Mar 2026 Harbour Lane wrote:\n> Unsubscribe: https://x.example",
    "Thank you!\n\nOn Mon, 2 Mar 2026 at 10:00, Harbour\n<care@x.example> wrote:\n\nStop these",
    "Thank you!\r\n\r\n-----Original Message-----\r\nFrom: Care\r\nStop emailing me",
    "Thank you!\n________________________________\nFrom: Care <a@b.example>\nUnsubscribe",
    "Thank you!\n\n在 2026年3月2日，Harbour <a@b.example> 写道：\n退订",
    "Thank you!\n\n2026年3月2日(月) 10:00 Harbour <a@b.example>:\n配信停止",
    "Thank you!\n\n差出人: Harbour\n配信停止",
    "> Stop these e-mails: https://x.example/u/1\n\nThank you!",
    "On Mon, 2 Mar 2026 Harbour wrote:\n> Stop these\n> e-mails\n\nThank you!\n",
    "Thank you!\n-- \nStop The Rot Ltd, unsubscribe here",
]


@pytest.mark.parametrize("words", QUOTED)
def test_our_own_words_in_a_quotation_count_for_nothing(words: str) -> None:
    assert own_words(words).strip() == "Thank you!"
    assert heard(words).intent == "other"


@pytest.mark.parametrize(
    "words",
    [
        "a" * 100_000,
        "stop " * 30_000,
        "> " * 50_000,
        "不" * 80_000,
        "払" * 80_000,
        "\n" * 99_999,
        "on " * 30_000,
        "i have " * 20_000,
        "\u202e" * 50_000,
    ],
)
def test_nothing_takes_long(words: str) -> None:
    began = perf_counter()
    heard(words)
    assert perf_counter() - began < 1.0


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


@pytest.mark.parametrize("words", ["HELP", "Info", "help please", "帮助", "ヘルプ"])
def test_who_writes_only_help_wants_to_know_where_it_is(words: str) -> None:
    assert heard(words).intent is Intent.HELP


def test_help_beside_a_reason_is_about_the_reason() -> None:
    assert heard("Help. I lost my job").intent is Intent.CANNOT_PAY
    assert heard("STOP. Help").intent is Intent.STOP
