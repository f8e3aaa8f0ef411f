"""Structured log lines on standard error: JSON, real time, no personal data.

What a customer is called, where they are reached and what they wrote never goes into a log line;
not even the pseudonym does. Lines name ids of messages, steps and positions instead.
"""

import logging
import sys
from typing import cast

import structlog


def configure(service: str, level: str = "INFO") -> None:
    """Send structlog's and the standard library's records to stderr, one JSON object a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.contextvars.bind_contextvars(service=service)
    for noisy in ("aiokafka", "faust", "mode", "uvicorn", "httpx", "alembic", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log = logging.get(__name__)`."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(name))
