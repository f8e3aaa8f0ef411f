"""What is set before the curtain rises: the clock, the senders' links, what must stay unset."""

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

PARTITIONS: Final = 2
"""Few, as befits one small machine: every partition costs transactions of its own."""


def clock_for(scenario: Scenario, life_seconds: float, real_start: float) -> Clock:
    """The clock that lives the scenario in `life_seconds`, counted from `real_start`."""
    speed = (scenario.end - scenario.start).total_seconds() / life_seconds
    return Clock(scenario.start, round(speed), real_start)


def set_up(clock: Clock, website: str, folder: Path) -> dict[str, str]:
    """The environment variables of the demo; its tenants' files are written into `folder`."""
    tenants = folder / "tenants"
    tenants.mkdir()
    for file in Settings().tenants_dir.glob("*.yaml"):
        text = with_links_to(file.read_text(encoding="utf-8"), website)
        (tenants / file.name).write_text(text, encoding="utf-8")
    hours = str(round(SESSION_SECONDS * clock.speed / 3600))
    return {
        "CLOCK": clock.text(),
        "TENANTS_DIR": str(tenants),
        "PORTAL_SESSION_HOURS": hours,
        "DESK_SESSION_HOURS": hours,
        "LINK_DAYS": "3650",
        "PARTITIONS": str(PARTITIONS),
    }


def with_links_to(tenant: str, website: str) -> str:
    """A tenant's file with its links led to the demo's website; paths stay."""
    content = yaml.safe_load(tenant)
    content["links"] = {
        name: website + urlsplit(link).path for name, link in content.get("links", {}).items()
    }
    return yaml.safe_dump(content, allow_unicode=True)
