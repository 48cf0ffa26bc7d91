"""Make ``docs/data-set.png``: the page of ``skillbank data show`` on the demo's shapes, in a real browser."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).with_name("data-set.png")
WINDOW = {"width": 1320, "height": 1120}


def main() -> None:
    """Draw shapes, show them, save what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        data, page = f"{folder}/shapes", Path(folder, "shapes.html")
        draw = [
            "-m",
            "skillbank_engine.families.grounding_dino",
            "shapes",
            data,
            "--train",
            "400",
            "--val",
            "80",
            "--size",
            "384",
        ]
        subprocess.run([sys.executable, *draw], check=True, stdout=subprocess.DEVNULL)
        for extra in ("heldout", "inference"):
            shutil.rmtree(Path(data, extra))
        show = ["-m", "skillbank", "data", "show", "shapes", "-o", str(page), "--pictures", "48"]
        subprocess.run([sys.executable, *show], check=True, cwd=folder)
        with sync_playwright() as playwright:
            program = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            seen = browser.new_page(viewport=WINDOW, color_scheme="light", device_scale_factor=1.5)  # type: ignore[arg-type]
            seen.goto(page.as_uri())
            # The folder was made for this alone.
            seen.locator(".place code").evaluate("place => { place.textContent = './shapes'; }")
            shot = seen.screenshot()
            browser.close()
    with Image.open(io.BytesIO(shot)) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
