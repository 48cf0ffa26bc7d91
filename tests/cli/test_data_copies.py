"""``skillbank data convert``, ``split`` and ``show``: what they write, say, and refuse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from skillbank.datasets.converting import convert
from skillbank.datasets.document import Box
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.placing import Placement
from tests.cli.conftest import Command
from tests.datasets.made import Made
from tests.web.browser import open_browser, open_page


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """An undivided COCO data set of twelve pictures."""
    made = Made(tmp_path / "made")
    made.add("", 12)
    convert(made.opened(), "coco", tmp_path / "coco", placement=Placement.COPY)
    return tmp_path / "coco"


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    made = Made(tmp_path / "made")
    made.add("", 3)
    convert(made.opened(), "coco", tmp_path / "faulty", placement=Placement.COPY)
    file = tmp_path / "faulty/annotations.json"
    document = json.loads(file.read_text())
    for annotation in document["annotations"][:2]:
        annotation["bbox"][2] = 0
    document["images"].append({"id": 99, "file_name": "gone.jpg", "width": 10, "height": 10})
    file.write_text(json.dumps(document))
    return tmp_path / "faulty"


def test_convert_says_what_it_wrote(inline: Command, coco: Path, tmp_path: Path) -> None:
    answer = inline("data", "convert", str(coco), "--to", "yolo", "-o", str(tmp_path / "new"))
    assert answer.code == 0 and f"written {tmp_path / 'new'} (yolo)" in answer.out
    told = inline(
        "data", "convert", str(tmp_path / "new"), "--to", "odvg", "-o", str(tmp_path / "o"), "--json"
    )
    assert told.document["written"] == str(tmp_path / "o") and told.document["pictures_linked"] == 12
    assert sum(each["boxes"] for each in told.document["splits"].values()) == 36
    assert told.document["from"] == {"place": str(tmp_path / "new"), "format": "yolo"}


def test_convert_refuses_faulty_data_with_everything_that_is_wrong(
    inline: Command, faulty: Path, tmp_path: Path
) -> None:
    asked = ("data", "convert", str(faulty), "--to", "yolo", "-o", str(tmp_path / "new"))
    answer = inline(*asked)
    assert answer.code == 1 and answer.out == ""
    assert "boxes without width or height: 2" in answer.err and "gone.jpg" in answer.err
    assert not (tmp_path / "new").exists()
    told = inline(*asked, "--on-broken", "skip", "--json").document
    assert told["repairs"]["box-empty"] == {"count": 2, "repair": "drop the box"}
    assert told["splits"]["train" if "train" in told["splits"] else "all"]["pictures"] == 3


def test_what_cannot_be_is_refused_before_anything_is_read(
    inline: Command, coco: Path, tmp_path: Path
) -> None:
    told = inline("data", "convert", str(coco), "--to", "tfrecord", "-o", str(tmp_path / "new"), "--json")
    assert told.code == 2 and "the formats are odvg, coco, yolo" in told.document["error"]["message"]
    told = inline("data", "convert", str(coco), "--to", "yolo", "-o", str(coco), "--json")
    assert told.code == 2 and "nothing" not in told.document["error"]["message"].partition(";")[0]
    told = inline("data", "convert", str(tmp_path / "a/b/c/nowhere"), "--to", "yolo", "-o", "x", "--json")
    assert told.code == 5
    told = inline("data", "split", str(coco), "--val", "1.5", "-o", str(tmp_path / "new"), "--json")
    assert told.code == 2 and "--val 1.5 is no amount" in told.document["error"]["message"]


def test_split_shows_the_classes_of_each_split(inline: Command, coco: Path, tmp_path: Path) -> None:
    asked = ("data", "split", str(coco), "--val", "0.25", "--test", "2", "--by", "picture")
    answer = inline(*asked, "-o", str(tmp_path / "new"))
    assert answer.code == 0 and "hard hat" in answer.out and "test: boxes (pictures)" in answer.out
    told = inline(*asked, "-o", str(tmp_path / "same"), "--json").document
    assert {name: each["pictures"] for name, each in told["splits"].items()} == {
        "train": 7,
        "val": 3,
        "test": 2,
    }
    assert told["division"]["seed"] == 0
    for name in ("train", "val", "test"):
        one, same = (tmp_path / folder / name / "annotations.json" for folder in ("new", "same"))
        assert one.read_bytes() == same.read_bytes()
    told = inline(*asked, "--seed", "4", "-o", str(tmp_path / "other"), "--json").document
    assert told["division"]["seed"] == 4
    again = inline("data", "split", str(tmp_path / "new"), "--val", "0.5", "-o", str(tmp_path / "x"))
    assert again.code == 2 and "--again" in again.err


def test_show_writes_a_page_and_sheets_over_nothing_but_its_own(
    inline: Command, coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = inline("data", "show", str(coco), "--pictures", "5", "--png", "sheets", "--json").document
    assert told["written"] == ["coco.html", "sheets/sheet-01.png"]
    assert len(told["shown"]) == 5 and told["pictures"] == {"all": 12}
    assert sum(each["boxes"]["all"] for each in told["classes"]) == 36
    assert inline("data", "show", str(coco)).code == 0  # over its own page
    Path("mine.html").write_text("<p>mine</p>")
    refused = inline("data", "show", str(coco), "-o", "mine.html")
    assert refused.code == 2 and "no page of this command" in refused.err
    assert Path("mine.html").read_text() == "<p>mine</p>"
    assert inline("data", "show", str(coco), "--png", "sheets").code == 2


@pytest.mark.slow
def test_the_page_works_in_a_browser(inline: Command, tmp_path: Path) -> None:
    made = Made(tmp_path / "made", ("<b>person</b>", "hat"))
    made.add("train", 4, boxes=0)
    for drawn in [made.splits["train"].pop() for _ in range(4)]:
        made.put("train", drawn.name, (160, 120), [Box(10, 20, 80, 90, 0)])
    made.add("val", 2, boxes=0)
    for drawn in [made.splits["val"].pop() for _ in range(2)]:
        made.put("val", drawn.name, (160, 120), [Box(10, 20, 80, 90, 0), Box(5, 5, 50, 50, 1)])
    convert(made.opened(), "coco", tmp_path / "coco")
    file = tmp_path / "page.html"
    assert inline("data", "show", str(tmp_path / "coco"), "-o", str(file)).code == 0
    with open_browser() as browser:
        page = open_page(browser)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: complaints.append(request.url) if request.url[:4] == "http" else None
        )
        page.goto(file.as_uri())
        assert page.locator(".picture:visible").count() == 6
        assert page.locator(".class .name").all_inner_texts() == ["<b>person</b>", "hat"]
        page.locator(".class", has_text="hat").click()
        assert page.locator(".picture:visible").count() == 2
        assert page.locator(".box:visible").count() == 2
        assert page.locator("#areas b").all_inner_texts() == ["0", "2", "0"]
        page.locator("#all").click()
        page.locator(".chip[data-split=val]").click()
        assert page.locator(".picture:visible").count() == 4
        page.locator(".frame").first.click()
        assert page.locator("#stage img").is_visible()
        assert "train" in page.locator("#caption").inner_text()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0 and not complaints


@pytest.mark.parametrize("command", ["convert", "split"])
def test_help_names_every_format_that_can_be_written(inline: Command, command: str) -> None:
    assert f"--to {'|'.join(writer.name for writer in WRITERS)}" in inline("data", command, "--help").out


def test_an_archive_is_named_by_its_file(
    inline: Command, coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    packed = shutil.make_archive(str(tmp_path / "warehouse"), "zip", coco)
    told = inline("data", "show", "warehouse.zip", "--json").document
    assert told["written"] == ["warehouse.html"] and told["place"] == packed
    told = inline("data", "convert", packed, "--to", "yolo", "-o", "new", "--json").document
    assert told["from"]["place"] == packed
    told = inline(
        "data", "split", packed, "--val", "3", "--by", "picture", "-o", "divided", "--json"
    ).document
    assert told["from"]["place"] == packed and told["splits"]["val"]["pictures"] == 3
