"""Make ``docs/web-*.png``: the page with real jobs, in a real browser.

``python docs/screenshots.py PICTURE "blue square" "yellow star" ... [--checkpoint last:train]`` starts the
server on this machine's own jobs, so that what is shown has happened; look at the pictures before they are
committed.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
WINDOW = {"width": 1320, "height": 900}


def main() -> None:
    """Start a server, visit its views in light and dark, save what is seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("descriptions", nargs="+")
    parser.add_argument("--checkpoint", default="last:train")
    parser.add_argument("--threshold", default="0.3")
    given = parser.parse_args()
    command = [sys.executable, "-m", "skillbank", "web", "--port", "0", "--checkpoint", given.checkpoint]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            found = re.search(r"http://\S+", server.stderr.readline())
            if found is None:
                sys.exit(server.stderr.read())
            with sync_playwright() as playwright:
                program = shutil.which("chromium")
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                for scheme in ("light", "dark"):
                    shoot(browser, found[0].rstrip("/"), scheme, given)
                browser.close()
        finally:
            server.terminate()


def shoot(browser: Any, url: str, scheme: str, given: argparse.Namespace) -> None:
    """Save the three views in one colour scheme."""
    page = browser.new_page(viewport=WINDOW, color_scheme=scheme, device_scale_factor=1.5)
    page.goto(url)
    page.wait_for_selector("#model .dot.ready", timeout=120_000)
    page.set_input_files("#file", given.picture)
    page.fill("#text", ", ".join(given.descriptions))
    page.press("#text", "Enter")
    page.wait_for_selector("#found button")
    page.fill("#threshold", given.threshold)
    page.evaluate("() => document.activeElement.blur()")
    save(page, f"web-find-{scheme}.png")
    if scheme == "dark":
        page.close()
        return
    jobs = page.evaluate("() => fetch('/api/jobs').then((answer) => answer.json())")["jobs"]
    trained = next(job["id"] for job in jobs if job["action"] == "train" and not job["searches"])
    page.goto(f"{url}/#/jobs/{trained}")
    page.wait_for_selector("#job .curve")
    # What follows are places on this machine.
    save(page, "web-jobs.png", height=page.locator("#job .charts").bounding_box()["y"] + 320)
    page.goto(f"{url}/#/experiments")
    page.wait_for_selector("#experiment .chart")
    save(page, "web-experiments.png")
    page.close()


def save(page: Any, name: str, height: float = WINDOW["height"]) -> None:
    """Save what is seen, in few enough colours for a small file."""
    clip = {"x": 0, "y": 0, "width": WINDOW["width"], "height": min(height, WINDOW["height"])}
    seen = Image.open(io.BytesIO(page.screenshot(clip=clip)))
    seen.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)


if __name__ == "__main__":
    main()
