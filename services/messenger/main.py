"""The messenger as a process."""

from datetime import timedelta
from functools import partial

from schemas.topics import OUTREACH_DISPATCHES, PLAYBOOKS
from services.messenger import api, copy_api, signatures, stream, tenants, variants_api
from services.messenger.handlers.claiming import Claiming
from services.messenger.handlers.intake import Letterbox
from services.messenger.handlers.replies import Listening
from services.messenger.handlers.returns import Patience
from services.messenger.handlers.webhooks import parse_secrets
from services.messenger.handlers.weighing import Weighing
from services.messenger.intake import SmtpDoor, sweep
from services.messenger.letters import LetterWriter
from services.messenger.links import Links
from services.messenger.pacing import Pacing
from services.messenger.providers.smtp import Relay, SmtpPool
from services.messenger.rules.pacing import parse as parse_limits
from services.messenger.sender import Sender
from services.messenger.settings import MessengerSettings
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
    writer = LetterWriter(
        lambda: catalogue.standing,
        tenants_by_name,
        links,
        weighing,
        signatures.load(own.dkim_keys_dir, tenants_by_name.values()),
    )
    relay = SmtpPool(Relay.parse(shared.smtp_url), context.clock.monotonic, own.smtp_timeout)
    packs = PacksInForce(shared.policies_dir)
    claiming = Claiming(context, writer, packs, own.longest_lag)
    patience = Patience(own.soft_bounces, timedelta(days=own.soft_bounce_days))
    listening = Listening(
        frozenset(word for pack in packs for rule in pack.stop_words for word in rule.words),
        timedelta(days=own.paid_wait_days),
    )
    pacing = Pacing(
        parse_limits(own.domain_limits), context.clock, own.warm_up_since, own.warm_up_days
    )
    sender = Sender(context, claiming, relay, own.smtp_connections, pacing)
    served = api.create(
        context,
        links,
        tenants_by_name,
        parse_secrets(own.webhook_secrets.get_secret_value()),
        own.not_now_days,
        listening,
        patience,
    )
    variants_api.add_to(served, context, weighing)
    letterbox = _letterbox(context, tenants_by_name, listening, patience)
    copy_api.add_to(served, context)
    background: list[worker.Background] = [sender]
    if own.replies_smtp_port is not None:
        door = SmtpDoor(letterbox, own.replies_smtp_host, own.replies_smtp_port)
        background.append(door)
    timers = [
        worker.Timer("weigh-wordings", own.wording_seconds, weighing),
        worker.Timer("read-policies", LOOK_AGAIN_SECONDS, packs.follow),
        worker.Timer("read-mail", READ_MAIL_EVERY, letterbox.read_next),
        worker.Timer("prune-mail", worker.PRUNE_EVERY_SECONDS, letterbox.prune),
    ]
    if own.replies_maildir is not None:
        swept = partial(sweep, letterbox, own.replies_maildir)
        timers.append(worker.Timer("sweep-maildir", SWEEP_EVERY, swept))
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_DISPATCHES,
        handlers=stream.handlers(shared.inbox_days, sender.wake),
        api=served,
        refuses=frozenset({OUTREACH_DISPATCHES}),
        background=tuple(background),
        timers=tuple(timers),
        follows=(Following(context, PLAYBOOKS, take, refuses=False),),
    )


def _letterbox(
    context: Context,
    tenants_by_name: dict[str, tenants.Tenant],
    listening: Listening,
    patience: Patience,
) -> Letterbox:
    ours = {
        address.lower()
        for tenant in tenants_by_name.values()
        for address in (tenant.reply_to, tenant.unsubscribe_to, tenant.returns_to)
        if address
    }
    return Letterbox(context, ours, listening, patience)


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
