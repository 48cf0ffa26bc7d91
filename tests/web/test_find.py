"""Many pictures on the page, in a real browser: kept, zoomed, downloaded together; which model looks."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from skillbank import JobRecord, JobState
from skillbank.jobs.store import JobStore
from tests.labelling.models import write_picture
from tests.web.browser import open_page, until
from tests.web.conftest import Server, web_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    sizes = {"one/a.png": (320, 200), "b.png": (200, 320), "two/a.png": (64, 48)}
    return [write_picture(tmp_path / name, size) for name, size in sizes.items()]


def give(page: Page, pictures: list[Path], words: str = "red circle") -> None:
    page.fill("#text", words)
    with page.expect_response("**/descriptions"):
        page.press("#text", "Enter")
    page.set_input_files("#file", pictures)
    page.fill("#threshold", "0.05")
    until(
        page,
        "(count) => [...document.querySelectorAll('#strip b')].filter((b) => b.textContent).length === count",
        arg=len(pictures),
    )


def test_many_pictures_are_looked_at_and_turned_over(page: Page, pictures: list[Path]) -> None:
    give(page, pictures)
    thumbs = page.locator("#strip .thumb")
    assert thumbs.count() == 3 and page.locator("#pictures-count").inner_text() == "3 pictures"
    assert page.locator("#name").inner_text().startswith("a.png · 320 \u00d7 200")
    counts = [int(text) for text in page.locator("#strip b").all_inner_texts()]
    assert counts[0] == page.locator("#boxes .box").count() > 0
    thumbs.nth(1).click()
    assert page.locator("#name").inner_text().startswith("b.png")
    assert page.locator("#boxes .box").count() == counts[1]
    page.keyboard.press("ArrowRight")
    assert "64 \u00d7 48" in page.locator("#name").inner_text()
    assert page.locator('#strip [aria-current="true"]').get_attribute("aria-label", timeout=5000) == (
        f"a.png, {counts[2]} {'object' if counts[2] == 1 else 'objects'}"
    )
    page.get_by_role("button", name="Remove this one").click()
    assert thumbs.count() == 2


def test_pictures_and_words_outlive_a_refresh_until_they_are_cleared(
    page: Page, pictures: list[Path]
) -> None:
    give(page, pictures, "red circle . blue star")
    until(page, "() => indexedDB.databases().then((all) => all.length === 1)")
    page.wait_for_timeout(300)  # the last one is on its way to the browser's store
    page.reload()
    until(page, "() => document.querySelectorAll('#strip .thumb').length === 3")
    assert page.locator("#chips li span").all_inner_texts() == ["red circle", "blue star"]
    page.wait_for_selector("#save:not([hidden])")
    page.get_by_role("button", name="Clear all").click()
    assert page.locator("#drop-label").is_visible() and page.locator("#shown").is_hidden()
    page.reload()
    page.wait_for_selector("#model .dot.ready")
    until(page, "() => document.querySelectorAll('#chips li').length === 2")
    page.wait_for_timeout(300)
    assert page.locator("#drop-label").is_visible()


def test_a_narrow_screen_is_wide_enough(page: Page, pictures: list[Path]) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    give(page, pictures, "red circle . blue star")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 360


def test_a_small_picture_is_enlarged_and_any_can_be_seen_closer(page: Page, pictures: list[Path]) -> None:
    give(page, [pictures[2]])  # one alone has no row

    def width() -> float:
        box = page.locator("#picture").bounding_box()
        assert box is not None
        return box["width"]

    whole = width()
    assert whole == pytest.approx(64 * 8, abs=1), "eight times its size, no more"
    page.locator("#view").focus()
    page.keyboard.press("+")
    assert width() == pytest.approx(whole * 1.25, abs=1)
    page.locator("#view").hover()
    page.mouse.wheel(0, -400)
    until(page, "(least) => document.getElementById('picture').clientWidth > least", arg=whole * 1.3)
    shown, found = page.locator("#boxes").bounding_box(), page.locator("#picture").bounding_box()
    assert shown and found and shown["width"] == pytest.approx(found["width"], abs=1)
    page.get_by_role("button", name="Whole").click()
    assert width() == pytest.approx(whole, abs=1)
    page.locator("#view").focus()
    page.keyboard.press("0")


def test_files_of_all_pictures_at_once(page: Page, pictures: list[Path], tmp_path: Path) -> None:
    give(page, pictures)
    page.get_by_label("of all 3 pictures").check()
    total = sum(int(text) for text in page.locator("#strip b").all_inner_texts())
    saved = {}
    for kind in ("Picture", "JSON", "COCO", "YOLO", "KITTI", "ODVG", "VOC", "LabelMe", "CSV"):
        with page.expect_download() as waited:
            page.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = tmp_path / waited.value.suggested_filename
        waited.value.save_as(saved[kind])
    document = json.loads(saved["COCO"].read_text())
    assert len(document["annotations"]) == total
    assert sorted(image["file_name"] for image in document["images"]) == ["a.png", "a_2.png", "b.png"]
    with zipfile.ZipFile(saved["ODVG"]) as archive:
        lines = archive.read("odvg/annotations_odvg.jsonl").decode().splitlines()
        assert sum(len(json.loads(line)["detection"]["instances"]) for line in lines) == total
    with zipfile.ZipFile(saved["YOLO"]) as archive:
        assert len([name for name in archive.namelist() if "/labels/" in name]) == 3
    with zipfile.ZipFile(saved["Picture"]) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["a-found.png", "a_2-found.png", "b-found.png"]
        for name in archive.namelist():
            with archive.open(name) as file, Image.open(file) as image:
                image.load()


def test_what_the_model_knows_is_said_when_nothing_is_found(page: Page, pictures: list[Path]) -> None:
    give(page, pictures, "a bus")
    page.fill("#threshold", "0.95")
    said = page.locator("#advice").inner_text()
    assert "This model was trained on" in said and "red circle" in said


def test_one_that_is_no_picture_does_not_keep_the_others(
    page: Page, pictures: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "notes.png"
    broken.write_text("text")
    page.fill("#text", "red circle")
    page.press("#text", "Enter")
    page.set_input_files("#file", [broken, *pictures])
    page.wait_for_selector("#problem:not(:empty)")
    page.locator("#strip .thumb").nth(1).click()
    page.wait_for_selector("#save:not([hidden])")
    assert page.locator("#problem").inner_text() == ""
    assert page.locator("#strip .thumb").first.get_attribute("aria-label") == "notes.png, not readable"


def trained_job(home: dict[str, str], results: Path, model: Path) -> str:
    (results / "train").mkdir(parents=True)
    shutil.copy(model, results / "train" / "model_epoch_000_step_00001.pth")
    record = JobRecord(
        id="grounding-dino-train-20260102-030405-aaaaaa",
        created=datetime.now(UTC),
        plan_id="0" * 64,
        plan={"command": ["grounding_dino", "train", "-e", "{config_path}"]},
        skill="tao-train-grounding-dino",
        action="train",
        platform="local",
        results_dir=str(results),
    )
    Path(home["SKILLBANK_HOME"]).mkdir(parents=True, exist_ok=True)
    with JobStore(f"sqlite:///{home['SKILLBANK_HOME']}/skillbank.db") as store:
        store.create(record)
        store.transition(record.id, JobState.COMPLETE, "exit code 0")
    return record.id


def test_without_a_model_the_page_says_what_to_do_and_a_trained_one_is_a_click_away(
    browser: Browser, web_home: dict[str, str], tiny_model: Path, tmp_path: Path
) -> None:
    home = {**web_home, "SKILLBANK_HOME": str(tmp_path / "home")}
    with web_server(home) as without:
        page = open_page(browser)
        page.goto(without.url)
        page.wait_for_selector("#no-model:not([hidden])")
        assert "cannot be had from the model hub" in page.locator("#no-model-why").inner_text()
        assert "skillbank web --checkpoint" in page.locator("#train-one").inner_text()
        page.set_input_files("#file", write_picture(tmp_path / "a.png"))
        assert page.locator("#no-model").is_visible(), "it stays there"
        job = trained_job(home, tmp_path / "results", tiny_model)
        page.reload()
        page.wait_for_selector("#trained button")
        page.fill("#text", "red circle")
        page.press("#text", "Enter")
        page.locator("#trained button").click()
        page.wait_for_selector("#save:not([hidden])", timeout=120_000)
        assert page.locator("#no-model").is_hidden()
        about = without.http.get("/api/about").json()["model"]
        assert (about["name"], about["state"]) == (job, "ready")
        page.close()


def test_only_what_is_listed_can_be_chosen(server: Server, tiny_model: Path) -> None:
    listed = server.http.get("/api/models").json()
    assert listed["chosen"] == "" and listed["models"][0] == {"id": "", "name": "tiny.pth", "kind": "start"}
    for wanted in (str(tiny_model), "../tiny.pth", "owner/other", "last:train"):
        answer = server.http.post("/api/model", json={"model": wanted})
        assert answer.status_code == 404 and "There is no such model here" in answer.text
    assert server.http.post("/api/model", json={"path": "x"}).status_code == 400
    assert server.http.post("/api/model", content=b"x" * 3000).status_code == 413
    again = server.http.post("/api/model", json={"model": ""})
    assert again.status_code == 200 and again.json()["model"]["state"] == "ready"
