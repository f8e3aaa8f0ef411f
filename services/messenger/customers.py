"""What the routes for customers share: a token gives back its message, or the link does nothing."""

from typing import Annotated

from fastapi import Header

from services.messenger import short_link_store
from services.messenger.handlers import answers
from services.messenger.links import LinkKind, Links, Token
from services.messenger.tables import MessageRow
from services.messenger.tenants import Tenant
from services.runtime.context import Context
from services.runtime.security import InvalidToken

UserAgent = Annotated[str, Header(alias="user-agent")]


class Gone(Exception):
    """A link that does nothing: 410 if it has expired, else 404."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Customers:
    """What the routes for customers share."""

    def __init__(self, context: Context, links: Links, tenants: dict[str, Tenant]) -> None:
        self.context = context
        self.links = links
        self.tenants = tenants

    def token(self, kind: LinkKind, text: str) -> Token:
        """The genuine token. Raises Gone."""
        try:
            return self.links.read(kind, text, self.context.clock.now())
        except InvalidToken as error:
            raise Gone(410 if error.expired else 404) from None

    def shortened(self, name: str) -> tuple[LinkKind, Token]:
        """What a short link stands for. Raises Gone, as for a token."""
        with self.context.unit() as work:
            row = short_link_store.find(work.session, name)
            if row is None:
                raise Gone(404)
            if row.expires_at <= work.now:
                raise Gone(410)
            return LinkKind(row.kind), Token(row.message_id, row.link)

    def message(self, kind: LinkKind, text: str) -> MessageRow:
        """The message a token belongs to. Raises Gone."""
        return self.read(self.token(kind, text), kind)

    def read(self, token: Token, kind: LinkKind) -> MessageRow:
        """The message of a token; only opting out works for a message that others read.

        Raises Gone.
        """
        try:
            message = answers.find(self.context, token.message_id)
        except answers.NotKnown:
            raise Gone(404) from None
        if kind is not LinkKind.UNSUBSCRIBE and answers.leads_nowhere(self.context, message):
            raise Gone(410)
        return message

    def brand(self, message: MessageRow) -> str:
        """In whose name it was sent."""
        return self.tenants.get(message.tenant, self.tenants["default"]).name

    def target(self, message: MessageRow, link: str) -> str:
        """Where a link leads, if that is allowed still. Raises Gone."""
        if link == "portal" and link in message.links:
            return self.links.portal(message.message_id, self.context.clock.now())
        target, tenant = message.links.get(link), self.tenants.get(message.tenant)
        if target is None or tenant is None or not tenant.allows(target):
            raise Gone(404)
        return target
