"""In whose name mail is sent and where its links lead: one file a tenant in deploy/tenants."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.common import EmailAddress
from services.messenger.mail import Identity, clean

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class TenantFaults(Exception):
    """A tenant's file cannot be used; the text names the file and what to mend."""


class Tenant(BaseModel):
    """One tenant's file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = Field(description="Its name, as events carry it.")
    name: str = Field(min_length=1, max_length=80, description="Sender's name on every mail.")
    address: EmailAddress = Field(description="From.")
    reply_to: EmailAddress = Field(description="Where answers go.")
    unsubscribe_to: EmailAddress = Field(description="Mailbox of the List-Unsubscribe header.")
    returns_to: EmailAddress | None = Field(
        None, description="Envelope sender, where bounces go; unset: `address`."
    )
    postal_address: str = Field(min_length=1, description="Stands at the foot of every mail.")
    message_id_domain: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    links: dict[str, str] = Field(
        default={},
        description="Where links lead: https addresses, with {obligation_id} where it belongs.",
    )

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if clean(value) != value:
            raise ValueError("must be one line without control characters")
        return value

    @field_validator("links")
    @classmethod
    def _safe(cls, links: dict[str, str]) -> dict[str, str]:
        for name, target in links.items():
            if not is_web_address(target):
                raise ValueError(f"{name} must be an https address")
        return links

    @property
    def identity(self) -> Identity:
        """What the letters' headers say."""
        return Identity(
            self.name,
            self.address,
            self.reply_to,
            self.unsubscribe_to,
            self.message_id_domain,
            self.returns_to,
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
