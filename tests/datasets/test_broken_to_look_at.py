"""Pictures that are only looked at, some of which cannot be read: said before the job, all at once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from PIL import Image

from skillbank.errors import DataError
from tests.datasets.running import plan_of, staged

SKIP = ", skip broken pictures"
BROKEN = "pictures that cannot be decoded: 2 (no.jpg: it is text: 'hello'; none.png: it is empty)"


def fill(folder: Path, *, sound: int = 3) -> Path:
    """Write some pictures, and two files that are none."""
    folder.mkdir(parents=True)
    for number in range(sound):
        Image.new("RGB", (40, 30), (number * 40, 90, 90)).save(folder / f"{number}.png")
    (folder / "no.jpg").write_text("hello")
    (folder / "none.png").touch()
    return folder


def words(place: Path, weights: Path, skip: str = "") -> str:
    return f"run inference with Grounding DINO on {place}, find 'cat', checkpoint {weights}/0.png{skip}"


def given(place: Path, weights: Path) -> tuple[list[str], list[str]]:
    """Return which pictures a program is given of a place without what is broken, and what was noted."""
    found = staged(plan_of(words(place, weights, SKIP)))
    [folder] = found.spec["dataset"]["infer_data_sources"]["image_dir"]
    names = sorted(path.name for path in Path(folder).rglob("*") if path.is_file())
    assert any(BROKEN in each and "(skipped)" in each for each in found.checks.notes)
    return names, found.notes


@pytest.mark.parametrize("where", ["place", "place/images", "archive"])
def test_all_are_said_at_once_or_left_out(tmp_path: Path, where: str) -> None:
    place = tmp_path / "place"
    if where == "archive":
        place.mkdir()
        weights = fill(tmp_path / "images")
        with tarfile.open(place / "images.tar.gz", "w:gz") as file:
            file.add(weights, "images")
    else:
        weights = fill(tmp_path / where)
    with pytest.raises(DataError) as error:
        staged(plan_of(words(place, weights)))
    assert BROKEN in str(error.value) and "--on-broken skip" in str(error.value)
    names, notes = given(place, weights)
    assert names == ["0.png", "1.png", "2.png"]
    assert any("pictures that cannot be decoded: 2 (left out)" in note for note in notes)
    assert any("3 pictures are used" in note for note in notes)


def test_sound_pictures_are_used_as_they_lie(tmp_path: Path) -> None:
    place = fill(tmp_path / "place" / "images").parent
    for name in ("no.jpg", "none.png"):
        (place / "images" / name).unlink()
    # Much alike, and one twice: nothing that matters to who only looks at them.
    (place / "images" / "3.png").write_bytes((place / "images" / "0.png").read_bytes())
    found = staged(plan_of(words(place, place / "images")))
    assert found.spec["dataset"]["infer_data_sources"]["image_dir"] == [str(place / "images")]
    assert not found.notes and not [note for note in found.checks.notes if "images" in note]


def test_nothing_is_left(tmp_path: Path) -> None:
    place = fill(tmp_path / "place", sound=0)
    weights = fill(tmp_path / "weights")
    with pytest.raises(DataError, match="none of its 2 pictures can be used"):
        staged(plan_of(words(place, weights, SKIP)))


def test_what_else_lies_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    place = tmp_path / "place"
    for part in ("images", "masks"):
        (place / part).mkdir(parents=True)
        for number in range(3):
            mode = "RGB" if part == "images" else "L"
            Image.new(mode, (40, 30), number).save(place / part / f"{number}.png")
    (place / "labels.xyz").write_text("1 2 3")
    found = staged(plan_of(f"run inference with SegFormer on {place}, checkpoint {place}/images/0.png"))
    assert any("3 pictures are used" in note for note in found.notes)


def test_of_a_folder_of_segformer(tmp_path: Path) -> None:
    place = fill(tmp_path / "place")
    said = f"run inference with SegFormer on {place}, checkpoint {place}/0.png"
    with pytest.raises(DataError, match="cannot be decoded: 2"):
        staged(plan_of(said))
    found = staged(plan_of(said + SKIP))
    assert any("3 pictures are used" in note for note in found.notes)
