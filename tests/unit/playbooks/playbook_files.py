"""A small good playbook on disk, to be spoilt one way at a time."""

from pathlib import Path

PLAYBOOK = """\
name: nudge
version: 1
title: A nudge
purpose: collection
about: bill
triggers:
  - event: payment.missed
    when: amount_minor > floor_minor
floors: {USD: 300, JPY: 450}
segments:
  - name: young
    when: age < 28
    tone: light
  - name: everyone
    when: "true"
    tone: neutral
steps:
  - name: first
    anchor: trigger
    days: 0
    valid_for: P1D
    template: hello
  - name: last
    anchor: trigger
    days: 2
    at: 10:30
    valid_for: P1D
    template: hello
    when: segment == "everyone"
exits:
  - on: payment.received
    when: remaining_minor == 0
    reason: paid
offers:
  max_discount_bp: 500
  max_instalments: 6
  least_instalment: {USD: 1000}
  max_days: 190
  offer_valid_hours: 72
  funded_by: commission
links: [portal]
"""

TEMPLATES = """\
hello:
  neutral:
    subject: A note
    preheader: Whenever you like.
    body: |
      It is about {{ amount }}{% if product %} for {{ product }}{% endif %}.

      [Open]({{ links.portal }})
"""


def write(
    folder: Path, playbook: str = PLAYBOOK, templates: str = TEMPLATES, name: str = "nudge"
) -> Path:
    """Put a playbook with the same templates in each language into `folder`; its own folder."""
    home = folder / name
    (home / "templates").mkdir(parents=True)
    (home / "playbook.yaml").write_text(playbook, encoding="utf-8")
    for locale in ("en", "zh", "ja"):
        (home / "templates" / f"{locale}.yaml").write_text(templates, encoding="utf-8")
    return home
