"""The page behind `Did this help? Yes / No` at the foot of each mail."""

from typing import Annotated

from fastapi import FastAPI, Form, Response

from services.messenger.customers import Customers, UserAgent
from services.messenger.handlers import answers, feedback
from services.messenger.links import LinkKind
from services.messenger.pages import render, said
from services.runtime.web import Problem


def add_to(api: FastAPI, customers: Customers) -> None:
    """Add the page's routes. A link that is forged, expired or of no message raises Gone."""

    @api.get("/t/f/{token}", tags=["customers"])
    def ask(token: str, user_agent: UserAgent = "") -> Response:
        """The question, the tapped answer first; looking records the click and nothing else."""
        found = customers.token(LinkKind.FEEDBACK, token)
        tapped, link = ("yes", "helped") if found.link == "yes" else ("no", "not_helped")
        customers.read(found, LinkKind.FEEDBACK)
        message = answers.note_click(customers.context, found.message_id, link, user_agent)
        return render("feedback.html", message.locale, tapped=tapped)

    @api.post("/t/f/{token}", tags=["customers"])
    def answer(token: str, helpful: Annotated[str, Form()] = "") -> Response:
        """`helpful`: yes or no; the last answer counts, the same one again changes nothing."""
        message = customers.message(LinkKind.FEEDBACK, token)
        if helpful not in ("yes", "no"):
            raise Problem(422, "Invalid request", "helpful must be yes or no.")
        feedback.give(customers.context, message.message_id, helpful=helpful == "yes")
        text = "helped_text" if helpful == "yes" else "not_helped_text"
        return render(
            "message.html",
            message.locale,
            title=said("thanks", message.locale),
            text=said(text, message.locale, brand=customers.brand(message)),
        )
