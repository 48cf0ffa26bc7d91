"""Ten thousand pictures on the page: only those in sight are there, and every one can be reached."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from skillbank.home import cache_dir
from skillbank.sets.model import FoundPicture
from skillbank.sets.store import SetStore
from skillbank.web.sets_images import SHELF
from tests.web.browser import open_browser
from tests.web.conftest import web_server
from tests.web.reviewing import eventually, reviewer
from tests.web.sets import CLASSES, WHO, store_of

pytestmark = pytest.mark.slow
MANY = 10_000


def write_many(folder: Path) -> list[FoundPicture]:
    """Write tiny pictures, each of its own colours."""
    folder.mkdir()
    made = []
    for number in range(MANY):
        data = b"P6 8 6 255\n" + hashlib.sha256(str(number).encode()).digest()[:12] * 12
        path = folder / f"tiny-{number:05}.ppm"
        path.write_bytes(data)
        made.append(FoundPicture(path.name, str(path), hashlib.sha256(data).hexdigest(), 8, 6))
    return made


def test_ten_thousand_pictures(
    web_home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("SKILLBANK_HOME", str(home))
    with store_of(home) as store:
        SetStore(store.engine).create("many", CLASSES, who=WHO).add_pictures(
            write_many(tmp_path / "many"), WHO
        )
    environment = {**web_home, "SKILLBANK_HOME": str(home)}
    with (
        open_browser() as browser,
        web_server(environment, "many", "--no-open", command="review") as served,
        reviewer(browser, served.url) as ann,
    ):
        page = ann.page
        page.set_default_timeout(60_000)
        ann.open("many")
        ann.says("10,000 pictures", "grid-count")
        cells = page.locator("#grid-sheet [role=listitem]")
        most = page.evaluate(SCROLLED)
        assert most < 120, "what is out of sight is not there"
        page.locator('#grid-sheet a[tabindex="0"]').focus()
        ann.key("End")
        last = cells.last
        eventually(lambda: "tiny-09999.ppm" in last.inner_text())
        assert last.get_attribute("aria-posinset") == last.get_attribute("aria-setsize") == str(MANY)
        assert last.locator("img").evaluate("(node) => node.decode().then(() => node.naturalWidth)") == 8
        made = sum(1 for path in (cache_dir() / SHELF).rglob("*.jpg"))
        assert 0 < made < MANY / 2, "a thumbnail is made when it comes into sight"
        ann.key("Home")
        eventually(lambda: "tiny-00000.ppm" in cells.first.inner_text())


SCROLLED = """async () => {
  const view = document.getElementById("grid"), sheet = document.getElementById("grid-sheet");
  let most = 0;
  for (let step = 0; step < 60; step += 1) {
    view.scrollTop += step % 10 === 9 ? 20000 : 400;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    most = Math.max(most, sheet.children.length);
  }
  return most;
}"""
