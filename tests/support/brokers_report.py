"""Says at the end of a run which broker each suite ran on, and whether Apache Kafka was left out.

Tests that ask for the fixture `broker` run once on each kind; `@pytest.mark.brokers("embedded")`
keeps a test to the kinds named, and names the kind for a test that starts its own broker. Where
Kafka cannot be had, CI fails its tests; elsewhere they are deselected, but never in silence: the
run's last line says NOT RUN.
"""

import os
from collections import Counter
from pathlib import PurePath

import pytest

from services.runtime.embedded import kafka
from support.broker import KINDS, label

_PROPERTY = "broker"
_REASON = pytest.StashKey[str | None]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "brokers(*kinds): run on these brokers only")
    config.stash[_REASON] = None
    if getattr(config.option, "numprocesses", None):
        # Fetched once, before several processes look for it at the same time.
        config.stash[_REASON] = kafka.available()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "broker" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("brokers")
        metafunc.parametrize("broker", mark.args if mark else KINDS, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kinds = {item: kind for item in items if (kind := _kind_of(item))}
    for item, kind in kinds.items():
        item.user_properties.append((_PROPERTY, kind))
    on_kafka = [item for item, kind in kinds.items() if kind == "kafka"]
    if not on_kafka or config.option.collectonly:
        return
    reason = config.stash[_REASON] = kafka.available()
    if reason and not os.environ.get("CI"):
        config.hook.pytest_deselected(items=on_kafka)
        items[:] = [item for item in items if kinds.get(item) != "kafka"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    reason = item.config.stash[_REASON]
    if reason and (_PROPERTY, "kafka") in item.user_properties:
        pytest.fail(f"Apache Kafka: {reason}", pytrace=False)


def _kind_of(item: pytest.Item) -> str | None:
    """The kind of broker that a test runs on; None: it needs none."""
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        kind = item.callspec.params.get("broker")
        if isinstance(kind, str):
            return kind
    mark = item.get_closest_marker("brokers")
    return str(mark.args[0]) if mark else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            for name, kind in getattr(report, "user_properties", ()):
                if name == _PROPERTY:
                    suite = " ".join(PurePath(report.nodeid.partition("::")[0]).parts[:2])
                    counts.setdefault((suite, str(kind)), Counter())[outcome] += 1
    if counts:
        terminalreporter.section("brokers")
        for (suite, kind), counted in sorted(counts.items()):
            told = ", ".join(f"{number} {outcome}" for outcome, number in counted.items())
            terminalreporter.line(f"{suite.replace(' ', '/')} on {label(kind)}: {told}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if reason := config.stash.get(_REASON, None):
        config.get_terminal_writer().line(f"{reason}\nApache Kafka: NOT RUN")
