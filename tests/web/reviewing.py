"""The review page in a real browser, driven by its own controls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import LabelBox
from skillbank.sets.store import SetStore
from tests.web.browser import open_page, until
from tests.web.sets import store_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Corners = tuple[float, float, float, float]
DEAF = """(path) => {
  const heard = window.fetch;
  window.fetch = (asked, ...more) =>
    new URL(asked, location).pathname === path ? new Promise(() => {}) : heard(asked, ...more);
}"""


class Reviewer:
    """One person at one browser.

    Attributes
    ----------
    page
        Of playwright.
    said
        What the browser complained of.
    """

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page, self.url, self.name = page, url, name
        self.said: list[str] = []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # A version that has changed is an answer like any other to the page, not to the browser's console.
        # Where containers come and go, the machine's network changes, which is no fault of a page.
        passed = ("412", "net::ERR_NETWORK_CHANGED")
        if message.type == "error" and not any(each in message.text for each in passed):
            self.said.append(f"{message.text} {message.location.get('url', '')}".strip())

    def open(self, name: str, *parts: str) -> None:
        """Open a set, or a part of it; the first time the page asks who reviews."""
        self.page.goto(f"{self.url}/#/review/{'/'.join((name, *parts))}")
        until(
            self.page,
            "(name) => document.getElementById('who').open || "
            "document.getElementById('review-person').textContent === name",
            arg=self.name,
        )
        if self.page.locator("#who[open]").count():
            self.page.fill("#who-name", self.name)
            self.page.keyboard.press("Enter")
            self.page.wait_for_selector("#who", state="hidden")

    def picture(self, name: str, number: int) -> None:
        """Open a picture."""
        self.open(name, "picture", str(number))
        self.page.wait_for_selector(f'#part-picture[data-number="{number}"]:not([hidden])')
        self.settle()

    def number(self) -> int:
        """Return the number of the picture that is shown."""
        return int(self.page.locator("#part-picture").get_attribute("data-number") or 0)

    def onward(self, key: str | Callable[[], object]) -> int:
        """Press what leads to another picture; return its number, 0 where there is none."""
        before = self.number()
        self.page.evaluate("document.getElementById('review-said').textContent = ''")
        if isinstance(key, str):
            self.key(key)
        else:
            key()
        until(
            self.page,
            "(before) => document.getElementById('part-picture').dataset.number !== before || "
            "/^(Nothing is left|This was the last|This is the first)/.test("
            "document.getElementById('review-said').textContent)",
            arg=str(before),
        )
        return self.number() if self.number() != before else 0

    def deaf(self, name: str) -> None:
        """Let the page hear no more of what others do; it is told only what it asks.

        Its question is held in the page: playwright would have every request, and all pictures anew.
        """
        self.page.evaluate(DEAF, f"/api/sets/{name}")

    def settle(self) -> str:
        """Wait until the page has saved, or asks about a conflict; return what it says."""
        said = until(
            self.page,
            "() => { const said = document.getElementById('saved').textContent;"
            " return said !== 'Saving …' && said; }",
        )
        return str(said.json_value())

    def says(self, words: str, where: str = "review-said") -> None:
        """Wait until the page says something."""
        self.page.locator(f"#{where}", has_text=words).wait_for()

    def hear(self) -> None:
        """Let the page begin anew, and hear of others again."""
        self.page.reload()

    def key(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    def marks(self) -> list[int]:
        """Return the boxes that are shown."""
        numbers: list[str] = self.page.locator("#canvas-boxes .mark").evaluate_all(
            "(nodes) => nodes.map((node) => node.dataset.box || 0)"
        )
        return sorted(map(int, numbers))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the picture lies on the screen."""
        frame = self.page.locator("#sheet").bounding_box()
        size = self.page.eval_on_selector(
            "#canvas-boxes", "(node) => [node.viewBox.baseVal.width, node.viewBox.baseVal.height]"
        )
        assert frame
        return frame["x"] + x / size[0] * frame["width"], frame["y"] + y / size[1] * frame["height"]

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        button: Literal["left", "right"] = "left",
    ) -> None:
        """Drag with the mouse from one point of the picture to another."""
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down(button=button)
        mouse.move(*self.at((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
        mouse.move(*self.at(*end))
        mouse.up(button=button)

    def draw(self, box: Corners) -> None:
        """Draw a box with the mouse."""
        self.page.click("#draw")
        self.drag(box[:2], box[2:])

    def select(self, number: int) -> None:
        """Select a box in the list."""
        self.page.click(f'#box-list [data-box="{number}"]')


@contextmanager
def reviewer(browser: Browser, url: str, name: str = "Ann", **context: Any) -> Iterator[Reviewer]:
    """A person at a browser of their own; whatever it complains of fails the test."""
    page = open_page(browser, viewport=context.pop("viewport", {"width": 1280, "height": 860}), **context)
    someone = Reviewer(page, url, name)
    try:
        yield someone
    finally:
        page.context.close()
    assert someone.said == [], someone.said


@contextmanager
def opened(home: Path, name: str) -> Iterator[LabelSet]:
    """The set as the store has it."""
    with store_of(home) as store:
        yield SetStore(store.engine).open(name)


def eventually(seen: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something that the page does in the background."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def boxes_of(home: Path, name: str, number: int) -> dict[int, LabelBox]:
    with opened(home, name) as found:
        return {box.number: box for box in found.picture(number).boxes}
