"""Who serves which channel, by settings."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from pydantic import SecretStr

from services.messenger.providers.adapters import Adapter
from services.messenger.providers.adapters.twilio import Twilio
from services.messenger.providers.adapters.webhook import SignedWebhook
from services.messenger.providers.adapters.wecom import WeCom
from services.messenger.providers.adapters.whatsapp import WhatsApp
from services.messenger.providers.endpoint import Endpoint
from services.messenger.providers.http import HttpProvider
from services.runtime.clock import Clock

KINDS: Final[Mapping[str, Mapping[str, Callable[[Endpoint], Adapter]]]] = {
    "SMS_URL": {"twilio": Twilio, "webhook": SignedWebhook},
    "WEBHOOK_URL": {"whatsapp": WhatsApp, "wecom": WeCom, "webhook": SignedWebhook},
}
"""By setting: the kinds of providers that may stand there."""


def provider(
    variable: str,
    setting: SecretStr,
    hosts: str,
    clock: Clock,
    timeout: float,
    reports_to: Mapping[str, str],
) -> HttpProvider | None:
    """The provider that a setting names; None where it is unset.

    hosts: PROVIDER_HOSTS. reports_to: by kind, where it may tell of deliveries. Raises
    ValueError, which does not repeat the secret.
    """
    text = setting.get_secret_value()
    if not text:
        return None
    endpoint = Endpoint.parse(variable, text)
    endpoint = replace(endpoint, reports_to=reports_to.get(endpoint.kind, ""))
    make = KINDS[variable].get(endpoint.kind)
    if make is None:
        known = ", ".join(KINDS[variable])
        raise ValueError(f"{variable}: no kind {endpoint.kind!r}; there are {known}")
    try:
        adapter = make(endpoint)
    except ValueError as error:
        raise ValueError(f"{variable}: {error}") from None
    allowed = {one.strip().lower() for one in hosts.split(",") if one.strip()}
    return HttpProvider(adapter, frozenset({endpoint.host, *allowed}), clock, timeout=timeout)
