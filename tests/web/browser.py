"""A real browser without a window: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, JSHandle, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is the same browser without the windows around the pages, and takes two thirds of the work."""


def chromium() -> str | None:
    """Return the program's path."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = chromium()
    if program is None:
        pytest.skip("chromium is not installed here (apt-get install chromium)")
    with playwright.sync_playwright() as running:
        # The sandbox needs privileges that containers do not give; what is opened is our own page.
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, **context: Any) -> Page:
    """Open a page of somebody's own who wants nothing to move: painting what moves is most of the work."""
    return browser.new_context(reduced_motion="reduce", **context).new_page()


def until(page: Page, seen: str, arg: Any = None) -> JSHandle:
    """Wait until a function of the page says something true; return it.

    It is looked at every few milliseconds: by itself playwright asks in each frame, and one is made for it.
    """
    return page.wait_for_function(seen, arg=arg, polling=40)
