"""In whose name mail is sent and where its links lead: one file a tenant in deploy/tenants."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.common import EmailAddress
from services.messenger.look import HOUSE_COLOUR
from services.messenger.mail import Identity, clean
from services.playbooks.debts import tells_of_debt

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _one_line(value: str) -> str:
    if clean(value) != value:
        raise ValueError("must be one line without control characters")
    return value


Line = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_one_line)]


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in a letter: its headers, postal address and look, and the key that signs it."""

    identity: Identity
    postal_address: str
    colour: str
    logo_text: str | None
    dkim: "Dkim | None"


class TenantFaults(Exception):
    """A tenant's file cannot be used; the text names the file and what to mend."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Look(_Part):
    """How letters look. `logo_text` stands at their head; absent: the creditor's name."""

    colour: str = Field(default=HOUSE_COLOUR, pattern=r"^#[0-9a-f]{6}$")
    logo_text: Line | None = None


class Dkim(_Part):
    """The key that letters are signed with; the domain is that of the address they come from."""

    selector: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    key_file: Path = Field(description="PEM file of the private key.")


class Creditor(_Part):
    """What is different where a letter is on behalf of this creditor; absent: as the tenant's."""

    name: Line | None = None
    discreet_name: Line | None = None
    address: EmailAddress | None = None
    reply_to: EmailAddress | None = None
    postal_address: str | None = Field(default=None, min_length=1)
    look: Look | None = None
    dkim: Dkim | None = None


class Tenant(_Part):
    """One tenant's file, checked."""

    tenant: str = Field(description="Its name, as events carry it.")
    name: Line = Field(description="Sender's name on every mail.")
    discreet_name: Line | None = Field(
        None, description="Instead of it while it is not sure who reads; must tell of no debt."
    )
    address: EmailAddress = Field(description="From.")
    reply_to: EmailAddress = Field(description="Where answers go.")
    unsubscribe_to: EmailAddress = Field(description="Mailbox of the List-Unsubscribe header.")
    returns_to: EmailAddress | None = Field(
        None, description="Envelope sender, where bounces go; unset: `address`."
    )
    postal_address: str = Field(min_length=1, description="Stands at the foot of every mail.")
    message_id_domain: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    look: Look = Look()
    dkim: Dkim | None = None
    creditors: dict[str, Creditor] = Field(
        default={}, description="By creditor's name, as events carry it."
    )
    links: dict[str, str] = Field(
        default={},
        description="Where links lead: https addresses, with {obligation_id} where it belongs.",
    )

    @field_validator("links")
    @classmethod
    def _safe(cls, links: dict[str, str]) -> dict[str, str]:
        for name, target in links.items():
            if not is_web_address(target):
                raise ValueError(f"{name} must be an https address")
        return links

    @model_validator(mode="after")
    def _keeps_secrets(self) -> "Tenant":
        named: dict[str, Tenant | Creditor] = {"": self}
        named |= {f"creditors.{name}.": one for name, one in self.creditors.items()}
        for where, one in named.items():
            if one.name and tells_of_debt(one.name) and one.discreet_name is None:
                raise ValueError(
                    f"{where}name tells whoever sees it of a debt; add discreet_name, which is "
                    "shown while it is not sure who reads (the name again, if it is harmless)"
                )
            for name in ("address", "reply_to"):
                address = getattr(one, name) or ""
                if tells_of_debt(address.partition("@")[0]):
                    raise ValueError(f"{where}{name} tells whoever sees it of a debt; take another")
        return self

    def on_behalf_of(self, creditor: str | None, *, discreet: bool = False) -> "Voice":
        """Who speaks in a letter about this creditor's matter.

        discreet: in a name that tells nobody of a debt.
        """
        own = self.creditors.get(creditor or "", Creditor())
        name = own.name or self.name
        if discreet:
            name = (own.discreet_name if own.name else self.discreet_name) or name
        look = own.look or self.look
        return Voice(
            Identity(
                name,
                own.address or self.address,
                own.reply_to or self.reply_to,
                self.unsubscribe_to,
                self.message_id_domain,
                self.returns_to,
            ),
            own.postal_address or self.postal_address,
            look.colour,
            look.logo_text,
            # Another address may be of another domain, for which the tenant's key says nothing.
            own.dkim or (None if own.address else self.dkim),
        )

    def targets(self, obligation_id: str, names: Iterable[str]) -> dict[str, str]:
        """Where those of these links that there are lead for this obligation."""
        quoted = quote(obligation_id, safe="")
        return {
            name: self.links[name].replace("{obligation_id}", quoted)
            for name in names
            if name in self.links
        }

    def allows(self, target: str) -> bool:
        """Whether the tenant's links lead to this host still."""
        hosts = {urlsplit(link).netloc for link in self.links.values()}
        return is_web_address(target) and urlsplit(target).netloc in hosts


def is_web_address(target: str) -> bool:
    """Whether it is https, or plain http to this machine."""
    parts = urlsplit(target)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.netloc) and (parts.scheme == "https" or local)


def load(folder: Path) -> dict[str, Tenant]:
    """Every tenant's file, by tenant. Raises TenantFaults."""
    tenants: dict[str, Tenant] = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            tenant = Tenant.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise TenantFaults(f"{file}: not YAML: {error}") from None
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise TenantFaults(f"{file}: {where}: {fault['msg']}") from None
        tenants[tenant.tenant] = tenant
    if "default" not in tenants:
        raise TenantFaults(f"{folder}: add default.yaml, the identity of the tenant `default`")
    return tenants
