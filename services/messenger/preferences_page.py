"""The page on which customers say what they want to hear, how often, when and how."""

from typing import Annotated

from fastapi import FastAPI, Form, Response

from services.messenger.customers import Customers
from services.messenger.handlers import answers, feedback, preferences
from services.messenger.links import LinkKind
from services.messenger.pages import render, said
from services.messenger.tables import MessageRow
from services.policy.preferences import HOURS, MOST_A_WEEK
from services.runtime.web import Problem

BREAKS = (7, 30)
"""Days of silence that may be asked for by one tap."""

Maybe = Annotated[str | None, Form()]


def add_to(api: FastAPI, customers: Customers, not_now_days: int) -> None:
    """Add the page's routes. A link that is forged, expired or of no message raises Gone."""
    context = customers.context

    def page(message: MessageRow, note: str | None = None, language: str | None = None) -> Response:
        wishes = preferences.wishes_of(context, message)
        return render(
            "preferences.html",
            language or wishes.get("language") or message.locale,
            note=note,
            brand=customers.brand(message),
            purposes=answers.PURPOSES,
            wanted=answers.wanted_purposes(context, message),
            breaks=BREAKS,
            hours=HOURS,
            seldom=MOST_A_WEEK,
            languages=preferences.LANGUAGES,
            ways=preferences.WAYS,
            wishes=wishes,
            known=preferences.known(context, message),
        )

    @api.get("/preferences/{token}", tags=["customers"])
    def show(token: str) -> Response:
        """What the customer may choose, and what is known of them; looking changes nothing."""
        return page(customers.message(LinkKind.PREFERENCES, token))

    @api.post("/preferences/{token}", tags=["customers"])
    def change(
        token: str,
        do: Annotated[str, Form()],
        purpose: Annotated[tuple[str, ...], Form()] = (),
        max_a_week: Maybe = None,
        hours: Maybe = None,
        language: Maybe = None,
        by: Maybe = None,
    ) -> Response:
        """`do`: save, off, not_now (or not_now_7, not_now_30: days), helped, not_helped.

        Save takes the purposes that are wanted, and of the other wishes those that are given.
        """
        message = customers.message(LinkKind.PREFERENCES, token)
        identity = message.message_id
        wishes = preferences.wishes_of(context, message)
        locale = wishes.get("language") or message.locale
        days = {"not_now": not_now_days} | {f"not_now_{days}": days for days in BREAKS}
        if do in days:
            until = answers.rest(context, identity, days[do])
            return page(message, said("resting", locale, date=until.date().isoformat()))
        match do:
            case "save":
                answers.choose(context, identity, purpose)
                asked = preferences.Wishes(max_a_week, hours, language, by)
                wishes = preferences.wish(context, identity, asked)
                locale = wishes.get("language") or message.locale
            case "off":
                answers.unsubscribe(context, identity, "page", all_purposes=True)
            case "helped" | "not_helped":
                feedback.give(context, identity, helpful=do == "helped")
                return page(message, said("thanks", locale))
            case _:
                raise Problem(422, "Invalid request", "do must name a choice of the page.")
        return page(message, said("saved", locale))
