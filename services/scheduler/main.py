"""The scheduler as a process."""

from datetime import timedelta

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.policy.standing import LOOK_AGAIN_SECONDS, PacksInForce
from services.runtime import worker
from services.runtime.context import Context
from services.scheduler import api, stream
from services.scheduler.evidence import Evidence
from services.scheduler.handlers import Handlers
from services.scheduler.model import Learning
from services.scheduler.settings import SchedulerSettings
from services.scheduler.timers import Announcing, Claiming, CountingStops, LookingAgain

NAME = "scheduler"
COUNT_STOPS_SECONDS = 2.0


def build(context: Context) -> worker.Service:
    """Put the service together. Raises PolicyFaults on a faulty policy folder."""
    settings = SchedulerSettings()
    in_force = PacksInForce(context.settings.policies_dir)
    learning = Learning(settings.own_hour_control_bp) if settings.own_hour else None
    decide = Handlers(
        in_force,
        timedelta(seconds=settings.spread_seconds),
        timedelta(days=settings.looks_ahead_days),
        learning,
    )
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_LOG,
        handlers=stream.handlers(decide),
        api=api.create(context, in_force, learning),
        refuses=frozenset({OUTREACH_COMMANDS}),
        rests_on={OUTREACH_COMMANDS: OUTREACH_LOG},
        timers=(
            worker.Timer(
                "claim-steps",
                settings.claim_every,
                Claiming(
                    context,
                    decide,
                    Announcing(context, in_force),
                    settings.claim_batch,
                    Evidence(context, settings.payment_lag_seconds),
                ),
            ),
            worker.Timer("read-policies", LOOK_AGAIN_SECONDS, LookingAgain(context, in_force)),
            worker.Timer("count-stops", COUNT_STOPS_SECONDS, CountingStops(context)),
        ),
    )


if __name__ == "__main__":
    worker.run(NAME, build)
