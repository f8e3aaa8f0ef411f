"""Paying on the page, and the provider's webhooks."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from services.negotiator import metrics
from services.negotiator.handlers import payments
from services.negotiator.handlers.payments import Paying, Taken
from services.negotiator.providers import Forged, Report
from services.negotiator.providers.hosted import HostedCheckout
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context
from services.runtime.web import Problem

MOST_BYTES = 64 * 1024


def paying(settings: NegotiatorSettings) -> Paying | None:
    """Payments by the provider that is set; None: nothing is paid here. Raises ValueError."""
    if settings.payment_checkout_url is None:
        return None
    provider = HostedCheckout(settings.payment_checkout_url, settings.payment_secret or "")
    return Paying(provider, settings.promise_tolerance_percent)


class Webhooks:
    """`POST /payments/webhook`: what the provider says became of a payment."""

    def __init__(self, context: Context, taking: Paying) -> None:
        self._context = context
        self._provider = taking.provider

    def routes(self) -> APIRouter:
        """The router."""
        router = APIRouter(tags=["providers"])
        router.post("/payments/webhook")(self.take)
        return router

    async def take(self, request: Request) -> JSONResponse:
        """Signed by Standard Webhooks; taken once, however often it comes.

        401 where the signature or its age doesn't fit, 404 for a payment that was never begun,
        409 where the amount is another one: then nothing changes.
        """
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise Problem(413, "Too large", f"A webhook may have {MOST_BYTES} bytes at most.")
        try:
            report = self._provider.read(request.headers, bytes(body))
        except Forged:
            metrics.WEBHOOKS.labels("forged").inc()
            raise Problem(401, "Not signed", "The signature or its age doesn't fit.") from None
        taken = await run_in_threadpool(self._apply, report)
        metrics.WEBHOOKS.labels(taken.value).inc()
        if taken is Taken.UNKNOWN:
            raise Problem(404, "Not known", "No such payment was begun here.")
        if taken is Taken.MISFIT:
            raise Problem(409, "Another amount", "Amount or currency is not the one begun.")
        return JSONResponse({"status": taken.value})

    def _apply(self, report: Report) -> Taken:
        with self._context.unit() as work:
            return payments.take(work, report)
