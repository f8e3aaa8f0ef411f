"""The page behind a one-tap answer: what it says, and a button that sends it."""

from fastapi import FastAPI, Response

from services.messenger.customers import Customers, UserAgent
from services.messenger.handlers import choices
from services.messenger.links import LinkKind
from services.messenger.pages import render, said


def add_to(api: FastAPI, customers: Customers) -> None:
    """Add the page's routes. A link that is forged, expired or of no message raises Gone."""

    @api.get("/t/a/{token}", tags=["customers"])
    def ask(token: str, user_agent: UserAgent = "") -> Response:
        """The answer with its button; looking records the click and nothing else."""
        found = customers.token(LinkKind.CHOICE, token)
        customers.read(found, LinkKind.CHOICE)
        answered = choices.look(customers.context, found.message_id, found.link or "", user_agent)
        if answered.counts is not None:
            return page(answered)
        locale, brand = answered.message.locale, customers.brand(answered.message)
        return render(
            "choice.html",
            locale,
            title=answered.choice.label,
            text=said(f"choose_{answered.choice.does}", locale, brand=brand),
        )

    @api.post("/t/a/{token}", tags=["customers"])
    def answer(token: str) -> Response:
        """Send it. The first answer counts: the same again changes nothing, nor does another."""
        found = customers.token(LinkKind.CHOICE, token)
        customers.read(found, LinkKind.CHOICE)
        return page(choices.choose(customers.context, found.message_id, found.link or ""))

    def page(answered: choices.Answered) -> Response:
        locale, brand = answered.message.locale, customers.brand(answered.message)
        title, text = "already_title", "already_text"
        if answered.counts:
            title, text = "chosen_title", f"chosen_{answered.choice.does}"
        return render(
            "message.html",
            locale,
            title=said(title, locale),
            text=said(text, locale, brand=brand, label=answered.label),
        )
