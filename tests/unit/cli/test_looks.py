"""What all letters share is looked at before a playbook is published, as when it is validated."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rapport.cli import app
from services.messenger import layout, lint
from services.runtime.settings import ROOT

RECOVER = str(ROOT / "deploy" / "playbooks" / "recover")
COMMANDS = (["validate", RECOVER], ["publish", RECOVER, "--as", "ann"])


@pytest.mark.parametrize("command", COMMANDS, ids=["validate", "publish"])
def test_a_picture_without_words_is_refused(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = layout.compiled().replace('alt=""', "")
    monkeypatch.setattr(lint, "compiled", lambda: page)
    said = CliRunner().invoke(app, ["playbook", *command])
    assert said.exit_code == 1
    assert "mail.mjml:1: <img" in said.output
    assert "add alt" in said.output


@pytest.mark.parametrize("command", COMMANDS, ids=["validate", "publish"])
def test_a_tenants_file_at_fault_is_named(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "default.yaml").write_text("tenant: default\nlook: {colour: red}\n")
    monkeypatch.setenv("TENANTS_DIR", str(tmp_path))
    said = CliRunner().invoke(app, ["playbook", *command])
    assert said.exit_code == 2
    assert "default.yaml" in said.output
