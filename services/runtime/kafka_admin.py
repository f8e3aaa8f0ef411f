"""How kafka-python talks to Kafka: topic administration, and what stands outside the stream."""

from typing import Any

from services.runtime.settings import Settings


def admin_connection(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for kafka-python's clients. Raises ValueError where no broker is set."""
    if not settings.kafka_bootstrap_servers:
        raise ValueError("KAFKA_BOOTSTRAP_SERVERS is not set")
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "request_timeout_ms": 10_000,
    }
    if settings.kafka_sasl_mechanism:
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password,
        }
    if "SSL" in settings.kafka_security_protocol:
        arguments |= {
            "ssl_cafile": settings.kafka_ssl_cafile,
            "ssl_certfile": settings.kafka_ssl_certfile,
            "ssl_keyfile": settings.kafka_ssl_keyfile,
            "ssl_password": settings.kafka_ssl_password,
        }
    return arguments
