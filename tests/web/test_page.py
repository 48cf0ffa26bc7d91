"""The page in a real browser: dropped pictures, words, the threshold, files, only the keyboard, jobs."""

from __future__ import annotations

import base64
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from skillbank import JobRecord, JobState
from skillbank.jobs.store import JobStore
from tests.labelling.models import write_picture
from tests.web.browser import open_page
from tests.web.conftest import Server, web_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
SECRET = "a-token-of-the-tests-0123456789"
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  const fields = { dataTransfer: carried, bubbles: true, cancelable: true };
  for (const kind of ["dragover", "drop"])
    document.getElementById("drop").dispatchEvent(new DragEvent(kind, fields));
}"""


@pytest.fixture
def forgiven() -> tuple[str, ...]:
    """What a browser may complain of here: a picture that is none, a word that is wrong."""
    return "415", "401"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "photo.png", (320, 200))


def scores(page: Page) -> list[float]:
    return [float(text) for text in page.locator("#found .score").all_inner_texts()]


def test_a_dropped_picture_words_and_the_threshold(page: Page, picture: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(DROP, ["photo.png", base64.b64encode(picture.read_bytes()).decode()])
    page.fill("#text", "red circle . blue star .")
    with page.expect_response("**/detect") as answered:
        page.press("#text", "Enter")
    found = [item["score"] for item in answered.value.json()["detections"]]
    page.wait_for_selector("#save:not([hidden])")
    assert page.locator("#chips li span").all_inner_texts() == ["red circle", "blue star"]
    page.fill("#threshold", "0.05")
    all_scores = scores(page)
    assert all_scores == sorted(all_scores, reverse=True) and all_scores
    assert page.locator("#boxes .box").count() == len(all_scores)
    assert page.locator("#count").inner_text().startswith(f"{len(all_scores)} object")
    before = len(asked)
    middle = all_scores[len(all_scores) // 2]
    page.fill("#threshold", str(middle))
    assert len(scores(page)) == len([score for score in found if score >= middle]) < len(found)
    assert page.locator("#level").inner_text() == f"{middle:.2f}"
    assert len(asked) == before, "the threshold moves without the server"
    page.get_by_role("button", name="Remove blue star").click()
    page.wait_for_selector("#working", state="hidden")
    assert not page.get_by_text("blue star", exact=True).count()


def test_one_description_with_commas_is_one_and_said_so(page: Page, picture: Path) -> None:
    page.set_input_files("#file", picture)
    page.fill("#text", "cat, dog")
    with page.expect_response("**/detect"):
        page.press("#text", "Enter")
    page.wait_for_selector("#save:not([hidden])")
    page.fill("#text", "Cat, Dog. ")
    with page.expect_response("**/detect"):
        page.press("#text", "Enter")
    assert page.locator("#chips li span").all_inner_texts() == ["cat, dog"], "the same to the model"
    page.fill("#threshold", "0.95")
    assert "'cat, dog' was taken as one description" in page.locator("#advice").inner_text()
    page.fill("#threshold", "0.05")
    assert page.locator("#advice").inner_text() == ""


def test_boxes_lie_where_the_numbers_say(page: Page, picture: Path) -> None:
    page.set_input_files("#file", picture)
    page.fill("#text", "red circle")
    with page.expect_response("**/detect") as answered:
        page.press("#text", "Enter")
    document: dict[str, Any] = answered.value.json()
    page.fill("#threshold", "0.05")
    shown = page.locator("#picture").bounding_box()
    boxes = page.locator("#boxes .box").all()
    best = document["detections"][0]["box"]
    drawn = boxes[-1].bounding_box()  # the surest is drawn last
    assert shown and drawn and len(boxes) == len(document["detections"])
    scale = shown["width"] / 320
    assert shown["height"] == pytest.approx(200 * scale, abs=1)
    assert drawn["x"] - shown["x"] == pytest.approx(best[0] * scale, abs=1)
    assert drawn["y"] - shown["y"] == pytest.approx(best[1] * scale, abs=1)
    assert drawn["width"] == pytest.approx((best[2] - best[0]) * scale, abs=1)


def test_downloads(page: Page, picture: Path, tmp_path: Path) -> None:
    page.set_input_files("#file", picture)
    page.fill("#text", "red circle")
    page.press("#text", "Enter")
    page.wait_for_selector("#save:not([hidden])")
    page.fill("#threshold", "0.05")
    count, saved = len(scores(page)), {}
    for kind in ("Picture", "JSON", "COCO", "YOLO", "KITTI"):
        with page.expect_download() as waited:
            page.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = tmp_path / waited.value.suggested_filename
        waited.value.save_as(saved[kind])
    assert saved["COCO"].name == "photo-coco.json" and saved["Picture"].name == "photo-found.png"
    assert len(json.loads(saved["COCO"].read_text())["annotations"]) == count
    assert len(json.loads(saved["JSON"].read_text())["images"][0]["detections"]) == count
    with zipfile.ZipFile(saved["YOLO"]) as archive:
        assert len(archive.read("yolo/labels/photo.txt").splitlines()) == count
    with Image.open(saved["Picture"]) as image:
        assert image.size == (960, 600), "small pictures are enlarged"


def test_everything_with_the_keyboard_alone(page: Page, picture: Path) -> None:
    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(focused())
    wanted = ["Skip to the content", "skillbank", "Find", "Review", "Jobs", "Experiments"]
    wanted += ["file", "text", "Add", "threshold"]
    assert names[: len(wanted)] == wanted
    page.set_input_files("#file", picture)  # the dialog of the system is not the page's
    assert focused() == "text", "what is missing has the focus"
    page.keyboard.type("red circle")
    page.keyboard.press("Enter")
    page.wait_for_selector("#save:not([hidden])")
    while focused() != "threshold":
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert page.locator("#level").inner_text() == "0.05"
    page.keyboard.press("Tab")
    assert page.locator("#boxes.focused .box.on").count() == 1, "the focus in the list shows the box"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("End")


def test_a_file_that_is_no_picture_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("text")
    page.fill("#text", "red circle")
    page.press("#text", "Enter")
    page.set_input_files("#file", tmp_path / "notes.png")
    page.wait_for_selector("#problem:not(:empty)")
    assert "The file is no picture that can be read" in page.locator("#problem").inner_text()
    assert page.locator("#save").is_hidden()


def test_every_control_has_a_name_and_text_can_be_read(page: Page, picture: Path) -> None:
    page.set_input_files("#file", picture)
    page.fill("#text", "red circle")
    page.press("#text", "Enter")
    page.wait_for_selector("#save:not([hidden])")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # nor colours on their way
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(PALE) == [], scheme


NAMELESS = """() => [...document.querySelectorAll("input, button, a, img, [role=img]")].filter((node) => {
  if (!node.checkVisibility()) return false;
  const said = node.labels?.length ? [...node.labels].map((label) => label.textContent).join("") : "";
  const alt = node.tagName === "IMG" ? node.hasAttribute("alt") : false;
  return !(said || node.textContent.trim() || node.getAttribute("aria-label") || alt);
}).map((node) => node.outerHTML)"""
PALE = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const pale = [];
  for (const node of document.querySelectorAll("main *, header *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest(".quiet, datalist")) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) pale.push(`${node.tagName} ${node.textContent.trim()} ${contrast.toFixed(2)}`);
  }
  return pale;
}"""


@pytest.fixture(scope="module")
def job(web_home: dict[str, str], server: Server, tmp_path_factory: pytest.TempPathFactory) -> JobRecord:
    """A training of three epochs in the server's database; its failure's text would be markup elsewhere."""
    results = tmp_path_factory.mktemp("job")
    write_picture(results / "train" / "found.png")
    kpis = [{"train_loss": 3.0 - n, "val_mAP50": n / 3} for n in range(3)]
    lines = [{"status": "RUNNING", "epoch": n, "max_epoch": 3, "kpi": kpi} for n, kpi in enumerate(kpis)]
    (results / "train" / "status.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    record = JobRecord(
        id="grounding-dino-train-20260102-030405-1f2e3d",
        created=datetime.now(UTC),
        plan_id="0" * 64,
        plan={},
        skill="tao-train-grounding-dino",
        action="train",
        platform="local",
        results_dir=str(results),
    )
    Path(web_home["SKILLBANK_HOME"]).mkdir(exist_ok=True)
    with JobStore(f"sqlite:///{web_home['SKILLBANK_HOME']}/skillbank.db") as store:
        store.create(record)
        store.transition(record.id, JobState.COMPLETE, "<img src=x onerror=alert(1)> exit code 0")
    return record


def test_jobs_with_curves_and_pictures(page: Page, job: JobRecord) -> None:
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.wait_for_selector("#job h1")
    assert "train · tao-train-grounding-dino" in page.locator("#job h1").inner_text()
    curves = page.get_by_role("img", name="Loss: train_loss from 3 to 1")
    assert curves.count() == 1 and page.locator("#job .curve").count() == 2
    assert "0.6667" in page.locator("#job .tiles").inner_text()
    page.locator("#job summary").first.click()
    assert page.locator("#job details[open] tbody tr").count() == 3, "the numbers behind a curve"
    image = page.locator("#job .pictures img")
    image.scroll_into_view_if_needed()
    assert image.evaluate("(node) => node.decode().then(() => node.naturalWidth)") == 120
    assert "<img src=x" in page.locator("#job .facts").inner_text(), "text stays text"
    page.get_by_role("link", name="Experiments").click()
    page.wait_for_selector("#experiment .empty")
    page.go_back()
    page.wait_for_selector("#job h1")
    assert page.locator('header a[aria-current="page"]').inner_text() == "Jobs"


def test_jobs_side_by_side(page: Page, job: JobRecord, web_home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    line = {"status": "RUNNING", "kpi": {"val_mAP50": 0.25}}
    (tmp_path / "train" / "status.json").write_text(json.dumps(line) + "\n")
    other = job.model_copy(
        update={
            "id": "rtdetr-train-20260102-030406-1f2e3e",
            "created": job.created - timedelta(hours=1),
            "results_dir": str(tmp_path),
            "plan": {
                "spec": {"train": {"lr": "<b>0.1</b>"}},
                "overrides": [{"key": "train.lr", "source": "user"}],
            },
        }
    )
    with JobStore(f"sqlite:///{web_home['SKILLBANK_HOME']}/skillbank.db") as store:
        store.create(other)
        store.transition(other.id, JobState.COMPLETE, "exit code 0")
    page.evaluate("(id) => { location.hash = `#/jobs/${id}`; }", job.id)
    page.get_by_label("Compare with").select_option(other.id)
    page.wait_for_selector("#job h1:text('2 jobs compared')")
    said = page.locator("#job").inner_text()
    assert "val_mAP50\t0.6667\t0.25" in said and "train.lr\t\t<b>0.1</b>" in said
    page.locator("#job a", has_text=other.id.partition("-train-")[2]).click()
    page.wait_for_selector("#job h1:text('train')")
    with JobStore(f"sqlite:///{web_home['SKILLBANK_HOME']}/skillbank.db") as store:
        store.remove(other.id)  # the server is that of other tests too


def test_a_token_is_asked_for_once(browser: Browser, web_home: dict[str, str]) -> None:
    environment = {**web_home, "SKILLBANK_WEB_TOKEN": SECRET}
    with web_server(environment) as guarded:
        page = open_page(browser)
        page.goto(guarded.url)
        page.fill("#token", "not the token of this server")
        page.keyboard.press("Enter")
        page.wait_for_selector("#refused:not(:empty)")
        page.fill("#token", SECRET)
        page.keyboard.press("Enter")
        page.wait_for_selector("#find:not([hidden])")
        page.reload()
        page.wait_for_selector("#find:not([hidden])")
        page.context.clear_cookies()
        page.goto("about:blank")
        page.goto(f"{guarded.url}/#token={SECRET}")
        page.wait_for_selector("#find:not([hidden])")
        assert SECRET not in page.url
        page.close()
