"""Settings of the messenger alone; the shared ones are the runtime's."""

from datetime import date
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class MessengerSettings(BaseSettings):
    """One field a variable; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    smtp_connections: int = Field(
        8, ge=1, le=256, description="Letters in flight at once, one connection each."
    )
    smtp_timeout: float = Field(
        30.0, gt=0, description="Real seconds to wait for a relay's answer before it is doubt."
    )
    sms_url: SecretStr = Field(
        SecretStr(""),
        description="KIND+https://USER:SECRET@HOST/PATH?OPTIONS of who sends SMS; kinds: twilio, "
        "webhook. Unset: nobody does.",
    )
    webhook_url: SecretStr = Field(
        SecretStr(""),
        description="The same for the channel `webhook`; kinds: whatsapp, wecom, webhook.",
    )
    provider_hosts: str = Field(
        "",
        description="HOST,...: where messages may go besides, such as the hosts of customers' own "
        "webhooks. Nothing is ever sent to any other.",
    )
    http_connections: int = Field(
        8, ge=1, le=64, description="Messages in flight at once, for each channel by HTTP."
    )
    http_timeout: float = Field(
        10.0, gt=0, le=60, description="Real seconds of one exchange with such a provider, in all."
    )
    dkim_keys_dir: Path | None = Field(
        None,
        description="Private keys that sign mail, DOMAIN/SELECTOR.pem; unset: none is signed.",
    )
    domain_limits: str = Field(
        "",
        description="gmail.com=20,*=100: letters a second that one worker hands over for a "
        "receiving domain; * is any other. Unset: as fast as the relay takes them.",
    )
    warm_up_since: date | None = Field(
        None, description="Day since which mail is sent by a new sender; unset: it is known."
    )
    warm_up_days: int = Field(
        14, ge=1, description="Days until a new sender uses its limits in full, doubling every two."
    )
    longest_lag: float = Field(
        1.5,
        gt=0,
        le=2,
        description="Real seconds the log may be behind at the final check; 2 is the promise, "
        "the rest is for handing over.",
    )
    link_days: int = Field(
        180, ge=30, description="Days (business time) a link to a target works; opt-outs for ever."
    )
    not_now_days: int = Field(14, ge=1, description="Days of silence that `not now` asks for.")
    paid_wait_days: int = Field(
        7,
        ge=1,
        le=30,
        description="Days (business time) that nothing is said about a bill which the customer "
        "says is paid, while the publisher looks.",
    )
    wording_window_days: int = Field(
        14, ge=1, description="Days after a message in which an outcome counts for its wording."
    )
    wording_memory_days: int = Field(
        180, ge=28, description="Days after which what became of a wording is forgotten."
    )
    wording_floor: float = Field(
        0.05, ge=0, le=0.5, description="Least probability of each wording that may be chosen."
    )
    wording_seconds: float = Field(
        5.0, gt=0, description="Real seconds between two weighings of what wordings brought."
    )
    replies_smtp_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which mail comes in; unset: none does."
    )
    replies_smtp_host: str = Field("127.0.0.1", description="Address it listens on.")
    replies_maildir: Path | None = Field(
        None, description="Maildir from which mail is taken, too, such as a mail server's."
    )
    soft_bounces: int = Field(
        3, ge=2, description="Messages to an address that come back softly until it counts as dead."
    )
    soft_bounce_days: int = Field(14, ge=1, description="Days (business time) they count.")
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="NAME=SECRET,...: who may tell of deliveries and answers, at /webhooks/NAME. "
        "SECRET: whsec_BASE64 (Standard Webhooks), twilio:AUTH_TOKEN (twilio-plain: where Twilio "
        "leaves STOP and HELP to us), meta:APP_SECRET:VERIFY_TOKEN.",
    )
