"""`rapport demo` as a newcomer runs it: all of it, then nothing is left running."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from services.runtime.embedded.children import answers, free_port
from services.runtime.ids import fresh
from services.runtime.settings import ROOT
from support.polling import poll_until

SECONDS = "75"
"""Three weeks in fewer seconds than usual: the same lives, in haste."""
MARK = "RAPPORT_DEMO_TEST"
SET_ELSEWHERE = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "SMTP_URL", "API_TOKENS", "CLOCK")

pytestmark = pytest.mark.brokers("embedded")


def four_free_ports() -> int:
    """A PORT_BASE above which nobody listens."""
    while True:
        base = free_port()
        if base < 65_000 and not any(answers(base + more) for more in range(1, 5)):
            return base


class Demo:
    """One run as a process, and all that it started."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._mark = fresh()
        self.output = folder / "output.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rapport.cli", "demo", *arguments],
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.output.open("wb"),
            stderr=subprocess.STDOUT,
            # Whoever runs the tests in the background may ignore Ctrl-C, and children inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8")

    def wait(self, seconds: float) -> int:
        """Its exit status, once it has ended."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs: {self.text[-4000:]}") from None

    def left_over(self) -> list[str]:
        """Command lines of processes that it started and that still run."""
        return [
            " ".join(one.cmdline())
            for one in psutil.process_iter()
            if one.pid != self.process.pid and self._is_ours(one)
        ]

    def end(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _environment(self) -> Mapping[str, str]:
        kept = {name: text for name, text in os.environ.items() if name not in SET_ELSEWHERE}
        return kept | {
            MARK: self._mark,
            "PORT_BASE": str(four_free_ports()),
            "PYTHONPATH": str(ROOT),
        }

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(MARK) == self._mark)
        except psutil.Error:
            return False


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Demo]:
    """The demo, ended with the block."""
    demo = Demo(folder, *arguments)
    try:
        yield demo
    finally:
        demo.end()


def figures(text: str, row: str) -> list[int]:
    """The numbers in a row of the report."""
    (line,) = re.findall(rf"^  {row} +([0-9· ]+)$", text, re.MULTILINE)
    return [int(number) for number in line.replace("·", "0").split()]


def test_the_demo_shows_the_main_job_and_its_audit_holds(tmp_path: Path) -> None:
    with running(tmp_path, "--seconds", SECONDS) as demo:
        assert demo.wait(240) == 0, demo.text[-4000:]
        assert demo.left_over() == []
    text = demo.text
    assert "AUDIT HELD" in text
    assert sum(figures(text, "contacted")) >= 200
    for row in ("opened", "clicked", "agreed", "paid or renewed", "opted out"):
        assert sum(figures(text, row)) > 0, row
    for row in ("deferred steps", "suppressed steps", "stopped enrolments"):
        assert sum(figures(text, row)) > 0, row
    assert "Dead letters: 17" in text
    # Some were held out of one playbook, too few to say what that was worth.
    assert re.search(r"bill-reminder, paid: no lift shown, too little data: \d+ of at least", text)
    assert "simulated customers, so these figures say nothing of real ones" in text
    for reason in ("not_json", "invalid_utf8", "too_large", "key_mismatch", "unknown_type"):
        assert reason in text
    for page in ("/console", "/desk", "/docs"):
        assert page in text
    assert not (tmp_path / ".rapport" / "run.json").exists()


def test_ctrl_c_ends_the_demo_and_all_it_started(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        poll_until(lambda: "segmenter http" in demo.text, 90, "the services are not up")
        assert demo.left_over()
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130
        assert demo.left_over() == []
