"""What is set before the curtain rises: the clock, the senders' links, what must stay unset."""

import shutil
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import yaml

from rapport.demo.scenario import Scenario
from services.runtime.clock import Clock
from services.runtime.settings import Settings

# A demo writes to no real relay, and its links lead to this machine alone.
UNSET: Final = ("SMTP_URL", "PUBLIC_URL")
SESSION_SECONDS: Final = 1200
"""Real seconds for which a visitor of the demo stays signed in, however fast its time runs."""

MEASURED: Final = "bill-reminder"
HOLDOUT_BP: Final = 2_000
"""Share of the customers, basis points, whom the demo holds out of that playbook."""

PARTITIONS: Final = 2
"""Few, as befits one small machine: every partition costs transactions of its own."""


def clock_for(scenario: Scenario, life_seconds: float, real_start: float) -> Clock:
    """The clock that lives the scenario in `life_seconds`, counted from `real_start`."""
    speed = (scenario.end - scenario.start).total_seconds() / life_seconds
    return Clock(scenario.start, round(speed), real_start)


def set_up(clock: Clock, website: str, folder: Path) -> dict[str, str]:
    """The environment variables of the demo; tenants and playbooks are written to `folder`."""
    tenants = folder / "tenants"
    tenants.mkdir()
    for file in Settings().tenants_dir.glob("*.yaml"):
        text = with_links_to(file.read_text(encoding="utf-8"), website)
        (tenants / file.name).write_text(text, encoding="utf-8")
    playbooks = folder / "playbooks"
    shutil.copytree(Settings().playbooks_dir, playbooks)
    measured = playbooks / MEASURED / "playbook.yaml"
    document = measured.read_text(encoding="utf-8")
    measured.write_text(with_holdout(document), encoding="utf-8")
    hours = str(round(SESSION_SECONDS * clock.speed / 3600))
    return {
        "CLOCK": clock.text(),
        "TENANTS_DIR": str(tenants),
        "PLAYBOOKS_DIR": str(playbooks),
        "PORTAL_SESSION_HOURS": hours,
        "DESK_SESSION_HOURS": hours,
        "LINK_DAYS": "3650",
        "PARTITIONS": str(PARTITIONS),
    }


def with_holdout(playbook: str) -> str:
    """A playbook's file that holds out a share of its customers, in place of what it says."""
    kept = [line for line in playbook.splitlines() if not line.startswith("holdout_bp:")]
    return "\n".join([*kept, f"holdout_bp: {HOLDOUT_BP}", ""])


def with_links_to(tenant: str, website: str) -> str:
    """A tenant's file with its links led to the demo's website; paths stay."""
    content = yaml.safe_load(tenant)
    content["links"] = {
        name: website + urlsplit(link).path for name, link in content.get("links", {}).items()
    }
    return yaml.safe_dump(content, allow_unicode=True)
