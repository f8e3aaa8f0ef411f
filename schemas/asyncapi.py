"""The AsyncAPI 3 document: every topic as a channel, every service's part as operations."""

from typing import Any, Final

from schemas import facts, topics
from schemas.common import Typed
from schemas.envelope import CONTENT_TYPE
from schemas.registry import PUBLISHED
from schemas.topics import Topic

BINDING: Final = "0.5.0"
"""Version of AsyncAPI's Kafka bindings."""

_DESCRIPTION: Final = """\
Every message is a CloudEvents 1.0 event in structured JSON; publishers may also write binary \
mode (ce_ headers). Kafka key and subject are the customer id. An event's identity is (tenant, \
source, id): a repeat changes nothing. Money is an integer in the currency's minor unit by \
ISO 4217. Fields marked x-personal-data travel on customer.events only."""


def document() -> dict[str, Any]:
    """The whole document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rapport",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "KAFKA_BOOTSTRAP_SERVERS.",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics.TOPICS},
        "operations": _operations(),
        "components": {
            "messages": {
                _message_name(model): _message(model)
                for models in PUBLISHED.values()
                for model in models
            }
        },
    }


def _message_name(model: type[Typed]) -> str:
    return f"{model.TYPE}-{model.VERSION}"


def _message(model: type[Typed]) -> dict[str, Any]:
    summary, _, rest = (model.__doc__ or "").strip().partition("\n")
    text = " ".join(rest.split())
    return {
        "name": model.TYPE,
        "title": model.__name__,
        "summary": summary,
        **({"description": text} if text else {}),
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": "json/cloudevent-1.json"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": model.TYPE},
                        "data": {"$ref": f"json/{_message_name(model)}.json"},
                    },
                },
            ]
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "Equal to the event's subject."},
                "bindingVersion": BINDING,
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    retention = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    return {
        "address": topic.name,
        "description": topic.summary,
        "messages": {
            _message_name(model): {"$ref": f"#/components/messages/{_message_name(model)}"}
            for model in PUBLISHED.get(topic.name, ())
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": retention,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _operations() -> dict[str, Any]:
    """Each service's sends and receives; an action is seen from the service that is named."""
    operations: dict[str, Any] = {}
    for topic in topics.TOPICS:
        for writer, models in _writers(topic).items():
            operations[f"{writer}.send.{topic.name}"] = _operation("send", writer, topic, models)
        for reader in topic.readers:
            operations[f"{reader}.receive.{topic.name}"] = _operation(
                "receive", reader, topic, PUBLISHED.get(topic.name, ())
            )
    return operations


def _writers(topic: Topic) -> dict[str, tuple[type[Typed], ...]]:
    if topic.name == topics.OUTREACH_LOG:
        return {
            name: tuple(dict.fromkeys((*models, *facts.SHARED)))
            for name, models in facts.WRITERS.items()
        }
    if topic.name == topics.DEAD_LETTERS:
        return dict.fromkeys(facts.WRITERS, PUBLISHED[topic.name])
    return {topic.owner: PUBLISHED.get(topic.name, ())}


def _operation(
    action: str, service: str, topic: Topic, models: tuple[type[Typed], ...]
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{service}: {topic.summary}",
        "tags": [{"name": service}],
        "messages": [
            {"$ref": f"#/channels/{topic.name}/messages/{_message_name(model)}"} for model in models
        ],
        "bindings": {"kafka": {"bindingVersion": BINDING}},
    }
