"""A person who corrects by the truth at the review page itself: its keys, clicks and drags, and no other way.

All that this person knows of a picture is what the page shows, and what is really on it. Counted is each key
press, click and drag; moving the pointer, looking and thinking are no actions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.web.browser import open_browser
from tests.web.conftest import web_server
from tests.web.reviewing import Reviewer, reviewer

from benchmarks.loop.person import GOOD, MEANT, SAME, Objects, drawing
from skillbank.sets.geometry import overlap
from skillbank_engine.data.drawn import Box

_OFF = 1.5
"""Pixels by which an edge may be off where a box is pulled."""
_SEEN = """() => [...document.querySelectorAll("#canvas-boxes .mark, #canvas-aim .hint-box")].map((node) => {
  const rect = node.querySelector("rect"), value = (name) => Number(rect.getAttribute(name));
  const [x, y, w, h] = ["x", "y", "width", "height"].map(value), list = [...node.classList];
  return { number: Number(node.dataset.box), words: node.querySelector("text").textContent,
    box: [x, y, x + w, y + h], hint: list.includes("hint-box"), aimed: list.includes("aimed"),
    selected: list.includes("selected") };
})"""
_SHOWN = "() => !document.getElementById('canvas').classList.contains('waiting')"

_OPEN = """() => !document.getElementById('part-picture').hidden
  && location.hash.endsWith(`/picture/${document.getElementById('part-picture').dataset.number}`)
  || document.getElementById('review-said').textContent.startsWith('Nothing is left')"""


@dataclass(frozen=True)
class Mark:
    """A box as the page shows it; ``hint`` for a candidate that is shown while the pointer is over it."""

    number: int
    name: str
    box: Box
    hint: bool
    aimed: bool
    selected: bool


@dataclass
class PagePerson:
    """Reviews a set at the page.

    Attributes
    ----------
    truth
        What is on each picture, by its name.
    actions, drawing
        What correcting took, and what drawing all boxes of the same pictures takes.
    decided
        What the page showed, and said to be saved, when a picture was accepted: by the picture's name.
    """

    at: Reviewer
    truth: Mapping[str, Objects]
    pictures: int = 0
    actions: int = 0
    drawing: int = 0
    what: dict[str, int] = field(default_factory=dict)
    decided: dict[str, list[tuple[str, Box]]] = field(default_factory=dict)

    _names: list[str] = field(default_factory=list)

    def begin(self, name: str) -> bool:
        """Ask for the next picture of the queue; return whether there is one."""
        self.at.open(name)
        self.at.page.evaluate("document.getElementById('review-said').textContent = ''")
        self.at.page.click("#review-start")
        self.at.page.wait_for_function(_OPEN)
        if self.at.page.locator("#part-picture").is_hidden():
            return False
        self._ready()
        self._names = self.at.page.locator("#class-list [data-class] span").all_inner_texts()
        return True

    def review(self) -> bool:
        """Correct the picture that is shown and go on to the next; return whether there is one."""
        called = self.at.page.locator("#picture-name").inner_text()
        truth = list(self.truth[called])
        self._correct(truth)
        assert self.at.settle() == "Saved"
        self.decided[called] = [(mark.name, mark.box) for mark in self._marks() if not mark.hint]
        self.drawing += drawing(truth)
        return self._on("accept and next")

    def draw_all(self) -> bool:
        """Draw all boxes of a picture that has none, class by class; return whether there is a next."""
        called = self.at.page.locator("#picture-name").inner_text()
        for name, box in sorted(self.truth[called]):
            self._draw(name, box)
        assert self.at.settle() == "Saved"
        self.drawing += drawing(self.truth[called])
        return self._on("accept and next")

    @property
    def learns(self) -> bool:
        """Whether what is decided says what is shown."""
        return self.at.page.get_attribute("#learn", "aria-pressed") == "true"

    def learn(self) -> None:
        """Let what is decided say what is shown of the rest."""
        self._press("l", "learn")
        self.at.page.wait_for_selector('#learn[aria-pressed="true"]')
        self._ready()

    def document(self) -> dict[str, object]:
        """Return the counts."""
        pictures = max(1, self.pictures)
        return {
            "pictures": self.pictures,
            "a picture": round(self.actions / pictures, 2),
            "drawing": round(self.drawing / pictures, 2),
            "share": round(self.actions / max(1, self.drawing), 3),
            "what": dict(self.what),
        }

    def _did(self, what: str, actions: int = 1) -> None:
        self.actions += actions
        self.what[what] = self.what.get(what, 0) + actions

    def _on(self, what: str) -> bool:
        self._did(what)
        self.pictures += 1
        more = self.at.onward("a")
        self._ready()
        return bool(more)

    def _ready(self) -> None:
        self.at.page.wait_for_function(_SHOWN)
        self.at.page.mouse.move(1, 1)

    def _marks(self) -> list[Mark]:
        seen: list[dict[str, Any]] = self.at.page.evaluate(_SEEN)
        return [
            Mark(
                one["number"],
                max((name for name in self._names if one["words"].startswith(name)), key=len),
                tuple(one["box"]),
                one["hint"],
                one["aimed"],
                one["selected"],
            )
            for one in seen
        ]

    def _correct(self, truth: list[tuple[str, Box]]) -> None:
        """Put right what is shown, reject what is false, then look for what is missing."""
        missing, used = list(truth), set[int]()
        while fresh := [mark for mark in self._marks() if not mark.hint and mark.number not in used]:
            self._put_right(fresh, missing, used)
            false = [mark for mark in fresh if mark.number not in used]
            for mark in false:
                used.add(mark.number)
                self._point(mark)
                self._press("r", "reject")
            if not false:
                break
            # Something else that was hidden by what was rejected may be shown now.
            assert self.at.settle() == "Saved"
        for name, box in sorted(missing):
            self._find(name, box)

    def _put_right(self, fresh: list[Mark], missing: list[tuple[str, Box]], used: set[int]) -> None:
        """Name and place what is about an object."""
        for name, box in sorted(missing, key=lambda one: -max(_fits(fresh, one[1]), default=0.0)):
            near = [m for m in fresh if m.number not in used and overlap(m.box, box) >= SAME]
            if not near:
                continue
            best = max(near, key=lambda mark: (mark.name == name, overlap(mark.box, box)))
            used.add(best.number)
            missing.remove((name, box))
            if best.name != name:
                self._point(best)
                self._press(self._digit(name), "rename")
            if overlap(best.box, box) < GOOD:
                self._redraw(best.number, box)

    def _find(self, name: str, box: Box) -> None:
        """Take the candidate that the page hints at where a thing is, or draw."""
        self._hover(box)
        marks = self._marks()
        hint = [mark for mark in marks if mark.hint]
        if not hint or overlap(hint[0].box, box) < SAME:
            return self._draw(name, box)
        if overlap(hint[0].box, box) >= GOOD:
            self._press(self._digit(name), "take a candidate")
            [taken] = [mark for mark in self._marks() if mark.selected]
            if overlap(taken.box, box) < GOOD:
                self._redraw(taken.number, box)
            return None
        if any(overlap(mark.box, box) >= MEANT for mark in marks if not mark.hint):
            return self._draw(name, box)  # what is shown beside it would be drawn anew
        self._drag_anew(box)
        [taken] = [mark for mark in self._marks() if mark.selected]
        if taken.name != name:
            self._press(self._digit(name), "rename")
        return None

    def _point(self, mark: Mark) -> None:
        """Move the pointer over a box; where another one lies on top of it, select it in the list."""
        self._hover(mark.box)
        if not any(seen.aimed and seen.number == mark.number for seen in self._marks()):
            self.at.select(mark.number)
            self._did("select")

    def _hover(self, box: Box) -> None:
        x, y = self.at.at((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        self.at.page.mouse.move(x - 2, y - 2)
        self.at.page.mouse.move(x, y)

    def _press(self, key: str, what: str) -> None:
        self.at.key(key)
        self._did(what)

    def _digit(self, name: str) -> str:
        return str(self._names.index(name) + 1)

    def _draw(self, name: str, box: Box) -> None:
        self._press("d", "draw")
        chosen = self.at.page.locator('#class-list [aria-pressed="true"] span').inner_text()
        if chosen != name:
            self._press(self._digit(name), "class of what is drawn")
        self.at.drag(box[:2], box[2:])
        self._did("draw")

    def _redraw(self, number: int, box: Box) -> None:
        """Draw a box anew, or pull its handles where another one would be meant, until no edge is off."""
        shares = {mark.number: overlap(mark.box, box) for mark in self._marks() if not mark.hint}
        if shares[number] >= MEANT and shares[number] == max(shares.values()):
            self._drag_anew(box)
            return
        for handle, to in _pulls(self._box(number), box):
            [left, top, right, bottom] = self._box(number)
            across, down = handle
            self._grip(number)
            self.at.drag((left + across * (right - left), top + down * (bottom - top)), to)
            self._did("pull")

    def _drag_anew(self, box: Box) -> None:
        self.at.drag(box[:2], box[2:], button="right")
        self._did("draw anew")

    def _grip(self, number: int) -> None:
        """Show the handles of a box: they are there at one that is selected, or under the pointer."""
        for mark in self._marks():
            if mark.number == number and not mark.selected:
                self._point(mark)

    def _box(self, number: int) -> Box:
        [found] = [mark.box for mark in self._marks() if mark.number == number]
        return found


def _fits(shown: list[Mark], box: Box) -> Iterator[float]:
    return (overlap(mark.box, box) for mark in shown)


def _pulls(box: Box, wanted: Box) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return which handles to pull and where to: an edge, a corner, or two corners across."""
    left, top, right, bottom = (abs(a - b) > _OFF for a, b in zip(box, wanted, strict=True))
    middle = (wanted[0] + wanted[2]) / 2, (wanted[1] + wanted[3]) / 2
    first = (0.0 if left else 1.0 if right else 0.5, 0.0 if top else 1.0 if bottom else 0.5)
    second = (1.0 if left and right else 0.5, 1.0 if top and bottom else 0.5)

    def target(handle: tuple[float, float]) -> tuple[float, float]:
        x = {0.0: wanted[0], 0.5: middle[0], 1.0: wanted[2]}[handle[0]]
        return x, {0.0: wanted[1], 0.5: middle[1], 1.0: wanted[3]}[handle[1]]

    return [(handle, target(handle)) for handle in (first, second) if handle != (0.5, 0.5)]


@contextmanager
def person_at_page(home: Path, name: str, truth: Mapping[str, Objects]) -> Iterator[PagePerson]:
    """Serve the page of a set by ``skillbank review``, and a person at it in a browser."""
    environment = {**os.environ, "SKILLBANK_HOME": str(home)}
    with (
        open_browser() as browser,
        web_server(environment, name, "--no-open", command="review") as served,
        reviewer(browser, served.url, "simulated") as someone,
    ):
        yield PagePerson(someone, truth)


def review_at_page(
    home: Path, name: str, truth: Mapping[str, Objects], most: int, *, learn: bool = True
) -> PagePerson:
    """Review what the queue asks for; where the set does not learn yet, it is told to first."""
    with person_at_page(home, name, truth) as person:
        more = person.begin(name)
        if more and learn and not person.learns:
            person.learn()
        while more and person.pictures < most:
            more = person.review()
    return person


def draw_at_page(home: Path, name: str, truth: Mapping[str, Objects], most: int) -> PagePerson:
    """Draw all boxes of pictures that nothing was proposed for."""
    with person_at_page(home, name, truth) as person:
        more = person.begin(name)
        while more and person.pictures < most:
            more = person.draw_all()
    return person
