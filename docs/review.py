"""Make ``docs/review-*.png``: the review page on the demo's shapes, light and dark, in a real browser.

No model is asked: what is proposed is what is there, moved a little, with scores by chance.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from skillbank import Runtime
from skillbank.datasets.looks import look_at
from skillbank.sets.model import ClassSpec, FoundPicture, Proposal, RunSpec
from skillbank.sets.store import SetStore

FOLDER = Path(__file__).parent
WINDOW = {"width": 1180, "height": 800}
WHO = "Ann"


def main() -> None:
    """Draw shapes, propose boxes, open the page, save what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBANK_HOME"] = f"{folder}/home"
        draw = [
            "-m",
            "grounding_dino",
            "shapes",
            f"{folder}/shapes",
            "--train",
            "48",
            "--val",
            "4",
            "--size",
            "384",
        ]
        subprocess.run([sys.executable, *draw], check=True, stdout=subprocess.DEVNULL)
        fill(Path(folder, "shapes", "train"))
        command = [sys.executable, "-m", "skillbank", "review", "shapes", "--port", "0", "--no-open"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            try:
                found = re.search(r"http://\S+", server.stderr.readline())
                if found is None:
                    sys.exit(server.stderr.read())
                shoot(found[0])
            finally:
                server.terminate()


def fill(folder: Path) -> None:
    """Make a set of pictures with proposals."""
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    paths = {path.name: path for path in folder.rglob("*.png")}
    lines = [json.loads(line) for line in (folder / "annotations_odvg.jsonl").read_text().splitlines()]
    names = sorted(
        {each["category"].split()[-1] for line in lines for each in line["detection"]["instances"]}
    )
    dice = random.Random(1)
    with Runtime() as runtime:
        classes = tuple(ClassSpec(name, tuple(f"{c} {name}" for c in ("red", "blue"))) for name in names)
        made = SetStore(runtime.jobs.store.engine).create("shapes", classes, who=WHO)
        made.add_pictures([as_found(paths[line["file_name"]]) for line in lines], WHO)
        numbers = {one.name: one.number for one in made.classes()}
        run = made.start_run(RunSpec("shapes", hashlib.sha256(b"shapes").hexdigest(), classes, who=WHO))
        by_name = {row.name: row.number for row in made.pictures(limit=1000)}
        made.propose(run, {by_name[line["file_name"]]: proposals(line, numbers, dice) for line in lines})


def as_found(path: Path) -> FoundPicture:
    """Return a picture as a set takes it."""
    look, digest = look_at(path), hashlib.sha256(path.read_bytes()).hexdigest()
    return FoundPicture(path.name, str(path), digest, look.width, look.height, look.small)


def proposals(line: dict[str, Any], numbers: dict[str, int], dice: random.Random) -> list[Proposal]:
    """Return boxes that are nearly right."""
    made = []
    for each in line["detection"]["instances"]:
        box = tuple(min(384.0, max(0.0, value + dice.uniform(-3, 3))) for value in each["bbox"])
        number, score = numbers[each["category"].split()[-1]], round(dice.uniform(0.25, 0.95), 2)
        made.append(Proposal(number, (box[0], box[1], box[2], box[3]), score, each["category"]))
    return made


def shoot(url: str) -> None:
    """Review some pictures, and save the one that is asked for next."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.goto(url)
        page.fill("#who-name", WHO)
        page.keyboard.press("Enter")
        page.click("#review-start")
        page.wait_for_selector("#canvas-boxes .mark")
        for _ in range(9):
            page.wait_for_timeout(1500)  # somebody looks
            before = page.get_attribute("#part-picture", "data-number")
            page.keyboard.press("a")
            page.wait_for_selector(f'#part-picture:not([data-number="{before}"])')
        page.keyboard.press("b")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(600)
            with Image.open(io.BytesIO(page.screenshot())) as image:
                image.convert("RGB").quantize(160).save(FOLDER / f"review-{scheme}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
