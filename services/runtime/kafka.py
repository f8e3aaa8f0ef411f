"""How this process talks to Kafka: one translation of the settings for both clients.

aiokafka carries the services' streams; kafka-python what stands outside them: topic
administration, the command line's reading and publishing.
"""

import ssl
from typing import Any

from services.runtime.settings import Settings


def connection(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that aiokafka's and kafka-python's clients both understand.

    Raises ValueError where no broker is set, OSError where a certificate can't be read.
    """
    if not settings.kafka_bootstrap_servers:
        raise ValueError("KAFKA_BOOTSTRAP_SERVERS is not set")
    servers = settings.kafka_bootstrap_servers.split(",")
    arguments: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in servers if server.strip()],
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_sasl_mechanism:
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password,
        }
    if "SSL" in settings.kafka_security_protocol:
        context = ssl.create_default_context(cafile=settings.kafka_ssl_cafile)
        if settings.kafka_ssl_certfile:
            context.load_cert_chain(
                settings.kafka_ssl_certfile,
                settings.kafka_ssl_keyfile,
                settings.kafka_ssl_password,
            )
        arguments["ssl_context"] = context
    return arguments
