"""The loop of a label set through the page: label, review in a browser, fine-tune, label again, report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.loop.at_page import draw_at_page, review_at_page
from benchmarks.loop.loop import SPECS, skillbank
from benchmarks.loop.pictures import CLASSES, Drawn, write_pictures

from skillbank.labelling.set_pictures import gathered, scanned
from skillbank.runtime import Runtime
from tests.labelling.models import write_tiny
from tests.web.reviewing import opened

pytestmark = pytest.mark.slow
PICTURES, REVIEWED, NAME = 12, 6, "signs"
UNSURE = -1.6
"""Bias of the tiny model that the loop starts from: some of what it guesses is shown, most are candidates."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SKILLBANK_HOME", str(folder))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    return folder


def test_the_whole_loop_at_the_page(home: Path, tmp_path: Path) -> None:
    drawn = write_pictures(tmp_path / "photos", PICTURES)
    truth = {each.path.name: each.objects for each in drawn}
    ontology = [f"{name} = {caption}" for name, caption in CLASSES.items()]
    base = str(write_tiny(tmp_path / "tiny.pth", UNSURE))
    skillbank("label", str(tmp_path / "photos"), *ontology, "--into", NAME, "--checkpoint", base)
    proposed = proposals(home)
    assert len(proposed) == PICTURES

    person = review_at_page(home, NAME, truth, REVIEWED)
    assert person.pictures == REVIEWED and person.what["accept and next"] == REVIEWED
    assert person.what["learn"] == 1 and learns(home)
    kept = decisions(home)
    assert set(kept) == set(person.decided), "what the page said was accepted is reviewed, and nothing else"
    for name, boxes in person.decided.items():
        assert len(boxes) == len(truth[name]) == len(kept[name]), name
        for (said, corners), (there, stored) in zip(sorted(boxes), kept[name], strict=True):
            assert said == there and corners == pytest.approx(stored, abs=0.11), name

    words = f"fine-tune Grounding DINO on set {NAME} from {base}, no HPO, 1 epoch"
    skillbank("run", words, "--yes")
    tuned = last_training()
    skillbank("label", "--into", NAME, "--checkpoint", tuned, "--only", "unreviewed")
    again = proposals(home)
    assert set(again) == set(proposed) - set(person.decided)
    assert all(again[name] != proposed[name] for name in again), "the other model looked at each of the rest"
    assert decisions(home) == kept, "and touched nothing that the person decided"

    page = tmp_path / "report.html"
    rounds = json.loads(skillbank("sets", "report", NAME, "-o", str(page), "--json"))["rounds"]
    assert [one["reviewed"] for one in rounds if one["reviewed"]] == [REVIEWED]
    assert page.stat().st_size > 1000


def test_drawing_from_nothing_takes_what_is_counted(home: Path, tmp_path: Path) -> None:
    drawn = write_pictures(tmp_path / "photos", 4)
    empty_set(drawn)
    person = draw_at_page(home, NAME, {each.path.name: each.objects for each in drawn}, 4)
    assert person.pictures == 4
    kept = decisions(home)
    assert {name: [kind for kind, _ in boxes] for name, boxes in kept.items()} == {
        each.path.name: sorted(kind for kind, _ in each.objects) for each in drawn
    }
    assert person.drawing - 4 <= person.actions <= person.drawing, (
        "less a digit for a class that is still chosen"
    )


def last_training() -> str:
    with Runtime() as runtime:
        return runtime.jobs.store.get("last:train").id


def learns(home: Path) -> bool:
    """Return whether what is decided says what is shown."""
    with opened(home, NAME) as labels:
        return labels.summary().learns


def empty_set(drawn: list[Drawn]) -> None:
    with Runtime() as runtime:
        labels = runtime.sets.create(NAME, SPECS, who="maker")
        for chunk in scanned(gathered([each.path for each in drawn], None), {}):
            labels.add_pictures(chunk.found, "maker")


def proposals(home: Path) -> dict[str, list[tuple[float, ...]]]:
    """Return what models propose, candidates too, on the pictures that nobody has reviewed."""
    with opened(home, NAME) as labels:
        return {
            row.name: sorted((box.class_number, *box.corners, box.score or 0.0) for box in state.boxes)
            for row in labels.pictures(limit=1000)
            if row.state == "todo" and (state := labels.picture(row.number))
        }


def decisions(home: Path) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """Return the boxes that stand on the reviewed pictures."""
    with opened(home, NAME) as labels:
        names = {each.number: each.name for each in labels.classes()}
        return {
            row.name: sorted(
                (names[box.class_number], box.corners)
                for box in labels.picture(row.number).boxes
                if box.state in ("accepted", "edited")
            )
            for row in labels.pictures(limit=1000)
            if row.state == "reviewed"
        }
