"""Answers that come when somebody has gone elsewhere draw nothing, lead nowhere and change no other set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.store import JobStore
from skillbank.sets.model import Review
from tests.web.browser import until
from tests.web.conftest import Server, web_server
from tests.web.reviewing import Reviewer, boxes_of, eventually, opened, reviewer
from tests.web.sets import Truth, make_set, store_of, write_truth

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.slow
_numbers = count(1)
Pair = tuple[str, str]


class Late:
    """Holds the first request of a kind back until it is let go.

    Attributes
    ----------
    held
        That request, where it has come.
    """

    def __init__(self, page: Page, address: str, method: str = "GET") -> None:
        self._page, self._method = page, method
        self.held: Route | None = None
        page.route(address, self._route)

    def _route(self, route: Route) -> None:
        if self.held is None and route.request.method == self._method:
            self.held = route
        else:
            route.continue_()

    def wait(self) -> Route:
        """Wait until it has come."""
        for _ in range(400):
            if self.held is not None:
                return self.held
            self._page.wait_for_timeout(25)
        raise AssertionError("nothing was asked")

    def let_go(self) -> None:
        """Send it to the server, and give the page time for what it makes of the answer."""
        route = self.wait()
        with self._page.expect_response(route.request.url):
            route.continue_()
        self._page.wait_for_timeout(300)


@pytest.fixture(scope="module")
def home(web_home: dict[str, str]) -> Path:
    return Path(web_home["SKILLBANK_HOME"])


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> list[Truth]:
    return write_truth(tmp_path_factory.mktemp("photos"), 4)


@pytest.fixture(scope="module")
def served(web_home: dict[str, str], home: Path, truth: list[Truth]) -> Iterator[Server]:
    with store_of(home) as store:
        make_set(store, "late", truth)
    with web_server(web_home, "late", "--no-open", command="review") as running:
        yield running


@pytest.fixture
def sets(home: Path, truth: list[Truth]) -> Pair:
    """Two sets with the same pictures, numbers and classes."""
    names = f"one-{next(_numbers)}", f"two-{next(_numbers)}"
    with store_of(home) as store:
        for name in names:
            make_set(store, name, truth)
    return names


@pytest.fixture
def ann(browser: Browser, served: Server) -> Iterator[Reviewer]:
    with reviewer(browser, served.url) as someone:
        yield someone


def go(page: Page, address: str) -> None:
    page.evaluate("(there) => { location.hash = there; }", address)


def show(page: Page, name: str, part: str) -> None:
    """Go to a part of a set, and wait until it is shown."""
    go(page, f"#/review/{name}/{part}")
    until(
        page,
        "([name, part]) => document.title.startsWith(name) && "
        "document.getElementById(`part-${part}`).checkVisibility()",
        [name, part.partition("/")[0]],
    )


def drawn_in(home: Path, name: str) -> int:
    return sum(box.origin == "Ann" for box in boxes_of(home, name, 1).values())


@pytest.mark.parametrize("way", ["fails", "late"])
def test_what_was_not_saved_yet_is_saved_in_its_own_set(
    ann: Reviewer, sets: Pair, home: Path, way: str
) -> None:
    """It went to the set that was open when it was sent again, into its picture of the same number."""
    page, (one, two) = ann.page, sets
    ann.picture(one, 1)
    late = Late(page, "**/pictures/1/edits", "POST")
    ann.draw((200, 10, 260, 50))
    if way == "fails":
        late.wait().abort()
        ann.says("Not saved", "saved")
    else:
        late.wait()
    show(page, two, "picture/1")
    eventually(lambda: len(ann.marks()) == 2)  # the disc and the block of that set
    if way == "late":
        late.let_go()
    eventually(lambda: drawn_in(home, one) == 1)
    assert drawn_in(home, two) == 0
    ann.said = [each for each in ann.said if "net::ERR_FAILED" not in each]


def is_saved(page: Page) -> None:
    until(page, "() => document.getElementById('saved').textContent === 'Saved'")


def lose(late: Late) -> None:
    """Let a request reach the server, and its answer nobody."""
    route = late.wait()
    route.fetch()
    route.abort()


def test_what_the_server_has_done_is_not_done_twice(ann: Reviewer, sets: Pair, home: Path) -> None:
    """Of an answer that was lost: a drawn box stood there twice, a moved one was in conflict with itself."""
    page, (one, _) = ann.page, sets
    ann.picture(one, 1)
    disc = ann.marks()[0]
    late = Late(page, "**/pictures/1/edits", "POST")
    ann.draw((200, 10, 260, 50))
    lose(late)
    ann.says("Not saved", "saved")
    ann.key("ArrowRight", "ArrowRight")  # what was drawn is moved before it is known to be there
    is_saved(page)
    [drawn] = [box for box in boxes_of(home, one, 1).values() if box.origin == "Ann"]
    assert drawn.corners == pytest.approx((202, 10, 262, 50), abs=0.6)
    late.held = None
    ann.select(disc)
    before = boxes_of(home, one, 1)[disc].corners
    ann.key("ArrowRight")
    lose(late)
    ann.says("Not saved", "saved")
    ann.key("ArrowDown")
    is_saved(page)
    assert page.locator("#conflict").is_hidden()
    moved = boxes_of(home, one, 1)[disc].corners
    assert moved == pytest.approx((before[0] + 1, before[1] + 1, before[2] + 1, before[3] + 1), abs=0.2)
    ann.said = [each for each in ann.said if "net::ERR_FAILED" not in each]


def test_what_is_refused_takes_nothing_along(ann: Reviewer, sets: Pair, home: Path) -> None:
    """Of what was sent together with a box of a class that somebody has removed, all had been let go."""
    page, (one, _) = ann.page, sets
    ann.picture(one, 1)
    ann.deaf(one)
    late = Late(page, "**/pictures/1/edits", "POST")
    disc = ann.marks()[0]
    ann.select(disc)
    ann.key("y")
    late.wait()
    page.click('[data-class="2"]')
    page.click('[data-class="1"]')
    ann.key("Escape", "2", "d", "Enter")
    ann.key("Escape", "1", "d", "Enter")
    with opened(home, one) as found:
        found.remove_class(2, "bob")
    late.let_go()
    ann.says("the set has no class 2 any more", "review-problem")
    eventually(lambda: drawn_in(home, one) == 1)
    boxes = boxes_of(home, one, 1)
    assert [box.class_number for box in boxes.values() if box.origin == "Ann"] == [1]
    assert boxes[disc].state == "accepted"
    ann.said = [each for each in ann.said if "404" not in each]


def test_a_class_that_somebody_merged_is_what_it_has_become(ann: Reviewer, sets: Pair, home: Path) -> None:
    page, (one, _) = ann.page, sets
    ann.picture(one, 1)
    ann.deaf(one)
    page.click('[data-class="2"]')
    with opened(home, one) as found:
        found.merge_classes([2], 1, "bob")
    ann.draw((200, 10, 260, 50))
    eventually(lambda: drawn_in(home, one) == 1)
    [drawn] = [box for box in boxes_of(home, one, 1).values() if box.origin == "Ann"]
    assert drawn.class_number == 1
    assert page.locator("#review-problem").inner_text() == ""


def test_undo_is_of_the_set_where_it_was_pressed(ann: Reviewer, sets: Pair, home: Path) -> None:
    page, (one, two) = ann.page, sets
    for name in (two, one):
        ann.picture(name, 1)
        ann.draw((200, 10, 260, 50))
        ann.settle()
    late = Late(page, "**/undo", "POST")
    ann.key("z", "z")
    late.wait()
    show(page, two, "picture/1")
    late.let_go()
    eventually(
        lambda: all(box.state == "rejected" or box.origin != "Ann" for box in boxes_of(home, one, 1).values())
    )
    page.wait_for_timeout(500)
    assert [box.state for box in boxes_of(home, two, 1).values() if box.origin == "Ann"] == ["accepted"]


@pytest.mark.parametrize("key", ["a", "z"])
def test_who_has_gone_is_not_led_back(ann: Reviewer, sets: Pair, key: str) -> None:
    """After a decision or an undo that is answered late, the page goes on from where it was pressed alone."""
    page, (one, _) = ann.page, sets
    ann.picture(one, 1)
    ann.draw((200, 10, 260, 50))
    ann.settle()
    if key == "z":
        show(page, one, "picture/2")
        ann.settle()
    late = Late(page, "**/pictures/1/edits" if key == "a" else "**/undo", "POST")
    ann.key(key)
    late.wait()
    page.locator("header").get_by_role("link", name="Find", exact=True).click()
    page.wait_for_selector("#find:not([hidden])")
    late.let_go()
    page.wait_for_timeout(500)
    assert page.evaluate("location.hash") == "#/find"


def test_the_crops_are_of_the_class_that_is_chosen(ann: Reviewer, sets: Pair, home: Path) -> None:
    """Those of the class before came later, and all would have been accepted under the name of another."""
    page, (one, _) = ann.page, sets
    ann.open(one, "crops", "1")
    page.wait_for_selector("#crop-list [data-box]")
    late = Late(page, "**/crops?class=2*")
    page.locator("#crops-class").select_option("2")
    late.wait()
    page.locator("#crops-class").select_option("1")
    page.wait_for_selector("#crop-list [data-box]")
    late.let_go()
    with opened(home, one) as found:
        shown = page.locator("#crop-list [data-box]").evaluate_all(
            "(all) => all.map((one) => Number(one.dataset.box))"
        )
        assert shown and {found.box(number).class_number for number in shown} == {1}


def test_crops_that_somebody_else_has_decided_stay(ann: Reviewer, sets: Pair, home: Path) -> None:
    """An approval of a whole screen had accepted what another had rejected since it was drawn."""
    page, (one, _) = ann.page, sets
    ann.open(one, "crops", "1")
    page.wait_for_selector("#crop-list [data-box] >> nth=3")
    ann.deaf(one)
    first = int(page.locator("#crop-list [data-box]").first.get_attribute("data-box") or 0)
    with opened(home, one) as found:
        found.decide({first: "reject"}, "bob")
    page.click("#crops-accept")
    ann.says("1 box that somebody else has changed meanwhile stays as it is")
    with opened(home, one) as found:
        assert found.box(first).state == "rejected" and not found.crops(1)


def test_the_audit_of_another_set_is_not_drawn(ann: Reviewer, sets: Pair, home: Path) -> None:
    page, (one, two) = ann.page, sets
    with opened(home, one) as found:
        for number in range(1, 5):
            found.edit(number, [Review()], who="bob", version=found.picture(number).version)
    ann.open(two, "audit")
    page.locator("#part-audit", has_text="Nobody knows yet").wait_for()
    said = page.locator("#part-audit").inner_text()
    late = Late(page, "**/audit")
    go(page, f"#/review/{one}/audit")
    late.wait()
    show(page, two, "audit")
    page.wait_for_timeout(300)
    late.let_go()
    assert page.locator("#part-audit").inner_text() == said
    assert page.locator("#review-problem").inner_text() == ""


def test_a_question_about_a_class_closes_with_its_set(ann: Reviewer, sets: Pair, home: Path) -> None:
    """It stayed over the set that the browser's Back led to, and a yes removed a class of that one."""
    page, (one, two) = ann.page, sets
    ann.open(one, "classes")
    page.wait_for_selector("#class-table li")
    show(page, two, "classes")
    page.wait_for_selector("#class-table li")
    page.get_by_role("button", name="Remove disc").click()
    page.wait_for_selector("#remove[open]")
    page.go_back()
    until(page, "(name) => document.title.startsWith(name)", one)
    page.wait_for_selector("#remove", state="hidden")
    for name in sets:
        with opened(home, name) as found:
            assert [each.name for each in found.classes()] == ["disc", "block"]


def test_the_sample_gives_each_picture_to_one_person(
    browser: Browser, ann: Reviewer, sets: Pair, home: Path
) -> None:
    """Both had been given the same one, and whoever was second was asked about a conflict at each."""
    name, _ = sets
    with reviewer(browser, ann.url, "Bob") as bob:
        for someone in (ann, bob):
            someone.open(name, "audit")
            someone.page.get_by_role("button", name="Review the sample").click()
            someone.page.wait_for_selector("#canvas-boxes .mark")
        done = [someone.number() for someone in (ann, bob)]
        while number := ann.onward("a"):
            done.append(number)
        ann.says("Nothing is left for you")
        while number := bob.onward("a"):
            done.append(number)
        bob.says("Nothing is left of the sample")
    assert sorted(done) == [1, 2, 3, 4]


def test_what_is_about_to_be_merged_stays_marked(ann: Reviewer, sets: Pair, home: Path) -> None:
    page, (one, _) = ann.page, sets
    ann.open(one, "classes")
    page.locator("#class-table [data-merge='1']").check()
    page.locator("#merge-into").select_option("2")
    page.locator("#merge-into").focus()
    with opened(home, one) as found:
        found.change_class(2, "bob", name="brick")
    page.locator("#class-table", has_text="brick").wait_for()
    assert page.locator("#class-table [data-merge='1']").is_checked()
    assert page.locator("#merge-into").input_value() == "2"


JOBS = ("grounding-dino-train-20260102-030405-aaaaaa", "rtdetr-train-20260102-030406-bbbbbb")


@pytest.fixture(scope="module")
def jobs(home: Path, served: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two trainings that have ended."""
    for name in JOBS:
        results = tmp_path_factory.mktemp("results")
        (results / "train").mkdir()
        line = {"status": "RUNNING", "epoch": 0, "max_epoch": 1, "kpi": {"val_mAP50": len(name) / 100}}
        (results / "train" / "status.json").write_text(json.dumps(line) + "\n")
        record = JobRecord(
            id=name, created=datetime.now(UTC), plan_id="0" * 64, plan={}, skill=name.partition("-train")[0],
            action="train", platform="local", results_dir=str(results),
        )  # fmt: skip
        with JobStore(f"sqlite:///{home}/skillbank.db") as store:
            store.create(record)
            store.transition(record.id, JobState.COMPLETE, "exit code 0")


def test_the_job_that_was_opened_last_is_shown(ann: Reviewer, jobs: None) -> None:
    """The other's answer came later and took its place, and it was asked about from then on."""
    page, (slow, quick) = ann.page, JOBS
    page.clock.install()
    page.goto(f"{ann.url}/#/jobs/{quick}")
    page.wait_for_selector("#job h1:text('rtdetr')")
    late = Late(page, f"**/jobs/{slow}")
    go(page, f"#/jobs/{slow}")
    late.wait()
    go(page, f"#/jobs/{quick}")
    page.clock.run_for(1000)
    page.wait_for_selector("#job h1:text('rtdetr')")
    asked: list[str] = []
    with page.expect_response(late.wait().request.url):
        late.wait().continue_()
    page.clock.run_for(1000)
    assert "rtdetr" in page.locator("#job h1").inner_text()
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(100):  # until it has looked again, however long an answer takes
        page.clock.run_for(16_000)
        page.wait_for_timeout(100)
        if any(quick in url for url in asked):
            break
    assert any(quick in url for url in asked)
    assert not [url for url in asked if slow in url]
    assert "rtdetr" in page.locator("#job h1").inner_text()
