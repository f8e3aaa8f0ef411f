"""The messenger as a process."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from pydantic import SecretStr

from schemas.common import CHANNELS, Channel
from schemas.topics import OUTREACH_DISPATCHES, PLAYBOOKS
from services.messenger import (
    api,
    copy_api,
    inbox_api,
    signatures,
    stream,
    tenants,
    variants_api,
)
from services.messenger.handlers.claiming import Claiming
from services.messenger.handlers.intake import Letterbox
from services.messenger.handlers.pruning import prune_links
from services.messenger.handlers.replies import Listening
from services.messenger.handlers.returns import Patience
from services.messenger.handlers.texting import Texting
from services.messenger.handlers.weighing import Weighing
from services.messenger.intake import SmtpDoor, sweep
from services.messenger.letters import LetterWriter
from services.messenger.links import Links
from services.messenger.model import IN_APP
from services.messenger.pacing import Pacing
from services.messenger.providers import Provider, channels
from services.messenger.providers.doors import Door
from services.messenger.providers.doors.settings import parse as parse_doors
from services.messenger.providers.doors.twilio import TwilioDoor
from services.messenger.providers.http import HttpProvider
from services.messenger.providers.page import Page
from services.messenger.providers.smtp import Relay, SmtpPool
from services.messenger.rules.pacing import parse as parse_limits
from services.messenger.sender import Sender
from services.messenger.settings import MessengerSettings
from services.messenger.texts import ByChannel, TextWriter
from services.playbooks.catalogue import Catalogue
from services.policy.standing import LOOK_AGAIN_SECONDS, PacksInForce
from services.runtime import worker
from services.runtime.context import Context
from services.runtime.following import Following
from services.runtime.messages import Incoming

NAME = "messenger"
READ_MAIL_EVERY = 0.25
SWEEP_EVERY = 2.0


def build(context: Context) -> worker.Service:
    """Put the service together. Raises on a setting, policy or tenant at fault."""
    shared, own = context.settings, MessengerSettings()
    if not shared.smtp_url:
        raise ValueError("SMTP_URL is not set")
    tenants_by_name = tenants.load(shared.tenants_dir)
    links = Links(
        context.signer,
        here=shared.service_url(NAME),
        negotiator=shared.service_url("negotiator"),
        good_for=timedelta(days=own.link_days),
    )
    catalogue = Catalogue()

    def take(record: Incoming) -> None:
        catalogue.hear(record.event, record.data)

    weighing = Weighing(
        context,
        window_days=own.wording_window_days,
        memory_days=own.wording_memory_days,
        floor=own.wording_floor,
    )
    letters = LetterWriter(
        lambda: catalogue.standing,
        tenants_by_name,
        links,
        weighing,
        signatures.load(own.dkim_keys_dir, tenants_by_name.values()),
    )
    doors = parse_doors(own.webhook_secrets.get_secret_value())
    served = {
        channel: found
        for channel, variable, setting in _by_http(own)
        if (found := _provider(context, own, variable, setting, _reports_to(links, doors)))
        is not None
    }
    texts = TextWriter(lambda: catalogue.standing, tenants_by_name, links)
    writer = ByChannel({"email": letters, IN_APP: letters, **dict.fromkeys(served, texts)})
    relay = SmtpPool(Relay.parse(shared.smtp_url), context.clock, own.smtp_timeout)
    packs = PacksInForce(shared.policies_dir)
    claiming = Claiming(context, writer, packs, own.longest_lag)
    pacing = Pacing(
        parse_limits(own.domain_limits), context.clock, own.warm_up_since, own.warm_up_days
    )
    patience = Patience(
        own.soft_bounces, timedelta(days=own.soft_bounce_days), on_block=pacing.blocked
    )
    listening = Listening(
        frozenset(word for pack in packs for rule in pack.stop_words for word in rule.words),
        timedelta(days=own.paid_wait_days),
    )
    # Whoever is served by nobody else is told so by the mail's sender.
    others: dict[Channel, tuple[Provider, int]] = {
        IN_APP: (Page(), 1),
        **{channel: (one, own.http_connections) for channel, one in served.items()},
    }
    by_mail = [channel for channel in CHANNELS if channel not in others]
    senders = [Sender(context, claiming, relay, own.smtp_connections, pacing, by_mail)]
    for channel, (provider, connections) in others.items():
        unpaced = Pacing({}, context.clock, None, own.warm_up_days)
        senders.append(
            Sender(context, claiming, provider, connections, unpaced, [channel], vital=False)
        )

    # What goes to a page waits for its sender's next look: each look costs those who hurry.
    hurried = [sender for sender in senders if IN_APP not in sender.channels]

    def wake() -> None:
        for sender in hurried:
            sender.wake()

    texting = Texting(packs, tenants_by_name, served)
    letterbox = _letterbox(context, listening, patience, texting)
    http_api = api.create(context, links, tenants_by_name, doors, letterbox, own.not_now_days)
    variants_api.add_to(http_api, context, weighing)
    copy_api.add_to(http_api, context)
    inbox_api.add_to(http_api, context, listening)
    background: list[worker.Background] = [*senders]
    if own.replies_smtp_port is not None:
        door = SmtpDoor(letterbox, own.replies_smtp_host, own.replies_smtp_port)
        background.append(door)
    timers = [
        worker.Timer("weigh-wordings", own.wording_seconds, weighing),
        worker.Timer("read-policies", LOOK_AGAIN_SECONDS, packs.follow),
        worker.Timer("read-mail", READ_MAIL_EVERY, letterbox.read_next),
        worker.Timer("prune-mail", worker.PRUNE_EVERY_SECONDS, letterbox.prune),
        worker.Timer("prune-links", worker.PRUNE_EVERY_SECONDS, partial(prune_links, context)),
    ]
    if own.replies_maildir is not None:
        swept = partial(sweep, letterbox, own.replies_maildir)
        timers.append(worker.Timer("sweep-maildir", SWEEP_EVERY, swept))
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_DISPATCHES,
        handlers=stream.handlers(shared.inbox_days, wake),
        api=http_api,
        refuses=frozenset({OUTREACH_DISPATCHES}),
        background=tuple(background),
        timers=tuple(timers),
        follows=(Following(context, PLAYBOOKS, take, refuses=False),),
    )


def _by_http(own: MessengerSettings) -> tuple[tuple[Channel, str, SecretStr], ...]:
    """Each channel that may be served by HTTP, with the setting that says by whom."""
    return ("sms", "SMS_URL", own.sms_url), ("webhook", "WEBHOOK_URL", own.webhook_url)


def _provider(
    context: Context,
    own: MessengerSettings,
    variable: str,
    setting: SecretStr,
    reports_to: Mapping[str, str],
) -> HttpProvider | None:
    hosts, timeout = own.provider_hosts, own.http_timeout
    return channels.provider(variable, setting, hosts, context.clock, timeout, reports_to)


def _reports_to(links: Links, doors: Mapping[str, Door]) -> Mapping[str, str]:
    """Where a provider is asked, with each message, to tell what becomes of it: by its kind."""
    named = [name for name, door in doors.items() if isinstance(door, TwilioDoor)]
    # It calls nobody whom only this machine can reach.
    reached = named and links.here.startswith("https://")
    return {"twilio": f"{links.here}/webhooks/{named[0]}"} if reached else {}


def _letterbox(
    context: Context, listening: Listening, patience: Patience, texting: Texting
) -> Letterbox:
    ours = {
        address.lower()
        for tenant in texting.tenants.values()
        for address in (tenant.reply_to, tenant.unsubscribe_to, tenant.returns_to)
        if address
    }
    return Letterbox(context, ours, listening, patience, texting)


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
