"""The messenger as its settings make it."""

import pytest

from services.messenger.main import NAME, build
from services.messenger.sender import Sender
from services.runtime.context import Context
from services.runtime.settings import Settings
from services.runtime.worker import Service

SMS = "twilio+https://AC1:token@sms.example/Messages.json?from=%2B15550001111"
CHAT = "wecom+https://corp:secret@wecom.example/cgi-bin/message/send?agentid=9"


def built(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Service:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = Settings(
        smtp_url="smtp://127.0.0.1:1",
        database_url="postgresql://nobody:none@127.0.0.1:1/none",
        kafka_bootstrap_servers="127.0.0.1:1",
        secret_key="x" * 40,
    )
    return build(Context.from_settings(NAME, settings))


def test_each_channel_has_one_sender_and_mail_tells_of_those_that_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = []
    for variables in ({}, {"SMS_URL": SMS}, {"SMS_URL": SMS, "WEBHOOK_URL": CHAT}):
        service = built(monkeypatch, **variables)
        senders = [one for one in service.background if isinstance(one, Sender)]
        shares.append([sender.channels for sender in senders])
        for sender in senders:
            sender.stop()
            sender.wind_up()

    assert shares == [
        [("email", "sms", "webhook"), ("in_app",)],
        [("email", "webhook"), ("in_app",), ("sms",)],
        [("email",), ("in_app",), ("sms",), ("webhook",)],
    ]


def test_a_provider_that_there_is_not_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="SMS_URL: no kind 'carrier'"):
        built(monkeypatch, SMS_URL="carrier+https://a:hidden@sms.example/")
