"""The review page in a real browser: mouse, touch, keys, crops, classes, conflicts, and who can use it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skillbank.sets.audit import in_random_order
from skillbank.sets.model import Accept, ClassSpec, Proposal, Review, RunSpec
from tests.web.browser import until
from tests.web.conftest import Server, web_server
from tests.web.reviewing import Reviewer, boxes_of, eventually, opened, reviewer
from tests.web.sets import Truth, make_set, store_of, write_truth

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.slow
_numbers = count(1)


@pytest.fixture(scope="module")
def home(web_home: dict[str, str]) -> Path:
    return Path(web_home["SKILLBANK_HOME"])


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> list[Truth]:
    return write_truth(tmp_path_factory.mktemp("photos"), 8)


@pytest.fixture(scope="module")
def served(web_home: dict[str, str], home: Path, truth: list[Truth]) -> Iterator[Server]:
    """``skillbank review`` of a set; the page shows the others as well."""
    with store_of(home) as store:
        make_set(store, "first", truth)
    with web_server(web_home, "first", "--no-open", command="review") as running:
        yield running


@pytest.fixture
def name(home: Path, truth: list[Truth]) -> str:
    """A set of its own for each test: pictures 1 to 8, on each a disc (.8), a block (.4), a candidate."""
    called = f"set-{next(_numbers)}"
    with store_of(home) as store:
        make_set(store, called, truth)
    return called


@pytest.fixture
def ann(browser: Browser, served: Server) -> Iterator[Reviewer]:
    with reviewer(browser, served.url) as someone:
        yield someone


def test_from_the_grid_through_all_pictures_with_the_mouse(ann: Reviewer, name: str, home: Path) -> None:
    page = ann.page
    ann.open(name)
    page.wait_for_selector("#grid .cell >> nth=7")
    assert page.locator("#grid-count").inner_text() == "8 pictures"
    image = page.locator("#grid .cell img").first
    assert image.evaluate("(node) => node.decode().then(() => node.naturalWidth)") == 320
    page.get_by_role("button", name="Reviewed", exact=True).click()
    page.wait_for_selector("#grid-empty:not([hidden])")
    page.get_by_role("button", name="To do", exact=True).click()
    page.locator("#grid .cell").first.click()
    page.wait_for_selector("#canvas-boxes .mark")
    first = ann.number()
    disc, block = ann.marks()
    before = boxes_of(home, name, first)

    page.locator(f'[data-box="{disc}"] rect').first.click()  # choose, then move
    x1, y1, x2, y2 = before[disc].corners
    ann.drag(((x1 + x2) / 2, (y1 + y2) / 2), ((x1 + x2) / 2 + 20, (y1 + y2) / 2 + 10))
    ann.settle()
    moved = boxes_of(home, name, first)[disc]
    assert moved.corners == pytest.approx((x1 + 20, y1 + 10, x2 + 20, y2 + 10), abs=0.6)
    assert moved.state == "edited" and moved.by == "Ann" and moved.first is not None
    ann.drag((moved.x2, moved.y2), (moved.x2 + 15, moved.y2 - 8))  # its lower right handle
    ann.settle()
    pulled = boxes_of(home, name, first)[disc]
    assert pulled.corners == pytest.approx((moved.x1, moved.y1, moved.x2 + 15, moved.y2 - 8), abs=0.6)

    ann.select(block)
    page.click("#reject")
    page.click('[data-class="2"]')  # the class of the next box
    ann.draw((200, 10, 260, 50))
    ann.settle()
    [drawn] = [box for box in boxes_of(home, name, first).values() if box.origin == "Ann"]
    assert drawn.corners == pytest.approx((200, 10, 260, 50), abs=0.6) and drawn.class_number == 2
    assert ann.marks() == sorted([disc, drawn.number])
    page.click('[data-class="1"]')  # what is selected becomes a disc
    ann.settle()
    assert boxes_of(home, name, first)[drawn.number].class_number == 1
    page.get_by_role("button", name="Undo").click()
    ann.says("Undone")
    assert boxes_of(home, name, first)[drawn.number].class_number == 2
    page.get_by_role("button", name="Redo").click()
    ann.says("Redone")
    assert boxes_of(home, name, first)[drawn.number].class_number == 1

    for _ in range(7):
        assert ann.onward(lambda: page.click("#accept"))
    page.click("#accept")
    ann.says("This was the last picture")
    with opened(home, name) as found:
        assert found.summary().reviewed == 8
        states = {
            box.state for row in found.pictures() for box in found.picture(row.number).boxes if box.shown
        }
    assert states == {"accepted", "edited"}
    ann.says("8 of 8 reviewed", "review-progress")
    assert "a minute" in page.locator("#review-progress").inner_text()
    assert "Ann 8" in page.locator("#review-people").inner_text()


def test_everything_on_a_picture_with_the_keyboard_alone(ann: Reviewer, name: str, home: Path) -> None:
    page = ann.page
    ann.open(name)
    page.wait_for_selector("#grid .cell >> nth=7")
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    assert names[:4] == ["Skip to the content", "skillbank", "Find", "Review"] and "Review next" in names
    ann.key("ArrowRight", "ArrowRight", "ArrowLeft", "Enter")  # the grid is one stop, and arrows walk in it
    page.wait_for_selector("#canvas-boxes .mark")
    second = ann.number()
    with opened(home, name) as found:
        assert [row.number for row in found.pictures()].index(second) == 1
    before = boxes_of(home, name, second)
    disc, block, candidate = sorted(before)

    ann.key("b", "ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "Control+ArrowDown")
    ann.settle()
    x1, y1, x2, y2 = before[disc].corners
    assert boxes_of(home, name, second)[disc].corners == pytest.approx((x1 + 2, y1 + 11, x2 + 3, y2 + 11))
    ann.key("b", "r")
    ann.settle()
    assert boxes_of(home, name, second)[block].state == "rejected"
    ann.key("c", "b")
    assert candidate in ann.marks(), "candidates are shown when they are asked for"
    ann.key("Escape", "2", "d", "Enter", "ArrowLeft")
    ann.settle()
    [drawn] = [box for box in boxes_of(home, name, second).values() if box.origin == "Ann"]
    assert drawn.class_number == 2 and drawn.x2 - drawn.x1 == pytest.approx(64, abs=1)
    ann.key("1")
    ann.settle()
    assert boxes_of(home, name, second)[drawn.number].class_number == 1
    ann.key("z")
    ann.says("Undone")
    assert boxes_of(home, name, second)[drawn.number].class_number == 2
    ann.key("Shift+Z")
    ann.says("Redone")
    assert boxes_of(home, name, second)[drawn.number].class_number == 1

    ann.key("?")
    page.wait_for_selector("#help[open]")
    assert "accept what is shown" in page.locator("#help").inner_text()
    ann.key("a", "Escape")
    page.wait_for_selector("#help", state="hidden")
    assert ann.number() == second, "keys of the page sleep under a dialog"
    assert ann.onward("n") and ann.onward("p") == second
    ann.key("+", "+")
    assert page.evaluate(
        "document.getElementById('sheet').clientWidth > document.getElementById('canvas').clientWidth"
    )
    ann.key("0")
    assert ann.onward("a")
    with opened(home, name) as found:
        assert found.picture(second).row.state == "reviewed"
    assert ann.onward("s")
    ann.says("1 skipped", "review-progress")
    ann.key("g")
    page.wait_for_selector("#part-pictures:not([hidden])")


def test_letters_can_be_turned_off_and_are_text_where_one_writes(
    ann: Reviewer, name: str, home: Path
) -> None:
    page = ann.page
    ann.picture(name, 1)
    ann.key("?")
    page.locator("#keys-on").uncheck()
    ann.key("Escape", "b", "r", "a")
    assert ann.number() == 1 and {box.state for box in boxes_of(home, name, 1).values()} == {"proposed"}
    ann.page.click("#help-open")
    page.locator("#keys-on").check()
    ann.key("Escape")
    ann.open(name, "classes")
    page.fill("#class-new", "zebra")
    page.locator("#class-new").press_sequentially("a?z")
    assert page.locator("#class-new").input_value() == "zebraa?z"


def test_fingers_draw_move_and_scroll(browser: Browser, served: Server, name: str, home: Path) -> None:
    with reviewer(
        browser, served.url, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True
    ) as bob:
        bob.picture(name, 1)
        page = bob.page
        wire = page.context.new_cdp_session(page)

        def swipe(start: tuple[float, float], end: tuple[float, float]) -> None:
            (a, b), (c, d) = bob.at(*start), bob.at(*end)
            for kind, x, y in (
                ("touchStart", a, b),
                ("touchMove", (a + c) / 2, (b + d) / 2),
                ("touchMove", c, d),
            ):
                wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
            wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        page.locator("#canvas").scroll_into_view_if_needed()
        before = boxes_of(home, name, 1)
        disc = min(before)
        middle = ((before[disc].x1 + before[disc].x2) / 2, (before[disc].y1 + before[disc].y2) / 2)
        swipe(middle, (middle[0] + 30, middle[1]))
        assert boxes_of(home, name, 1)[disc] == before[disc], "a finger scrolls over what it has not chosen"
        page.touchscreen.tap(*bob.at(*middle))
        assert page.locator("#canvas-boxes .selected").get_attribute("data-box") == str(disc)
        swipe(middle, (middle[0] + 30, middle[1] + 5))
        eventually(lambda: boxes_of(home, name, 1)[disc] != before[disc])
        assert boxes_of(home, name, 1)[disc].x1 == pytest.approx(before[disc].x1 + 30, abs=1)
        page.locator("#draw").tap()
        page.locator("#canvas").scroll_into_view_if_needed()
        swipe((20, 180), (90, 220))
        eventually(lambda: len(boxes_of(home, name, 1)) > len(before))
        [drawn] = [box for box in boxes_of(home, name, 1).values() if box.origin == "Ann"]
        assert drawn.corners == pytest.approx((20, 180, 90, 220), abs=1.5)


def test_the_grid_shows_boxes_over_small_pictures(ann: Reviewer, name: str, home: Path) -> None:
    page, asked = ann.page, []
    page.on("request", lambda request: asked.append(request.url))
    ann.open(name)
    paths = page.locator("#grid .over path")
    eventually(lambda: paths.count() == 16)  # a disc and a block on each of eight
    assert sum("/boxes?" in url for url in asked) == 1, "one question for all that is in sight"
    assert page.locator("#grid .over path.proposed").count() == 16
    disc = next(box for box in boxes_of(home, name, 1).values() if box.class_number == 1)
    path = page.locator('#grid a[href$="/picture/1"] .over path').first
    frame, image = path.bounding_box(), page.locator('#grid a[href$="/picture/1"] img').bounding_box()
    assert frame and image
    scale = (image["width"] - 3) / 320  # the picture is wider than high, in a square
    left, top = image["x"] + 1.5, image["y"] + 1.5 + (image["height"] - 3 - 240 * scale) / 2
    # The browser counts the line, with room for its corners, as part of a path.
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    assert middle[0] == pytest.approx(left + (disc.x1 + disc.x2) / 2 * scale, abs=1)
    assert middle[1] == pytest.approx(top + (disc.y1 + disc.y2) / 2 * scale, abs=1)
    assert 0 <= frame["width"] - (disc.x2 - disc.x1) * scale < 8
    ann.picture(name, 1)
    ann.onward("a")
    ann.settle()
    page.get_by_role("link", name="Pictures").click()
    decided = page.locator("#grid .over path:not(.proposed)")
    eventually(lambda: (decided.count(), paths.count()) == (2, 16))


def test_the_model_is_asked_about_one_picture(
    browser: Browser, server: Server, home: Path, tmp_path: Path
) -> None:
    called = f"asked-{next(_numbers)}"
    with store_of(home) as store:
        made = make_set(store, called, write_truth(tmp_path / "one", 2), propose=False)
        for one in made.classes():
            made.set_threshold(one.number, 0.05, "Eve")  # the model is a small one that knows little
    with reviewer(browser, server.url) as ann:
        ann.picture(called, 1)
        page = ann.page
        page.fill("#ask-words", "red circle")
        page.keyboard.press("Enter")
        said = page.locator("#ask-said", has_text="for “red circle” as disc")
        said.wait_for()
        boxes = boxes_of(home, called, 1)
        assert boxes and len(ann.marks()) == len(boxes)
        assert {(box.state, box.run, box.caption) for box in boxes.values()} == {
            ("proposed", None, "red circle")
        }
        page.keyboard.press("Enter")
        page.locator("#ask-said", has_text="0 boxes for “red circle” as disc").wait_for()
        assert boxes_of(home, called, 1) == boxes, "what is there does not come a second time"
        page.click("#ask-again")
        page.locator("#ask-said", has_text=re.compile("(box|boxes|found) for the classes")).wait_for()
        page.locator("#canvas").focus()
        if len(boxes_of(home, called, 1)) > len(boxes):
            ann.key("z")
            eventually(lambda: boxes_of(home, called, 1) == boxes)
        ann.key("z")
        eventually(lambda: not boxes_of(home, called, 1))
        ann.says("Undone: what the model was asked")
        eventually(lambda: page.locator("#canvas-boxes .mark").count() == 0)


def test_two_fingers_zoom(browser: Browser, served: Server, name: str, home: Path) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    with reviewer(browser, served.url, **phone) as bob:
        bob.picture(name, 1)
        page = bob.page
        wire = page.context.new_cdp_session(page)
        page.locator("#canvas").scroll_into_view_if_needed()
        before = boxes_of(home, name, 1)

        def pinch(middle: tuple[float, float], start: float, end: float) -> None:
            """Move two fingers beside one another, from one distance to another."""
            steps = [start + (end - start) * part / 4 for part in range(5)]
            for kind, apart in [("touchStart", start), *(("touchMove", each) for each in steps)]:
                points = [{"x": middle[0] + side * apart / 2, "y": middle[1], "id": side} for side in (-1, 1)]
                points = [{**point, "id": number} for number, point in enumerate(points)]
                wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        def width() -> float:
            frame = page.locator("#sheet").bounding_box()
            assert frame
            return frame["width"]

        whole, spot = width(), (160.0, 120.0)
        where = bob.at(*spot)
        pinch(where, 60, 150)
        eventually(lambda: width() == pytest.approx(2.5 * whole, rel=0.02))
        assert bob.at(*spot) == pytest.approx(where, abs=3), "what lies between the fingers stays there"
        assert page.evaluate("visualViewport.scale") == 1, "the picture is zoomed, not the page"
        pinch(where, 150, 60)
        eventually(lambda: width() == pytest.approx(whole, rel=0.02))
        page.locator("#draw").tap()
        page.locator("#canvas").scroll_into_view_if_needed()
        pinch(bob.at(*spot), 60, 120)
        eventually(lambda: width() == pytest.approx(2 * whole, rel=0.02))
        assert boxes_of(home, name, 1) == before, "two fingers draw, move and decide nothing"


def test_a_threshold_moves_without_the_server_and_is_kept(ann: Reviewer, name: str, home: Path) -> None:
    ann.picture(name, 1)
    page, asked = ann.page, []
    _, block, candidate = sorted(boxes_of(home, name, 1))
    page.on("request", lambda request: asked.append(request.method + request.url))
    slider = page.get_by_label("Threshold of block")
    slider.focus()
    assert block in ann.marks() and candidate not in ann.marks()
    page.eval_on_selector(
        "#level-2", "(node) => { node.value = 0.1; node.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert candidate in ann.marks()
    page.eval_on_selector(
        "#level-2", "(node) => { node.value = 0.5; node.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    assert block not in ann.marks() and "2 below the threshold" in page.locator("#box-count").inner_text()
    assert [line for line in asked if not line.endswith(f"/{name}")] == []
    with page.expect_response("**/classes/2"):
        ann.key("ArrowRight")
    with opened(home, name) as found:
        assert found.classes()[1].threshold == pytest.approx(0.51)
    page.locator("#canvas").focus()
    assert ann.onward("a")
    assert [box.state for _, box in sorted(boxes_of(home, name, 1).items())] == [
        "accepted",
        "proposed",
        "proposed",
    ]


def test_a_threshold_for_another_run_moves_nothing_until_a_person_takes_it(
    ann: Reviewer, name: str, home: Path
) -> None:
    _, block, _ = sorted(boxes_of(home, name, 1))
    with opened(home, name) as found:
        found.start_run(RunSpec("another", "b" * 64, (), who="Eve"))
        found.set_threshold(2, 0.9, "Eve", run=2)
    page = ann.page
    ann.open(name, "classes")
    ann.says("0.9 was suggested for run 2 and counts for its proposals alone", "class-table")
    ann.picture(name, 1)
    assert block in ann.marks()
    move = """(node) => {
        node.value = 0.85;
        for (const kind of ["input", "change"]) node.dispatchEvent(new Event(kind, { bubbles: true }));
    }"""
    with page.expect_response("**/classes/2"):
        page.eval_on_selector("#level-2", move)
    assert block not in ann.marks()
    with opened(home, name) as found:
        assert (found.classes()[1].threshold, found.classes()[1].threshold_run) == (0.85, None)


def test_all_suggestions_are_taken_for_the_run_they_are_of(ann: Reviewer, name: str, home: Path) -> None:
    with opened(home, name) as found:
        run = found.start_run(RunSpec("another", "b" * 64, (ClassSpec("block"),), who="Eve"))
        numbers = [row.number for row in found.pictures()]
        low, high = Proposal(2, (0, 0, 9, 9), 0.2), Proposal(2, (0, 20, 9, 29), 0.8)
        found.propose(run, {number: [low, high] for number in numbers})
        for number in numbers:
            found.edit(number, [Review()], who="Eve", version=found.picture(number).version)
    page = ann.page
    ann.open(name, "classes")
    ann.says("a threshold of 0.5 for the model another (run 2)", "class-table")
    with page.expect_response("**/classes/2"):
        page.click("#take-all")
    with opened(home, name) as found:
        assert (found.classes()[1].threshold, found.classes()[1].threshold_run) == (0.5, 2)


def test_the_queue_gives_each_picture_to_one_person(
    browser: Browser, served: Server, name: str, home: Path
) -> None:
    with reviewer(browser, served.url, "Ann") as ann, reviewer(browser, served.url, "Bob") as bob:
        done: dict[str, list[int]] = {"Ann": [], "Bob": []}
        for someone in (ann, bob):
            someone.open(name)
            someone.page.click("#review-start")
            someone.page.wait_for_selector("#canvas-boxes .mark")
        going = [ann, bob]
        while going:
            for someone in tuple(going):
                done[someone.name].append(someone.number())
                if not someone.onward("a"):
                    going.remove(someone)
        assert sorted(done["Ann"] + done["Bob"]) == list(range(1, 9)), "nothing twice, nothing left out"
        assert min(len(done["Ann"]), len(done["Bob"])) >= 3
        ann.says(f"Bob {len(done['Bob'])}", "review-people")
        with opened(home, name) as found:
            told = {each.name: each.reviewed for each in found.summary().people}
        assert told == {who: len(numbers) for who, numbers in done.items()}


def test_an_answer_that_is_late_is_no_conflict_with_oneself(ann: Reviewer, name: str, home: Path) -> None:
    ann.picture(name, 1)
    disc, block, _ = sorted(boxes_of(home, name, 1))
    late = []

    def hold(route: Any) -> None:
        late.append((route, route.fetch()))

    with opened(home, name) as found:  # something that makes the page look at its picture again
        found.set_threshold(1, 0.41, "Eve")
    ann.page.route(f"**/api/sets/{name}/pictures/1", hold)
    deadline = time.monotonic() + 15
    while not late:
        assert time.monotonic() < deadline
        ann.page.wait_for_timeout(50)
    ann.select(block)
    ann.key("r")
    assert ann.settle() == "Saved"
    route, answer = late[0]
    route.fulfill(response=answer)
    ann.page.unroute(f"**/api/sets/{name}/pictures/1")
    ann.page.wait_for_timeout(300)
    assert block not in ann.marks() and disc in ann.marks()
    assert ann.onward("a"), "no conflict with what this person did"


def test_what_another_has_is_said_to_be_left(browser: Browser, served: Server, name: str, home: Path) -> None:
    with reviewer(browser, served.url, "Ann") as ann, opened(home, name) as found:
        taken = found.next("Bob", count=7)
        ann.open(name)
        ann.page.click("#review-start")
        ann.page.wait_for_selector("#canvas-boxes .mark")
        assert ann.number() not in taken and not ann.onward("a")
        ann.says("Nothing is left for you: 7 pictures are with somebody else")
        for number in taken:
            found.edit(number, [Review()], who="Bob", version=found.picture(number).version)
        ann.open(name)
        ann.page.click("#review-start")
        ann.says("Nothing is left: every picture is reviewed or skipped.")


def test_a_picture_that_is_looked_at_long_stays_with_who_looks(ann: Reviewer, name: str, home: Path) -> None:
    ann.page.clock.install()
    ann.open(name)
    ann.page.click("#review-start")
    ann.page.wait_for_selector("#canvas-boxes .mark")
    number = ann.number()
    with opened(home, name) as found:
        assert number not in found.next("Bob", count=8)
    with ann.page.expect_response("**/claims") as answer:
        ann.page.clock.fast_forward(181_000)
    assert number in answer.value.json()["pictures"]


def test_keys_act_on_what_is_under_the_pointer(ann: Reviewer, name: str, home: Path) -> None:
    ann.picture(name, 1)
    page = ann.page
    before = boxes_of(home, name, 1)
    disc, block, candidate = sorted(before)

    def over(number: int) -> None:
        box = before[number]
        x, y = ann.at((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2)
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)

    over(disc)
    assert page.locator("#canvas-boxes .aimed").get_attribute("data-box") == str(disc)
    ann.key("2")
    ann.settle()
    assert boxes_of(home, name, 1)[disc].class_number == 2
    box = before[disc]
    ann.drag((box.x2, box.y2), (box.x2 + 9, box.y2 + 9))  # a handle, without a click before
    ann.settle()
    assert boxes_of(home, name, 1)[disc].x2 == pytest.approx(box.x2 + 9, abs=1)
    over(block)
    ann.key("b")  # what is selected since is meant, though the pointer rests elsewhere
    chosen = page.locator("#canvas-boxes .selected").get_attribute("data-box")
    assert page.locator("#canvas-boxes .aimed").count() == 0
    ann.key("Escape")
    over(candidate)
    assert page.locator("#canvas-aim .hint-box").get_attribute("data-box") == str(candidate)
    assert candidate not in ann.marks()
    ann.key("1")
    ann.says("found below the threshold")
    ann.settle()
    taken = boxes_of(home, name, 1)[candidate]
    assert (taken.class_number, taken.state, taken.by) == (1, "edited", "Ann") and candidate in ann.marks()
    over(block)
    ann.key("r")
    ann.settle()
    assert boxes_of(home, name, 1)[block].state == "rejected" and chosen
    over(candidate)
    ann.key("d", "2")  # the class of what is drawn next, not of what lies there
    ann.drag((200, 10), (260, 50))
    ann.settle()
    assert boxes_of(home, name, 1)[candidate].class_number == 1
    [drawn] = [one for one in boxes_of(home, name, 1).values() if one.origin == "Ann"]
    assert drawn.class_number == 2


def test_two_tabs_keep_both_changes_or_ask(browser: Browser, served: Server, name: str, home: Path) -> None:
    with reviewer(browser, served.url, "Ann") as ann, reviewer(browser, served.url, "Bob") as bob:
        for someone in (ann, bob):
            someone.picture(name, 1)
            someone.deaf(name)
        disc, block, _ = sorted(boxes_of(home, name, 1))
        ann.select(disc)
        ann.key("ArrowRight")
        assert ann.settle() == "Saved"
        bob.select(block)
        bob.key("r")  # another box: nothing to ask
        assert bob.settle() == "Saved"
        there = boxes_of(home, name, 1)
        assert there[disc].state == "edited" and there[block].state == "rejected"
        bob.says("Ann changed this picture too")

        bob.select(disc)
        bob.key("ArrowDown")
        assert bob.settle() == "Saved"
        ann.select(disc)
        ann.key("Control+ArrowRight")  # the same box, and Ann has not seen where Bob put it
        assert ann.settle() == "Not saved"
        asked = ann.page.locator("#conflict").inner_text()
        assert "Bob changed the same thing" in asked and "changed 1 box" in asked
        theirs = boxes_of(home, name, 1)[disc]
        ann.key("a", "n")
        assert ann.number() == 1, "nobody goes on over it"
        ann.page.click("#mine")
        assert ann.settle() == "Saved"
        assert boxes_of(home, name, 1)[disc].x1 == pytest.approx(theirs.x1 + 10)

        bob.select(disc)
        bob.key("ArrowUp")
        assert bob.settle() == "Not saved"
        bob.page.click("#theirs")
        assert bob.settle() == "Saved"
        assert boxes_of(home, name, 1)[disc].x1 == pytest.approx(theirs.x1 + 10)
        with opened(home, name) as found:
            version = found.picture(1).version
            found.edit(1, [Accept(block)], who="Eve", version=version)
        bob.key("a")  # accepts what is shown, and it has not seen that
        assert bob.settle() == "Not saved" and "Eve changed" in bob.page.locator("#conflict").inner_text()


def test_what_did_not_reach_the_server_is_sent_again(ann: Reviewer, name: str, home: Path) -> None:
    ann.picture(name, 1)
    disc = min(boxes_of(home, name, 1))
    ann.page.route("**/edits", lambda route: route.abort())
    ann.select(disc)
    ann.key("r")
    ann.says("does not answer", "saved")
    assert boxes_of(home, name, 1)[disc].state == "proposed" and disc not in ann.marks()
    ann.page.unroute("**/edits")
    eventually(lambda: ann.page.locator("#saved").inner_text() == "Saved")
    assert boxes_of(home, name, 1)[disc].state == "rejected"
    ann.said = [line for line in ann.said if "ERR_FAILED" not in line]


def test_a_row_of_crops(ann: Reviewer, name: str, home: Path) -> None:
    page = ann.page
    ann.open(name, "crops", "2")
    page.wait_for_selector(".crop >> nth=7")
    image = page.locator(".crop img").first
    assert image.evaluate("(node) => node.decode().then(() => node.naturalWidth)") > 50
    wrong = page.locator(".crop").nth(2)
    number = int(wrong.get_attribute("data-box") or 0)
    wrong.click()
    assert page.locator("#crops-accept").inner_text() == "Reject 1, accept 7"
    page.locator(".crop").first.focus()
    ann.key("ArrowRight", "Space", "Space", "a")  # wrong, and not wrong after all
    ann.says("8 boxes decided")
    page.wait_for_selector("#crops-none:not([hidden])")
    with opened(home, name) as found:
        states = [
            box.state
            for row in found.pictures()
            for box in found.picture(row.number).boxes
            if box.score == 0.4
        ]
        assert sorted(states) == ["accepted"] * 7 + ["rejected"] and found.box(number).state == "rejected"
    page.select_option("#crops-state", "decided")
    page.wait_for_selector(".crop >> nth=6")
    page.locator(".crop").nth(0).click()
    page.locator(".crop").nth(1).click()
    page.get_by_role("button", name="Give the marked this class").click()
    ann.says("2 boxes became disc.")
    with opened(home, name) as found:
        assert len([box for box in found.crops(1, state=None) if box.score == 0.4]) == 2, (
            "a class can be split"
        )


def test_classes_on_the_page(ann: Reviewer, name: str, home: Path) -> None:
    page = ann.page
    ann.picture(name, 1)
    assert ann.onward("a")
    page.get_by_role("link", name="Classes").click()
    page.wait_for_selector("#name-1")
    page.fill("#name-1", "<b>round</b>")
    with page.expect_response("**/classes/1"):
        page.keyboard.press("Tab")
    page.wait_for_selector("text=It is called <b>round</b> now.")
    page.fill("#descriptions-2", "blue block\nblue cube")
    with page.expect_response("**/classes/2"):
        page.keyboard.press("Tab")
    page.fill("#class-new", "star")
    page.keyboard.press("Enter")
    page.wait_for_selector("#name-3")
    page.fill("#name-3", "block")
    with page.expect_response("**/classes/3"):
        page.keyboard.press("Tab")
    ann.says("merge", "review-problem")
    ann.said = [line for line in ann.said if "400" not in line]
    with opened(home, name) as found:
        assert [(one.name, one.captions) for one in found.classes()] == [
            ("<b>round</b>", ("red disc",)),
            ("block", ("blue block", "blue cube")),
            ("star", ("star",)),
        ]
    page.locator('[data-merge="1"]').check()
    page.select_option("#merge-into", "2")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.wait_for_selector("#name-1", state="detached")
    page.get_by_role("button", name="Remove star").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.wait_for_selector("#name-3", state="detached")
    states = [box.state for _, box in sorted(boxes_of(home, name, 1).items())]
    assert states == ["accepted", "accepted", "proposed"], "what a person decided stays"
    with opened(home, name) as found:
        assert [one.name for one in found.classes()] == ["block"]


def test_names_from_a_set_are_text(browser: Browser, served: Server, home: Path, tmp_path: Path) -> None:
    from tests.web.sets import WHO, found

    [one] = write_truth(tmp_path, 1, seed=9)
    bad = "<img src=x onerror=document.title='gone'>\u202egnp.png"
    with store_of(home) as store:
        made = make_set(store, "odd", [], propose=False)
        made.add_pictures([found(one.path, bad)], WHO)
        made.change_class(1, WHO, name="<script>document.title='gone'</script>")
    with reviewer(browser, served.url, "<i>Ann</i>") as ann:
        ann.open("odd")
        ann.page.wait_for_selector("#grid .cell")
        assert "<img src=x" in ann.page.locator("#grid .cell").inner_text()
        assert "\\u202e" in ann.page.locator("#grid .cell").inner_text(), "what cannot be seen is written out"
        ann.picture("odd", 1)
        assert "<script>" in ann.page.locator("#class-list").inner_text()
        ann.open("odd", "classes")
        ann.page.wait_for_selector("#name-1")
        assert (
            "gone" not in ann.page.title()
            and ann.page.locator("main script, main i:not([class])").count() == 0
        )
        assert ann.page.locator("#review-person").inner_text() == "<i>Ann</i>"


AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((each) => [each.id, each.nodes.map((one) => one.target + one.failureSummary)]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_use_it(browser: Browser, served: Server, name: str, scheme: Any, width: int) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    context = {"viewport": {"width": width, "height": 780}, "color_scheme": scheme}
    with reviewer(browser, served.url, **context) as ann:
        page = ann.page
        for part, *more in (("pictures",), ("picture", "1"), ("crops", "1"), ("classes",), ("audit",)):
            ann.open(name, part, *more)
            if part == "picture":
                ann.picture(name, 1)
                ann.key("b")
            page.wait_for_selector(f"#part-{part}:not([hidden])")
            if part == "pictures":  # it stays: the parts are one page
                page.evaluate(axe)
            assert page.evaluate(AXE) == [], (part, scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (part, width)
        ann.key("?") if width > 400 else page.click("#help-open")
        assert page.evaluate(AXE) == []


def test_whether_the_rest_may_be_accepted_unseen(ann: Reviewer, name: str, home: Path) -> None:
    page = ann.page
    ann.open(name, "audit")
    ann.says("Nobody knows yet", "audit-verdict")
    page.get_by_role("button", name="Review the sample").click()
    page.wait_for_selector("#canvas-boxes .mark")
    seen = [ann.number()]
    while number := ann.onward("a"):
        seen.append(number)
    with opened(home, name) as found:
        assert seen == [row.number for row in in_random_order(found.pictures())]
        found.set_threshold(2, 0.5, "Eve")
    page.get_by_role("link", name="Audit").click()
    ann.says("No. Of what is shown", "audit-verdict")
    assert "50.0 %" in page.locator("#audit tbody tr").last.inner_text(), "all the blocks would be missed"


def test_the_rest_is_accepted_unseen(ann: Reviewer, home: Path, tmp_path: Path) -> None:
    called = f"rest-{next(_numbers)}"
    with store_of(home) as store:
        found = make_set(store, called, write_truth(tmp_path / "many", 40))
        order = [row.number for row in in_random_order(found.pictures())]
        for number in order[:35]:
            found.edit(number, [Review()], who="Eve", version=found.picture(number).version)
    page = ann.page
    ann.open(called, "audit")
    ann.says("It cannot be said yet", "audit-verdict")
    assert page.locator("#accept-rest").count() == 0, "only where the answer is yes"
    page.get_by_role("button", name="Review the sample").click()
    page.wait_for_selector("#canvas-boxes .mark")
    ann.onward("a")
    ann.onward("a")
    ann.settle()
    page.get_by_role("link", name="Audit").click()
    ann.says("Yes.", "audit-verdict")
    page.get_by_role("button", name="Accept the other 3 unseen").click()
    ann.says("3 pictures with 6 boxes accepted unseen")
    assert page.locator("#accept-rest").count() == 0
    ann.says("37 of 40 reviewed, 3 accepted unseen", "review-progress")
    page.get_by_role("link", name="Pictures").click()
    page.get_by_role("button", name="Accepted unseen").click()
    until(page, "() => document.querySelectorAll('#grid .cell.accepted').length === 3")
    page.get_by_role("link", name="Audit").click()
    ann.says("Yes.", "audit-verdict")
    ann.key("z")
    ann.says("Undone: the rest accepted unseen")
    page.get_by_role("button", name="Accept the other 3 unseen").wait_for()
    with opened(home, called) as found:
        assert found.summary().accepted == 0 and found.summary().todo == 3


def test_the_command_needs_no_model(served: Server, browser: Browser, web_home: dict[str, str]) -> None:
    with reviewer(browser, served.url) as ann:
        ann.open("first")
        ann.picture("first", 1)
        said = ann.page.locator(
            "#ask-said", has_text="Reviewing needs no model; to ask one, choose it under Find"
        )
        said.wait_for()
        assert ann.page.locator("#model").is_hidden(), "none is needed, and none is no fault"
        assert ann.page.locator("#ask-find").is_disabled()
        said.get_by_role("link").click()
        ann.page.wait_for_selector("#model .dot.failed")
        assert (
            ann.page.locator("#model").get_attribute("title")
            == "skillbank review loads no model; skillbank web does"
        )
        ann.page.goto(f"{served.url}/#/review")
        ann.page.wait_for_selector("#set-list a")
        assert re.search(r"first\s+0 of 8 reviewed", ann.page.locator("#set-list").inner_text())


def test_who_goes_on_before_the_first_part_is_open_sees_the_second_alone(
    served: Server, browser: Browser, name: str
) -> None:
    """Both parts wait for the person's name; only the one that was gone to last is opened then."""
    with reviewer(browser, served.url) as ann:
        asked: list[str] = []
        ann.page.on("request", lambda request: asked.append(request.url))
        ann.page.goto(f"{ann.url}/#/review/{name}")
        ann.page.wait_for_selector("#who[open]")
        ann.page.evaluate("(name) => { location.hash = `#/review/${name}/picture/2`; }", name)
        ann.page.wait_for_selector("#part-picture:not([hidden])")
        ann.picture(name, 2)
        assert not [url for url in asked if url.endswith("/NaN")]
        assert ann.page.locator("#review-problem").inner_text() == ""


def test_what_was_put_off_asks_nobody_when_the_set_is_left(ann: Reviewer, name: str) -> None:
    """What comes a moment later (boxes of small pictures, the next picture) is of a set that was left."""
    page, asked = ann.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        """Keep what is looked at next waiting until the set has been left."""
        waiting.append(route)

    page.route("**/pictures/2", hold)
    ann.picture(name, 1)
    for _ in range(100):
        if waiting:
            break
        page.wait_for_timeout(50)
    page.goto(f"{ann.url}/#/review")
    page.wait_for_selector("#set-list a")
    said = page.evaluate(
        "() => import('./review_set.js').then(({ call }) => call('GET', '/boxes?pictures=1'))"
        ".catch((error) => error.message)"
    )
    assert said == "No label set is open."
    for each in waiting:
        each.continue_()
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/api/sets//" in url]


def test_a_picture_that_is_gone_is_not_accepted(ann: Reviewer, home: Path, tmp_path: Path) -> None:
    """Who sees nothing cannot say that the boxes are right; why nothing is seen is said."""
    called = f"set-{next(_numbers)}"
    truth = write_truth(tmp_path / "photos", 3)
    with store_of(home) as store:
        make_set(store, called, truth)
    truth[1].path.unlink()
    ann.picture(called, 2)
    until(
        ann.page,
        "() => (document.getElementById('canvas').dataset.why ?? '').includes('photo-001.png is gone')",
    )
    ann.key("a")
    ann.says("Nobody can say that its boxes are right; S skips it", "review-problem")
    assert ann.number() == 2
    following = ann.onward("s")
    assert following in (1, 3)
    assert ann.page.locator("#canvas.broken").count() == 0
    with opened(home, called) as found:
        assert [found.picture(n).row.state for n in (2, following)] == ["skipped", "todo"]
    # Of the picture that is gone; the browser may say so after its page does.
    ann.said[:] = [line for line in ann.said if "404" not in line]


def test_many_classes_of_long_names_fit_a_telephone(
    browser: Browser, served: Server, home: Path, name: str
) -> None:
    with opened(home, name) as found:
        found.set_classes([ClassSpec(f"class {n} of a rather long name for a sign") for n in range(30)], "x")
    with reviewer(browser, served.url) as ann:
        ann.page.set_viewport_size({"width": 360, "height": 740})
        for part in ("picture/1", "classes", "crops", "audit"):
            ann.open(name, *part.split("/"))
            ann.page.wait_for_selector(f"#part-{part.split('/')[0]}:not([hidden])")
            wide = ann.page.evaluate("document.documentElement.scrollWidth")
            beyond = ann.page.evaluate(
                "[...document.querySelectorAll('main *')]"
                ".filter((e) => e.getBoundingClientRect().right > 361)"
                ".map((e) => e.outerHTML.slice(0, 120)).slice(0, 4)"
            )
            assert wide <= 360, f"{part} is {wide} pixels wide: {beyond}"
