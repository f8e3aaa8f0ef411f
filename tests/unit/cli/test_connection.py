"""Where the command line finds the broker."""

import json
from pathlib import Path

import pytest

from rapport.connection import NoBroker, bootstrap_servers, connection, running
from services.runtime.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM"):
        monkeypatch.delenv(name, raising=False)


def run_file(folder: Path, content: str) -> None:
    (folder / ".rapport").mkdir()
    (folder / ".rapport" / "run.json").write_text(content)


def test_the_option_goes_before_the_setting_before_what_runs(tmp_path: Path) -> None:
    run_file(tmp_path, json.dumps({"kafka": "127.0.0.1:3"}))
    unset, set_ = Settings(), Settings(kafka_bootstrap_servers="a:2, b:2")
    assert bootstrap_servers("c:1", set_) == ["c:1"]
    assert bootstrap_servers(None, set_) == ["a:2", "b:2"]
    assert bootstrap_servers(None, unset) == ["127.0.0.1:3"]


def test_without_any_it_says_how_to_name_one() -> None:
    with pytest.raises(NoBroker, match="--bootstrap HOST:PORT"):
        bootstrap_servers(None, Settings())


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_broken_run_file_is_none(tmp_path: Path, content: str) -> None:
    run_file(tmp_path, content)
    assert running() == {}


def test_the_usual_kafka_settings_are_taken() -> None:
    settings = Settings(
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="ana",
        kafka_sasl_password="secret",
    )
    arguments = connection("broker:9093", settings)
    assert arguments["security_protocol"] == "SASL_SSL"
    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (arguments["sasl_plain_username"], arguments["sasl_plain_password"]) == ("ana", "secret")
    assert arguments["ssl_context"].check_hostname


def test_plain_connections_need_no_certificates() -> None:
    assert "ssl_context" not in connection("broker:9092", Settings())
