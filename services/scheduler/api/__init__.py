"""The scheduler over HTTP: what is planned for whom, what was decided and why; what to stop."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from services.policy.model import Pack
from services.runtime.context import Context
from services.runtime.web import create_api
from services.scheduler.api import console, customers, explain, outreach, sending
from services.scheduler.model import Learning
from services.scheduler.taking_effect import TakingEffect

DESCRIPTION = "When each contact goes out, or why not."


def create(
    context: Context,
    packs: Sequence[Pack],
    learning: Learning | None = None,
    takes_effect: Callable[[], bool] | None = None,
) -> FastAPI:
    """The scheduler's routes.

    packs: the policy packs in force. learning: of customers' hours. takes_effect: waits until a
    stop holds everywhere, and tells whether it does; None: as `TakingEffect`.
    """
    api = create_api(context, "Rapport scheduler", DESCRIPTION)
    api.include_router(outreach.routes(context, packs, learning))
    api.include_router(customers.routes(context, packs, learning))
    api.include_router(explain.routes(context, packs))
    api.include_router(sending.routes(context, takes_effect or TakingEffect(context)))
    api.include_router(console.routes(context))
    return api
