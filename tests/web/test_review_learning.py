"""What saves work on the review page: a set that learns, and a box that is drawn anew in one drag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Proposal, RunSpec
from tests.web.browser import open_browser
from tests.web.conftest import web_server
from tests.web.reviewing import Reviewer, boxes_of, eventually, opened, reviewer
from tests.web.sets import CLASSES, Truth, make_set, store_of, write_truth

pytestmark = pytest.mark.slow
NAME, DISC, BLOCK = "signs", 1, 2


@pytest.fixture
def truth(tmp_path: Path) -> list[Truth]:
    return write_truth(tmp_path / "photos", 8)


@pytest.fixture
def home(web_home: dict[str, str], tmp_path: Path, truth: list[Truth]) -> Path:
    """A set in which discs are found hardly, and called blocks more loudly."""
    folder = tmp_path / "home"
    with store_of(folder) as store:
        propose(make_set(store, NAME, truth, propose=False), truth)
    return folder


@pytest.fixture
def ann(web_home: dict[str, str], home: Path) -> Iterator[Reviewer]:
    environment = {**web_home, "SKILLBANK_HOME": str(home)}
    with (
        open_browser() as browser,
        web_server(environment, NAME, "--no-open", command="review") as served,
        reviewer(browser, served.url) as someone,
    ):
        yield someone


def propose(labels: LabelSet, truth: list[Truth]) -> None:
    run = labels.start_run(RunSpec("tiny", "0" * 64, CLASSES, who="maker"))
    boxes = {one.path.name: dict(one.boxes) for one in truth}
    found = {}
    for row in labels.pictures(limit=100):
        disc, block = boxes[row.name]["disc"], boxes[row.name]["block"]
        found[row.number] = [
            Proposal(DISC, disc, 0.1, "red disc"),
            Proposal(BLOCK, disc, 0.35, "blue block"),
            Proposal(BLOCK, block, 0.6, "blue block"),
        ]
    labels.propose(run, found)
    labels.finish_run(run, "maker")


def names(ann: Reviewer) -> list[str]:
    """Return what is written at the boxes that are shown."""
    return sorted(
        text.split()[0] for text in ann.page.locator("#canvas-boxes .mark text").all_text_contents()
    )


def test_what_is_decided_is_learned_from(ann: Reviewer, home: Path, truth: list[Truth]) -> None:
    ann.open(NAME)
    ann.page.click("#review-start")
    ann.page.wait_for_selector("#canvas-boxes .mark")
    assert names(ann) == ["block", "block"]
    assert "L lets your decisions" in ann.page.locator("#learned").inner_text()
    ann.key("l")
    ann.page.wait_for_selector('#learn[aria-pressed="true"]')
    assert "once 3 pictures are reviewed" in ann.page.locator("#learned").inner_text()
    for _ in range(4):  # the queue has given two at a time
        disc = dict(next(one for one in truth if one.path.name == called(ann)).boxes)["disc"]
        x, y = ann.at((disc[0] + disc[2]) / 2, (disc[1] + disc[3]) / 2)
        ann.page.mouse.move(x - 2, y)
        ann.page.mouse.move(x, y)
        ann.key("1")
        assert ann.settle() == "Saved"
        ann.onward("a")
    assert names(ann) == ["block", "disc"], "the quiet name is right where the loud one was wrong"
    assert "Learned from 4 reviewed pictures" in ann.page.locator("#learned").inner_text()
    number = ann.number()
    ann.onward("a")
    kept = boxes_of(home, NAME, number).values()
    assert sorted(box.class_number for box in kept if box.state == "accepted") == [DISC, BLOCK]
    ann.page.click("#learn")
    ann.page.wait_for_selector('#learn[aria-pressed="false"]')
    eventually(lambda: names(ann) == ["block", "block"])
    with opened(home, NAME) as labels:
        assert not labels.summary().learns


def called(ann: Reviewer) -> str:
    return ann.page.locator("#picture-name").inner_text()


def test_a_box_is_drawn_anew_in_one_drag(ann: Reviewer, home: Path, truth: list[Truth]) -> None:
    ann.picture(NAME, 1)
    [one] = [one for one in truth if one.path.name == called(ann)]
    disc, block = (dict(one.boxes)[name] for name in ("disc", "block"))
    quiet, loud, right = sorted(boxes_of(home, NAME, 1))

    def corners(number: int) -> tuple[float, ...]:
        return tuple(boxes_of(home, NAME, 1)[number].corners)

    wanted = (block[0] + 12, block[1] + 8, block[2] + 10, block[3] + 12)
    ann.drag(wanted[:2], wanted[2:], button="right")
    assert ann.settle() == "Saved" and corners(right) == pytest.approx(wanted, abs=1)
    ann.says("The box of block was drawn anew")
    # What is shown comes before a candidate of the same place, and nothing is drawn where there is no box.
    wanted = (disc[0] - 5, disc[1] - 5, disc[2] + 5, disc[3] + 5)
    ann.page.keyboard.down("Shift")
    ann.drag(wanted[:2], wanted[2:])
    ann.page.keyboard.up("Shift")
    assert ann.settle() == "Saved" and corners(loud) == pytest.approx(wanted, abs=1)
    assert corners(quiet) == disc and boxes_of(home, NAME, 1)[loud].class_number == BLOCK
    ann.key("r")
    assert ann.settle() == "Saved"
    ann.drag(wanted[2:], wanted[:2], button="right")  # the candidate below, from the other end
    assert ann.settle() == "Saved" and corners(quiet) == pytest.approx(wanted, abs=1)
    assert boxes_of(home, NAME, 1)[quiet].state == "edited"
    ann.drag((150, 5), (158, 12), button="right")
    ann.says("No box lies there")
    assert len(boxes_of(home, NAME, 1)) == 3
