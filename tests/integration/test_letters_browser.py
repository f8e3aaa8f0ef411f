"""Every shipped letter in a real browser, on a phone and on a desk.

SCREENSHOTS=FOLDER takes every tone and wording, and keeps a picture of each at both widths, and its
text part.
"""

import os
from pathlib import Path

from playwright.sync_api import Browser

from support.letters import letters

WIDTHS = {"phone": 390, "desk": 1200}
LEAST_TAP = 24
"""CSS pixels, the least target of WCAG 2.2, 2.5.8."""
TARGETS = """() => [...document.querySelectorAll('td.inset td a, .button a')]
    .map(a => a.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"""


def test_every_letter_fits_phone_and_desk(chromium: Browser) -> None:
    folder = os.environ.get("SCREENSHOTS")
    page = chromium.new_page()
    for name, letter in letters():
        if not folder and ".neutral.base." not in name:
            continue  # the others have the same blocks
        page.set_content(letter.html, wait_until="domcontentloaded")
        for place, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} wide on a {place}"
            assert all(side >= LEAST_TAP for side in page.evaluate(TARGETS)), f"{name}: {place}"
            if folder:
                kept = Path(folder)
                kept.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=kept / f"{name}.{width}.png", full_page=True)
                said = f"{letter.subject}\n{letter.preheader}\n\n{letter.text}"
                (kept / f"{name}.txt").write_text(said, encoding="utf-8")
    page.close()
