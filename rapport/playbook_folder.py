"""Puts the playbooks of PLAYBOOKS_DIR in force: whoever deploys the folder approves it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from rapport.connection import connection
from rapport.reading import Raw, read_to_end
from schemas.envelope import CONTENT_TYPE, Envelope, check_key, decode, encode, parse_data
from schemas.errors import Rejection
from schemas.topics import PLAYBOOKS
from services.playbooks.catalogue import Catalogue, Signed, Standing
from services.playbooks.lifecycle import OPERATOR, Refused, from_folder
from services.playbooks.load import PlaybookFaults, build, read_source
from services.runtime.clock import Clock
from services.runtime.settings import Settings
from services.yaml_lines import Fault

TENANT = "default"
"""Whose playbooks those of the folder are."""
_SEND_SECONDS = 30
_LARGEST = 2 << 20


def publish_folder(settings: Settings, bootstrap: str | None = None) -> list[str]:
    """Publish, as approved, what the topic lacks of the folder; `NAME VERSION` of each.

    Nothing is published where any playbook has a fault, or is published with other content.
    Raises PlaybookFaults, and kafka.errors.KafkaError, TopicMissing or NoBroker.
    """
    connected = connection(bootstrap, settings)
    standing = read_standing(connected)
    by = Signed(OPERATOR, Clock.parse(settings.clock).now())
    records: list[Envelope] = []
    published: list[str] = []
    faults: list[Fault] = []
    for home in _homes(settings.playbooks_dir):
        try:
            source = read_source(home)
            playbook = build(source)
            found = from_folder(standing, TENANT, playbook, source, by)
        except PlaybookFaults as error:
            faults += error.faults
        except Refused as error:
            faults.append(source.file.fault(["version"], f"version: {error}"))
        else:
            records += found
            published += [f"{playbook.name} {playbook.version}"] if found else []
    if faults:
        raise PlaybookFaults(faults)
    send(records, connected)
    return published


def read_standing(connected: dict[str, Any]) -> Standing:
    """How the playbooks stand on the topic. Raises kafka.errors.KafkaError, TopicMissing."""
    catalogue = Catalogue()
    for raw in read_to_end(PLAYBOOKS, connected):
        try:
            _hear(catalogue, raw)
        except Rejection:
            continue  # the services say so; what was in force before still is
    return catalogue.standing


def _hear(catalogue: Catalogue, raw: Raw) -> None:
    event = decode(raw.value, raw.headers)
    check_key(event, raw.key)
    catalogue.hear(event, parse_data(event, PLAYBOOKS))


def send(records: Iterable[Envelope], connected: dict[str, Any]) -> None:
    """Publish records on the topic, in order. Raises kafka.errors.KafkaError."""
    producer = KafkaProducer(**connected, acks="all", max_request_size=_LARGEST)
    try:
        sent = [
            producer.send(
                PLAYBOOKS,
                key=record.subject.encode(),
                value=encode(record),
                headers=[("content-type", CONTENT_TYPE.encode())],
                partition=0,
            )
            for record in records
        ]
        producer.flush(_SEND_SECONDS)
        for one in sent:
            one.get(_SEND_SECONDS)
    finally:
        producer.close(_SEND_SECONDS)


def _homes(folder: Path) -> list[Path]:
    homes = [file.parent for file in sorted(folder.glob("*/playbook.yaml"))]
    if not homes:
        raise PlaybookFaults([Fault(folder, 1, "holds no playbook; add NAME/playbook.yaml")])
    return homes
