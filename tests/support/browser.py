"""A real browser for tests of pages; a run without one says so in its last lines."""

import os
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, sync_playwright

_AXE = Axe()
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_ADVICE = "no Chromium: install it, or run `playwright install chromium`"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium where there is one, else the one that Playwright installs.

    Not for the whole run: as long as it is open, no event loop of ours can run in this thread.
    """
    own = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except Error:
            if os.environ.get("CI"):
                raise
            pytest.skip(_ADVICE)
        yield browser
        browser.close()


def assert_accessible(page: Page) -> None:
    """Nothing on the page breaks a rule of WCAG 2.2, levels A and AA, that axe can see.

    It looks at a copy: axe wants scripts, and our pages are tried without.
    """
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(viewport=page.viewport_size) as context:
        copy = context.new_page()
        copy.set_content(page.content())
        found = _AXE.run(copy, options={"runOnly": _WCAG, "resultTypes": ["violations"]})
    broken = [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']]}"
        for one in found.response["violations"]
    ]
    assert broken == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.getreports("skipped")
    if any(_ADVICE in str(report.longrepr) for report in skipped):
        terminalreporter.line(f"Browser: NOT RUN ({_ADVICE})")
