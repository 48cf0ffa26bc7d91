"""Pictures of more than 8 bits in a label set: models see them by the one scale of the set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillbank import Runtime
from skillbank.labelling.set_labels import label_set
from skillbank.labelling.set_result import Asked, SetLabels
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Review
from skillbank.sets.ontology import read_classes
from tests.grounding_dino.deep_files import Array, png, tiff
from tests.labelling.test_deep_pictures import eight

_GREY = np.add.outer(np.arange(40), np.arange(60)) * 255 // 98
_GREY[10:25, 15:35] = 255
_PICTURES = {"a_dark": _GREY // 8, "b_bright": _GREY}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))


def label(tiny: Path, name: str, images: list[Path], **more: Any) -> SetLabels:
    with Runtime() as runtime:
        return label_set(
            runtime,
            name,
            images=images,
            classes=read_classes(["round = red circle"]).classes,
            model=str(tiny),
            asked=Asked(threshold=0.0),
            who="ann",
            **more,
        )


def boxes(labels: LabelSet) -> dict[str, list[Any]]:
    """Return what was found, by the picture's name without its ending."""
    return {
        Path(row.name).stem: [(box.corners, box.score) for box in labels.picture(row.number).boxes]
        for row in labels.pictures()
    }


def twelve(values: Array) -> Array:
    made: Array = np.rint(values * 4095 / 255).astype("u2")
    return made


def real(values: Array) -> Array:
    made: Array = (values * 0.25 - 20).astype("f4")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "tiff", "float"])
def test_a_model_sees_a_set_as_it_sees_the_same_pictures_of_8_bits(
    tiny: Path, tmp_path: Path, kind: str
) -> None:
    writers: dict[str, Callable[[Array], bytes]] = {
        "png": lambda values: png(twelve(values)),
        "tiff": lambda values: tiff(twelve(values)),
        "float": lambda values: tiff(real(values)),
    }
    write = writers[kind]
    for name, values in _PICTURES.items():
        for folder, data in (("8", eight(values)), ("deep", write(values))):
            (tmp_path / folder).mkdir(exist_ok=True)
            ending = "tif" if data[:2] == b"II" else "png"
            (tmp_path / folder / f"{name}.{ending}").write_bytes(data)
    label(tiny, "flat", [tmp_path / "8"])
    told = label(tiny, "deep", [tmp_path / "deep"])
    with Runtime() as runtime:
        flat, deep = (boxes(runtime.sets.open(name)) for name in ("flat", "deep"))
    assert deep.keys() == flat.keys()
    for name in flat:  # a float of a quarter is rounded on its way
        assert np.allclose([s for _, s in deep[name]], [s for _, s in flat[name]], atol=1e-3)
    [note] = [note for note in told.notes if "8 bits" in note]
    assert "2 pictures, as a_dark" in note and "for people and models alike" in note


@pytest.mark.slow
def test_a_brighter_picture_that_comes_later_lets_the_others_be_looked_at_again(
    tiny: Path, tmp_path: Path
) -> None:
    for name, values in {**_PICTURES, "a_seen": _GREY // 9}.items():
        (tmp_path / f"{name}.png").write_bytes(png(twelve(values)))
    first = label(tiny, "scans", [tmp_path / "a_dark.png", tmp_path / "a_seen.png"])
    with Runtime() as runtime:
        scans = runtime.sets.open("scans")
        [seen] = [row for row in scans.pictures() if row.name == "a_seen.png"]
        scans.edit(seen.number, [Review()], who="ann", version=seen.version)
        before = boxes(scans)
    then = label(tiny, "scans", [tmp_path / "b_bright.png"])
    label(tiny, "together", [tmp_path])
    with Runtime() as runtime:
        after, together = (boxes(runtime.sets.open(name)) for name in ("scans", "together"))
    assert not any("before" in note for note in first.notes)
    [said] = [note for note in then.notes if "before" in note]
    assert "0 to 4095 now, before 0 to 511" in said or "0 to 4095 now, before 0 to 1023" in said
    assert after["a_seen"] == before["a_seen"], "decisions stay"
    assert after["a_dark"] == together["a_dark"] != before["a_dark"]
    assert (first.labelled, then.labelled, then.new) == (2, 2, 1)


@pytest.mark.slow
def test_a_job_is_told_the_scale(tiny: Path, tmp_path: Path) -> None:
    from skillbank.jobs.label_jobs import lists
    from skillbank.sets.arrivals import listed

    (tmp_path / "in").mkdir()
    for name, values in _PICTURES.items():
        (tmp_path / "in" / f"{name}.png").write_bytes(png(twelve(values)))
    label(tiny, "here", [tmp_path / "in"])
    told = label(tiny, "there", [tmp_path / "in"], detach=True)
    assert told.job is not None
    [file] = lists().glob("there-*.jsonl")
    assert [row.levels for row in listed(file)] == [(0, 4095)] * 2
    with Runtime() as runtime:
        assert runtime.jobs.wait(told.job, timeout=120).state.value == "COMPLETE"
        here, there = (boxes(runtime.sets.open(name)) for name in ("here", "there"))
    for name in here:
        assert np.allclose([s for _, s in there[name]], [s for _, s in here[name]], atol=1e-4)
