"""What the pages say, in each language."""

from typing import Final

from services.messenger.pages.wording_preferences import PREFERENCES

LANGUAGES: Final = ("en", "zh", "ja")

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "gone_title": "This link no longer works",
        "gone_text": "It has expired or is not complete. Nothing has changed.",
        "stop_title": "Stop these e-mails?",
        "stop_text": "You will get no more e-mails of this kind from {brand}.",
        "stop_button": "Stop these e-mails",
        "stop_all_button": "Stop all e-mails",
        "stopped_title": "Done",
        "stopped_text": "You will get no more of these e-mails from {brand}.",
        "stopped_all_text": "You will get no more e-mails from {brand}.",
        "yes": "Yes",
        "no": "No",
        "saved": "Saved.",
        "resting": "We will not write until {date}.",
        "thanks": "Thank you for telling us.",
        "answer_yes": "Yes, it helped",
        "answer_no": "No, it did not",
        "helped_text": "Good to know it was of use.",
        "not_helped_text": "We will try to do better. A question left? Answer our message.",
        "choice_button": "Send this answer",
        "choose_person": "Somebody at {brand} will see to it and get back to you.",
        "choose_request": "We will put your request in. Nothing changes until you hear from us.",
        "choose_steps": "From then on, we will go by that.",
        "choose_stop": "Then we will not write to you about this again.",
        "chosen_title": "Thank you",
        "chosen_person": "It is passed on: somebody at {brand} will get back to you.",
        "chosen_request": "It is requested. Nothing changes until you hear from us.",
        "chosen_steps": "We will go by that.",
        "chosen_stop": "We will not write to you about this again.",
        "already_title": "You have answered already",
        "already_text": "Your first answer counts: “{label}”. Has something changed? "
        "Just reply to our message.",
    },
    "zh": {
        "gone_title": "此链接已失效",
        "gone_text": "链接已过期或不完整。没有任何更改。",
        "stop_title": "不再接收这类邮件？",
        "stop_text": "{brand} 将不再向您发送这类邮件。",
        "stop_button": "停止这类邮件",
        "stop_all_button": "停止所有邮件",
        "stopped_title": "已完成",
        "stopped_text": "{brand} 不会再向您发送这类邮件。",
        "stopped_all_text": "{brand} 不会再向您发送任何邮件。",
        "yes": "有",
        "no": "没有",
        "saved": "已保存。",
        "resting": "在 {date} 之前我们不会写信给您。",
        "thanks": "感谢您的反馈。",
        "answer_yes": "有帮助",
        "answer_no": "没有帮助",
        "helped_text": "很高兴能帮到您。",
        "not_helped_text": "我们会继续改进。若还有疑问，请直接回复邮件。",
        "choice_button": "提交这个回答",
        "choose_person": "{brand} 会有专人跟进，并与您联系。",
        "choose_request": "我们会提交您的请求。在您收到答复之前，一切保持不变。",
        "choose_steps": "之后我们会照此安排。",
        "choose_stop": "关于此事，我们将不再写信给您。",
        "chosen_title": "谢谢您",
        "chosen_person": "已经转交，{brand} 会有专人与您联系。",
        "chosen_request": "您的请求已提交。在您收到答复之前，一切保持不变。",
        "chosen_steps": "我们会照此安排。",
        "chosen_stop": "关于此事，我们不会再写信给您。",
        "already_title": "您已经回答过了",
        "already_text": "以您第一次的回答为准：“{label}”。如果情况有变，直接回复邮件即可。",
    },
    "ja": {
        "gone_title": "このリンクは使えなくなりました",
        "gone_text": "期限が切れているか、リンクが不完全です。変更は行われていません。",
        "stop_title": "このメールの配信を停止しますか？",
        "stop_text": "{brand} からこの種類のメールは届かなくなります。",
        "stop_button": "この種類のメールを停止",
        "stop_all_button": "すべてのメールを停止",
        "stopped_title": "完了しました",
        "stopped_text": "{brand} からこの種類のメールは今後届きません。",
        "stopped_all_text": "{brand} からのメールは今後届きません。",
        "yes": "はい",
        "no": "いいえ",
        "saved": "保存しました。",
        "resting": "{date} まではお送りしません。",
        "thanks": "ご回答ありがとうございます。",
        "answer_yes": "役に立った",
        "answer_no": "役に立たなかった",
        "helped_text": "お役に立ててうれしく思います。",
        "not_helped_text": "より良いご案内に努めます。ご不明な点はメールにご返信ください。",
        "choice_button": "この内容で回答する",
        "choose_person": "{brand} の担当者が確認し、ご連絡します。",
        "choose_request": "ご要望として承ります。ご返答するまで、現在の内容は変わりません。",
        "choose_steps": "今後はこのご回答に沿ってご案内します。",
        "choose_stop": "この件についてのメールは、今後お送りしません。",
        "chosen_title": "ありがとうございます",
        "chosen_person": "承りました。{brand} の担当者からご連絡します。",
        "chosen_request": "ご要望を承りました。ご返答するまで、現在の内容は変わりません。",
        "chosen_steps": "このご回答に沿ってご案内します。",
        "chosen_stop": "この件についてのメールは、今後お送りしません。",
        "already_title": "すでにご回答いただいています",
        "already_text": "最初のご回答「{label}」を承っています。"
        "ご事情が変わった場合は、メールにそのままご返信ください。",
    },
}

WORDS: Final = {language: {**words, **PREFERENCES[language]} for language, words in _WORDS.items()}


def language_of(locale: str | None) -> str:
    """The language of a locale, if the pages speak it, else English."""
    language = (locale or "").partition("-")[0].lower()
    return language if language in LANGUAGES else "en"
