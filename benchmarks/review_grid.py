"""How smoothly the review page scrolls over many pictures.

``python -m benchmarks.review_grid [PICTURES]`` makes a label set of so many tiny pictures, opens it in
chromium and scrolls through it. Printed are the seconds until all are listed, the time between two frames
while scrolling (median, 95th percentile, ms) beside that of the same page at rest, the cells that the page
holds, and the server's memory.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from skillbank import Runtime
from skillbank.sets.model import ClassSpec, FoundPicture
from skillbank.sets.store import SetStore

FRAMES = """async ([step, count]) => {
  const view = document.getElementById("grid"), spans = [];
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < count; n += 1) {
    view.scrollTop += step;
    const now = await new Promise(requestAnimationFrame);
    spans.push(now - last);
    last = now;
  }
  return [spans, document.getElementById("grid-sheet").children.length];
}"""


def main() -> None:
    """Make the set, open it, scroll, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBANK_HOME"] = f"{folder}/home"
        with Runtime() as runtime:
            made = SetStore(runtime.jobs.store.engine).create("many", [ClassSpec("thing")], who="benchmark")
            made.add_pictures(pictures(Path(folder), count), "benchmark")
        command = [sys.executable, "-m", "skillbank", "review", "many", "--port", "0", "--no-open"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            try:
                found = re.search(r"http://\S+", server.stderr.readline())
                if found is None:
                    sys.exit(server.stderr.read())
                for name, value in measured(found[0], count, server.pid).items():
                    print(f"{name:32} {value}")
            finally:
                server.terminate()


def pictures(folder: Path, count: int) -> list[FoundPicture]:
    """Write tiny pictures, each of its own colours."""
    made = []
    for number in range(count):
        data = b"P6 8 6 255\n" + hashlib.sha256(str(number).encode()).digest()[:12] * 12
        path = folder / f"tiny-{number:06}.ppm"
        path.write_bytes(data)
        made.append(FoundPicture(path.name, str(path), hashlib.sha256(data).hexdigest(), 8, 6))
    return made


def measured(url: str, count: int, server: int) -> dict[str, Any]:
    """Return what the page takes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        start = time.monotonic()
        page.goto(url)
        page.fill("#who-name", "benchmark", timeout=60_000)
        page.keyboard.press("Enter")
        page.locator("#grid-count", has_text=f"{count:,}").wait_for(timeout=120_000)
        listed = time.monotonic() - start
        rest, _ = page.evaluate(FRAMES, [0, 200])
        spans, cells = page.evaluate(FRAMES, [120, 400])
        browser.close()
    memory = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server}/status").read_text())
    return {
        "pictures": f"{count:,}",
        "listed after, s": f"{listed:.1f}",
        "frames at rest, ms": told(rest),
        "frames while scrolling, ms": told(spans),
        "cells in the page": cells,
        "server's memory, MB": int(memory[1]) // 1024 if memory else "?",
    }


def told(spans: list[float]) -> str:
    """Return the median and the 95th percentile."""
    return f"{statistics.median(spans):.0f}, {statistics.quantiles(spans, n=20)[-1]:.0f}"


if __name__ == "__main__":
    main()
