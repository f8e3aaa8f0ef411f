"""Playbooks in force without a topic, for tests of what uses them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from services.playbooks.catalogue import Standing
from services.playbooks.load import load_playbooks
from services.runtime.settings import ROOT

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@lru_cache
def in_force(folder: Path, *tenants: str) -> Callable[[], Standing]:
    """All playbooks of a folder, for these tenants (none: `default`)."""
    playbooks = load_playbooks(folder).values()
    editions = [
        edition
        for tenant in tenants or ("default",)
        for edition in Standing.of(playbooks, tenant, SINCE).editions
    ]
    standing = Standing(tuple(editions))
    return lambda: standing


@lru_cache
def shipped_version(name: str) -> int:
    """The version of a playbook that is shipped."""
    return load_playbooks(ROOT / "deploy" / "playbooks")[name].version


def numbered(home: Path, version: int) -> None:
    """Give the playbook in this folder a version of the test's own."""
    file = home / "playbook.yaml"
    text = re.sub(r"(?m)^version: \d+$", f"version: {version}", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
