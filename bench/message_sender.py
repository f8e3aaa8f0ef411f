"""One sending worker of the messenger, without a broker: the lanes it owns are given to it.

Prints `ready`, then `memory BYTES` twice a second, and at its end `cpu SECONDS`.
"""

import asyncio
import os
import resource
import sys
from datetime import timedelta

from sqlmodel import Session

from bench.message_load import TENANT
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger import tenants
from services.messenger.handlers.claiming import Claiming
from services.messenger.letters import LetterWriter
from services.messenger.links import Links
from services.messenger.main import NAME
from services.messenger.pacing import Pacing
from services.messenger.providers.smtp import Relay, SmtpPool
from services.messenger.sender import Sender
from services.messenger.settings import MessengerSettings
from services.messenger.variants import FirstOnly
from services.playbooks.catalogue import Standing
from services.playbooks.load import load_playbooks
from services.policy.packs import load as load_packs
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.settings import Settings
from services.runtime.worker import collect_seldom

PAGE = resource.getpagesize()


def build(lanes: list[int]) -> tuple[Context, Sender]:
    """The sender as `services.messenger.main` puts it together, owner of these lanes."""
    context, own = Context.from_settings(NAME, Settings()), MessengerSettings()
    settings = context.settings
    standing = Standing.of(
        load_playbooks(settings.playbooks_dir).values(), TENANT, context.clock.now()
    )
    links = Links(
        context.signer,
        here=settings.service_url(NAME),
        negotiator=settings.service_url("negotiator"),
        good_for=timedelta(days=own.link_days),
    )
    writer = LetterWriter(lambda: standing, tenants.load(settings.tenants_dir), links, FirstOnly())
    claiming = Claiming(context, writer, load_packs(settings.policies_dir), own.longest_lag)
    relay = SmtpPool(Relay.parse(settings.smtp_url or ""), context.clock, own.smtp_timeout)
    pacing = Pacing({}, context.clock, None, own.warm_up_days)
    sender = Sender(context, claiming, relay, own.smtp_connections, pacing)
    with Session(context.engine) as session:
        for lane in lanes:
            for topic in (CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG):
                taken = ledger.take_over(session, topic, lane, "bench", topic)
                context.owned[topic, lane] = taken
        session.commit()
    return context, sender


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def used_cpu() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def work(sender: Sender) -> None:
    """Send until standard input ends; say twice a second how much memory is in use."""
    begun = used_cpu()
    sending = asyncio.create_task(sender.run())
    asked = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    while not asked.done() and not sending.done():
        await asyncio.wait({asked, sending}, timeout=0.5)
        print(f"memory {resident_bytes()}", flush=True)
    sender.stop()
    await sending
    print(f"cpu {used_cpu() - begun:.3f}", flush=True)


def main() -> None:
    """Take the lanes over, say so, and work."""
    _, sender = build([int(lane) for lane in os.environ["BENCH_LANES"].split(",")])
    collect_seldom()
    print("ready", flush=True)
    asyncio.run(work(sender))


if __name__ == "__main__":
    main()
