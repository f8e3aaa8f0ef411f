"""A real browser for tests of pages; a run without one says so in its last lines."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.getreports("skipped")
    if any(_ADVICE in str(report.longrepr) for report in skipped):
        terminalreporter.line(f"Browser: NOT RUN ({_ADVICE})")
