"""Apache Kafka without Docker: it starts from its jars, keeps its data, and ends when told."""

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from services.runtime.embedded import kafka
from services.runtime.embedded.children import answers
from services.runtime.embedded.kafka import ApacheKafka

ROOT = Path(__file__).parents[2]


@pytest.mark.brokers("kafka")
def test_a_node_keeps_its_folder_over_a_restart_on_another_port(tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        with (
            ApacheKafka(tmp_path / "kafka") as node,
            closing(KafkaAdminClient(bootstrap_servers=node.address)) as admin,
        ):
            if not admin.list_topics():
                admin.create_topics([NewTopic("kept", num_partitions=2, replication_factor=1)])
            topic = admin.describe_topics(["kept"])[0]
            ids.append((admin.describe_cluster()["cluster_id"], topic["topic_id"]))
    assert ids[0] == ids[1]


@pytest.mark.brokers("kafka")
def test_the_command_runs_a_node_until_it_is_told_to_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "deploy/kafka/run.py", "--port=0", f"--data={tmp_path / 'kafka'}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as command:
        assert command.stdout is not None
        line = command.stdout.readline()
        said = re.fullmatch(r"Apache Kafka [\d.]+ on 127\.0\.0\.1:(\d+)\n", line)
        assert said, line
        command.send_signal(signal.SIGTERM)
        assert command.wait(20) == 0
    assert not answers(int(said[1]))


def test_without_java_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kafka.available() == "java is not installed"


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_run_without_kafka_ends_by_saying_so(tmp_path: Path, ci: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + ["tests/integration/test_kafka_protocol.py", "-k", "another_id"],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert done.stdout.splitlines()[-1] == "Apache Kafka: NOT RUN"
    assert "on embedded Tansu" in done.stdout
