"""The stand-in's page. It takes signed orders and answers with signed webhooks, as a provider does.

It moves no money and says so. Everything it says about a payment, whoever pressed the button.
"""

import hashlib
import json
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
from babel.numbers import format_currency, get_currency_precision
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader
from standardwebhooks import Webhook

from services.runtime.clock import Clock
from services.runtime.security import InvalidToken, Signer

STATES = {"succeed": "payment.succeeded", "later": "payment.pending", "fail": "payment.failed"}
WORDS = {
    "en": {
        "title": "Test payment",
        "stands": "This page stands in for a payment provider. No money moves.",
        "to": "To",
        "succeed": "Pay",
        "later": "Let it take a few days",
        "fail": "Let it fail",
        "undone": "Back without paying",
        "silent": "The shop does not answer. Nothing was paid; please try again.",
        "invalid": "This order is not valid, or it is too old.",
    },
    "zh": {
        "title": "测试付款",
        "stands": "这个页面代替真正的付款服务商，不会动用任何款项。",
        "to": "收款方",
        "succeed": "付款",
        "later": "让它几天后才到账",
        "fail": "让它失败",
        "undone": "不付款，返回",
        "silent": "对方没有回应，没有付款。请再试一次。",
        "invalid": "这个订单无效，或者已经过期。",
    },
    "ja": {
        "title": "テスト決済",
        "stands": "このページは決済会社の代わりです。お金は動きません。",
        "to": "お支払い先",
        "succeed": "支払う",
        "later": "数日かかることにする",
        "fail": "失敗させる",
        "undone": "支払わずに戻る",
        "silent": "先方から応答がありません。支払いは行われていません。もう一度お試しください。",
        "invalid": "この注文は無効か、期限が切れています。",
    },
}
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def application(secret: str, notify: str, clock: Clock) -> FastAPI:
    """secret: `whsec_BASE64`, shared with who orders. notify: where webhooks go."""
    app = FastAPI(title="Stand-in checkout", docs_url=None, redoc_url=None, openapi_url=None)
    signer, webhook = Signer(secret), Webhook(secret)

    def order_of(token: str) -> dict[str, Any]:
        return signer.verify("checkout", token, clock.now())

    @app.exception_handler(InvalidToken)
    def invalid(request: Request, error: Exception) -> Response:
        del request, error
        return _page("en", None, "", "invalid", 404)

    @app.get("/pay/{token}")
    def show(token: str) -> Response:
        order = order_of(token)
        return _page(order["l"], order, token)

    @app.post("/pay/{token}/{action}")
    def act(token: str, action: str) -> Response:
        order = order_of(token)
        state = STATES.get(action)
        if state is None:
            return RedirectResponse(order["z"], 303)
        data = {"checkout_id": order["c"], "amount_minor": order["a"], "currency": order["u"]}
        at = clock.real()
        body = json.dumps({"type": state, "timestamp": at.isoformat(), "data": data})
        # The same button twice is the same call: its id says so.
        call = hashlib.sha256(f"{order['c']} {state}".encode()).hexdigest()[:32]
        headers = {
            "content-type": "application/json",
            "webhook-id": f"msg_{call}",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": webhook.sign(f"msg_{call}", at.astimezone(UTC), body),
        }
        try:
            answer = httpx.post(notify, content=body, headers=headers, timeout=10)
        except httpx.TransportError:
            return _page(order["l"], order, token, "silent", 502)
        if answer.is_error:
            return _page(order["l"], order, token, "silent", 502)
        return RedirectResponse(order["z"] if action == "fail" else order["b"], 303)

    return app


def _page(
    language: str,
    order: dict[str, Any] | None,
    token: str,
    fault: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    words = WORDS.get(language, WORDS["en"])
    amount = None
    if order is not None:
        major = order["a"] / 10 ** get_currency_precision(order["u"])
        amount = format_currency(major, order["u"], locale=language)
    body = _PAGES.get_template("page.html").render(
        w=words,
        language=language if language in WORDS else "en",
        amount=amount,
        payee=order["p"] if order else None,
        path=f"/pay/{token}",
        fault=words[fault] if fault else None,
    )
    return HTMLResponse(body, status, headers=_HEADERS)
