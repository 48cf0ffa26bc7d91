"""Two people in two browsers edit the same pictures at once, at random: nothing that one did is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillbank.sets.label_set import LabelSet
from tests.web.browser import open_browser, until
from tests.web.conftest import web_server
from tests.web.reviewing import Reviewer, boxes_of, opened, reviewer
from tests.web.sets import make_set, store_of, write_truth

pytestmark = pytest.mark.slow
ACTIONS, PICTURES = 500, 60
NAME = "shared"
STANDS = ("accepted", "edited")
"""The states of a box that somebody has accepted: one that the other has changed meanwhile stays edited."""
CORNERS = """() => {
  const rect = document.querySelector("#canvas-boxes .selected rect");
  const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
  return [x, y, x + w, y + h];
}"""


@dataclass(frozen=True)
class Deed:
    """What somebody did to a picture; ``box`` is 0 for one that was drawn, ``to`` a new class or corners."""

    kind: str
    picture: int
    box: int = 0
    to: Any = None


def test_no_edit_of_two_people_is_lost(web_home: dict[str, str], tmp_path: Path) -> None:
    home = Path(web_home["SKILLBANK_HOME"])
    with store_of(home) as store:
        make_set(store, NAME, write_truth(tmp_path / "photos", PICTURES))
    dice, done, asked = random.Random(7), 0, 0
    with (
        open_browser() as browser,
        web_server(web_home, NAME, "--no-open", command="review") as served,
        reviewer(browser, served.url, "Ann") as ann,
        reviewer(browser, served.url, "Bob") as bob,
        opened(home, NAME) as found,
    ):
        people = (ann, bob)
        for someone in people:
            someone.picture(NAME, 1)
            someone.deaf(NAME)  # neither hears of the other but by what the server answers to a change
        while done < ACTIONS:
            seen = found.version()
            deeds = {someone.name: deed for someone in people if (deed := act(someone, dice)) is not None}
            kept = {}
            for someone in people:
                mine = True
                while someone.settle() != "Saved":
                    asked += 1
                    own = dice.random() < 0.7
                    someone.page.click("#mine" if own else "#theirs")
                    mine = mine and own  # what was given up once is not there, whatever is asked next
                if mine and someone.name in deeds:
                    kept[someone.name] = deeds[someone.name]
            for who, deed in kept.items():
                assert is_there(found, who, deed, seen), (who, deed)
            done += len(deeds)
            if dice.random() < 0.25:  # elsewhere, mostly both to the same picture
                number = dice.randrange(PICTURES) + 1
                for someone in people:
                    someone.picture(NAME, number if dice.random() < 0.8 else dice.randrange(PICTURES) + 1)
        assert asked > 5, "they did get into each other's way"
        for someone in people:  # what both see in the end is what is there
            someone.hear()
            someone.picture(NAME, 1)
            there = {n for n, box in boxes_of(home, NAME, 1).items() if box.shown}
            assert set(someone.marks()) == there
        log = found.log(limit=100_000)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert min(Counter(event.who for event in log if event.kind == "edit").values()) > ACTIONS / 5


def act(someone: Reviewer, dice: random.Random) -> Deed | None:
    """Do something to the picture that is shown, without waiting for the answer."""
    picture, boxes = someone.number(), someone.marks()
    kind = dice.choice(["add", "move", "move", "class", "reject", "accept", "review"])
    if kind == "add" or (not boxes and kind != "review"):
        if dice.random() < 0.3:
            x, y = dice.randrange(10, 200), dice.randrange(10, 150)
            someone.draw((x, y, x + dice.randrange(20, 100), y + dice.randrange(20, 80)))
        else:
            someone.key("d", "Enter")
        return Deed("add", picture)
    if kind == "review":
        someone.key("a")
        until(
            someone.page,
            "(before) => document.getElementById('part-picture').dataset.number !== before || "
            "!document.getElementById('conflict').hidden || "
            "document.getElementById('review-said').textContent.startsWith('Nothing is left')",
            arg=str(picture),
        )
        return None
    box = dice.choice(boxes)
    someone.select(box)
    if kind == "move":
        someone.key(*[dice.choice(["ArrowLeft", "ArrowRight", "Shift+ArrowDown"])] * dice.randrange(1, 4))
        return Deed(kind, picture, box, someone.page.evaluate(CORNERS))
    if kind == "class":
        now = someone.page.locator(f'#box-list [data-box="{box}"] .what').inner_text()
        to = 2 if now == "disc" else 1
        someone.key(str(to))
        return Deed(kind, picture, box, to)
    if kind == "reject":
        someone.key("r")
    elif someone.page.locator("#yes").is_enabled():
        someone.key("y")
    else:
        return None
    return Deed(kind, picture, box)


def is_there(found: LabelSet, who: str, deed: Deed, seen: int) -> bool:
    """Whether a deed stands in the log, or the box already was as it was to become."""
    of_all = [
        (event.who, change)
        for event in found.log(after=seen)
        if event.picture == deed.picture
        for change in event.body["changes"]
        if change["what"] == "box"
    ]
    changes = [change for person, change in of_all if person == who]
    if deed.kind == "add":
        return any(change["before"] is None for change in changes)
    wanted: dict[str, Callable[[Any], bool]] = {
        "move": lambda after: bool({"x1", "x2", "y2"} & set(after)),
        "class": lambda after: "class" in after,
        "reject": lambda after: after.get("state") == "rejected",
        "accept": lambda after: after.get("state") in STANDS,
    }
    own = [c["after"] for c in changes if c["number"] == deed.box and c["before"] and c["after"]]
    if any(wanted[deed.kind](after) for after in own):
        return True
    # It was so already, and the other has changed it since: nobody overwrote anything.
    before = [c["before"] for _, c in of_all if c["number"] == deed.box and c["before"] and c["after"]]
    if deed.kind == "class" and any(was.get("class") == deed.to for was in before):
        return True
    box = found.box(deed.box)
    if deed.kind == "move":  # the other moved it alike, or it stands at the edge
        return bool(box.corners == pytest.approx(deed.to, abs=0.11))
    if deed.kind == "class":  # the other gave it the same one
        return bool(box.class_number == deed.to)
    return box.state in STANDS if deed.kind == "accept" else deed.kind == "reject" and box.state == "rejected"
