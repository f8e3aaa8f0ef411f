"""`rapport playbook publish, approve, withdraw, list` and `rapport topics --create`."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rapport.cli import app
from services.runtime.settings import Settings
from support.broker import Broker
from support.playbooks import numbered

TOKENS = "ann=1:operate,ben=2:operate+read,reader=3:read,other=4:operate+tenant:other"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A playbook to be published, by people who have tokens, beside the folder in force."""
    for number, name in enumerate(("in-force", "new"), start=1):
        home = tmp_path / name / "recover"
        shutil.copytree(Settings().playbooks_dir / "recover", home)
        numbered(home, number)
    monkeypatch.setenv("PLAYBOOKS_DIR", str(tmp_path / "in-force"))
    monkeypatch.setenv("API_TOKENS", TOKENS)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "new" / "recover"


def edit(home: Path, old: str, new: str) -> None:
    file = home / "playbook.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def rapport(broker: Broker, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--bootstrap", broker.address])


def playbook(broker: Broker, *arguments: str, status: int = 0) -> str:
    done = rapport(broker, "playbook", *arguments)
    assert done.exit_code == status, done.output
    return " ".join(done.output.split())


def listed(broker: Broker) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(rapport(broker, "playbook", "list", "--json").output)
    return found


def test_a_version_goes_into_force_and_out_again(broker: Broker, folder: Path) -> None:
    created = rapport(broker, "topics", "--create")
    assert "playbooks published: recover 1" in created.output
    assert "none, all are there" in rapport(broker, "topics", "--create").output
    playbook(broker, "publish", str(folder), "--as", "ann")
    assert "second person" in playbook(broker, "approve", "recover", "2", "--as", "ann", status=1)
    playbook(broker, "approve", "recover", "2", "--as", "ben")
    assert [one["version"] for one in listed(broker) if one["in_force"]] == [2]
    playbook(broker, "withdraw", "recover", "2", "--as", "ann")
    first, second = listed(broker)
    assert (first["in_force"], first["author"], first["approver"]) == (True, "folder", "operator")
    assert (second["status"], second["author"], second["approver"], second["withdrawn_by"]) == (
        "withdrawn",
        "ann",
        "ben",
        "ann",
    )
    assert "in force" in playbook(broker, "list")


def test_who_may_not_and_what_is_faulty_changes_nothing(broker: Broker, folder: Path) -> None:
    rapport(broker, "topics", "--create")
    assert "say who you are" in playbook(broker, "publish", str(folder), status=2)
    for who in ("reader", "other", "nobody"):
        assert f"{who}: no token" in playbook(broker, "publish", str(folder), "--as", who, status=2)
    edit(folder, "purpose: collection", "purpose: begging")
    said = playbook(broker, "publish", str(folder), "--as", "ann", status=1)
    assert "playbook.yaml:" in said
    assert "purpose" in said
    assert [one["version"] for one in listed(broker)] == [1]


def test_a_folder_with_the_same_version_and_other_content_is_a_fault(
    broker: Broker, folder: Path
) -> None:
    rapport(broker, "topics", "--create")
    edit(folder.parents[1] / "in-force" / "recover", "title: ", "title: Another ")
    refused = rapport(broker, "topics", "--create")
    assert refused.exit_code == 1
    said = " ".join(refused.output.split())
    assert "version: recover version 1 is published with other content" in said
    assert "in-force/recover/playbook.yaml:" in said
