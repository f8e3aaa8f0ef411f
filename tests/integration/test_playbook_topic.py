"""The topic `playbooks` on real brokers: read to its end, followed, and bad records ignored."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from kafka import KafkaProducer
from processing_world import NOW, World
from running import on

from rapport.connection import connection
from rapport.playbook_folder import publish_folder, read_standing, send
from schemas.envelope import Envelope
from schemas.topics import OUTREACH_LOG, PLAYBOOKS
from services.playbooks import lifecycle
from services.playbooks.catalogue import Catalogue, Signed
from services.playbooks.load import PlaybookFaults, Source, build, read_source
from services.runtime.following import Following
from services.runtime.settings import Settings
from services.segmenter import api
from services.segmenter.playbooks import PlaybookNews
from support.broker import Broker
from support.database import Database
from support.playbooks import numbered
from support.polling import poll_until

TOKENS = (
    "ann=for-ann:operate+read,ben=for-ben:operate+read,reader=for-reader:read,"
    "other=for-other:operate+read+tenant:other"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of the shipped playbooks, to be changed."""
    home = tmp_path / "playbooks" / "recover"
    shutil.copytree(Settings().playbooks_dir / "recover", home)
    numbered(home, 1)
    return tmp_path / "playbooks"


@pytest.fixture
def settings(broker: Broker, folder: Path) -> Settings:
    """Of an operator whose folder that is; the topics are there."""
    given = Settings(**on(broker))
    return given.model_copy(update={"playbooks_dir": folder})


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


class Reader:
    """What a segmenter does about the topic, in a thread."""

    def __init__(self, world: World, broker: Broker) -> None:
        self.context = world.worker(
            kafka_bootstrap_servers=broker.address, api_tokens=TOKENS
        ).context
        self.catalogue = Catalogue()
        news = PlaybookNews(self.context, self.catalogue)
        self.following = Following(self.context, PLAYBOOKS, news.take, refuses=True)
        self.web = TestClient(api.create(self.context, self.catalogue))

    def __call__(self) -> None:
        asyncio.run(self.following.run())

    def ready(self) -> bool:
        return self.context.health.ready

    def in_force(self) -> dict[str, int]:
        found = self.catalogue.standing.in_force("default")
        return {name: playbook.version for name, playbook in found.items()}

    def until_in_force(self, version: int) -> None:
        poll_until(lambda: self.in_force() == {"recover": version})

    def ask(self, who: str, path: str, method: str = "POST") -> Any:
        return self.web.request(method, path, headers={"Authorization": f"Bearer for-{who}"})


@contextmanager
def reading(world: World, broker: Broker) -> Iterator[Reader]:
    reader = Reader(world, broker)
    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.following.stop()
        thread.join(20)
        assert not thread.is_alive()


def edited(folder: Path, version: int) -> Source:
    """The folder's playbook in another version."""
    home = folder / "recover"
    numbered(home, version)
    return read_source(home)


def draft(settings: Settings, source: Source) -> Envelope:
    standing = read_standing(connection(None, settings))
    return lifecycle.draft(standing, "default", build(source), source, Signed("ann", NOW))


def test_nobody_is_ready_before_something_is_published_and_then_knows_it(
    world: World, broker: Broker, settings: Settings
) -> None:
    with reading(world, broker) as reader:
        poll_until(lambda: reader.context.health.report()[PLAYBOOKS] == "nothing is published yet")
        assert publish_folder(settings) == ["recover 1"]
        poll_until(reader.ready)
        assert reader.in_force() == {"recover": 1}
    assert publish_folder(settings) == [], "all of it is there"


def test_a_folder_with_other_content_of_the_same_version_is_a_fault(
    broker: Broker, settings: Settings, folder: Path
) -> None:
    assert broker.address
    publish_folder(settings)
    file = folder / "recover" / "playbook.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("title: ", "title: Another ", 1), encoding="utf-8")
    with pytest.raises(PlaybookFaults) as refused:
        publish_folder(settings)
    (fault,) = refused.value.faults
    assert fault.file == file
    assert text.splitlines()[fault.line - 1] == "version: 1"
    assert "published with other content: raise the version" in fault.message


def test_a_draft_is_approved_by_a_second_person_over_http_and_withdrawn(
    world: World, broker: Broker, settings: Settings, folder: Path
) -> None:
    publish_folder(settings)
    connected = connection(None, settings)
    with reading(world, broker) as reader:
        poll_until(reader.ready)
        send([draft(settings, edited(folder, 2))], connected)
        poll_until(lambda: len(reader.catalogue.standing.editions) == 2)
        assert reader.ask("reader", "/playbooks/recover/2/approve").status_code == 403
        refused = reader.ask("ann", "/playbooks/recover/2/approve")
        assert (refused.status_code, "second person" in refused.json()["detail"]) == (409, True)
        assert reader.ask("other", "/playbooks/recover/2/approve").status_code == 403
        for do, version in (("approve", 2), ("withdraw", 1)):
            assert reader.ask("ben", f"/playbooks/recover/2/{do}").status_code == 202
            # What the publisher of the outbox would do.
            send([Envelope.model_validate(world.outbox(PLAYBOOKS)[-1])], connected)
            reader.until_in_force(version)
        listed = reader.ask("reader", "/playbooks", "GET").json()["playbooks"]
        assert reader.ask("other", "/playbooks", "GET").json()["playbooks"] == []
    assert [(one["version"], one["status"], one["in_force"]) for one in listed] == [
        (1, "published", True),
        (2, "withdrawn", False),
    ]
    second = listed[1]
    assert [second[part]["by"] for part in ("author", "approval", "withdrawal")] == [
        "ann",
        "ben",
        "ben",
    ]


def test_who_did_what_is_told_once_however_often_it_is_read(
    world: World, broker: Broker, settings: Settings
) -> None:
    publish_folder(settings)
    for _ in range(2):
        with reading(world, broker) as reader:
            poll_until(reader.ready)
    told = [(one["type"], one["data"]["actor"]) for one in world.outbox(OUTREACH_LOG)]
    assert told == [("playbook.published", "folder"), ("playbook.approved", "operator")]


def test_what_arrives_broken_is_ignored_and_dead_lettered_once(
    world: World, broker: Broker, settings: Settings, folder: Path
) -> None:
    publish_folder(settings)
    good = draft(settings, edited(folder, 2))
    bad = good.model_copy(update={"data": {**good.data, "document": {"name": "recover"}}})
    send([bad], connection(None, settings))
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for value in (b"{", b"[]", None):
        producer.send(PLAYBOOKS, key=b"default/recover/1/x", value=value, partition=0)
    producer.close()
    send([good], connection(None, settings))
    for _ in range(2):
        with reading(world, broker) as reader:
            poll_until(reader.ready)
            assert reader.in_force() == {"recover": 1}
            assert [one.status for one in reader.catalogue.standing.editions] == [
                "published",
                "draft",
            ]
    letters = world.dead_letters()
    assert [letter["code"] for letter in letters] == [
        "invalid_field",
        "not_json",
        "not_cloudevent",
        "empty",
    ]
    assert "Mend the playbook" in letters[0]["detail"]
    assert {letter["origin"]["topic"] for letter in letters} == {PLAYBOOKS}
