"""Data sets as people really have them, those about weights, places, pictures and labels.

They are data beside the repository (``shared/cases``); without them these tests are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.cli import main
from tests.cli.conftest import Answer, Command
from tests.labelling.models import write_tiny

CASES = Path(__file__).parents[3] / "shared" / "cases" / "inputs"
QUICK = ("--set", "engine.threads=1", "--yes", "--json")


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a case to where a test may change it; of annotations what has its picture."""

    def copied(name: str) -> Path:
        if not (CASES / name).is_dir():
            pytest.skip(f"the cases are not at {CASES}")
        folder = tmp_path / "cases" / name
        shutil.copytree(CASES / name, folder)
        return folder

    return copied


def cut(case: Path) -> None:
    """Leave of a case's annotations those whose pictures are there."""
    lines = case / "train" / "annotations_odvg.jsonl"
    there = {path.name for path in (case / "train" / "images").iterdir()}
    kept = [line for line in lines.read_text().splitlines() if json.loads(line)["file_name"] in there]
    lines.write_text("".join(f"{line}\n" for line in kept))
    file = case / "val" / "annotations.json"
    document = json.loads(file.read_text())
    there = {path.name for path in (case / "val" / "images").iterdir()}
    document["images"] = [image for image in document["images"] if image["file_name"] in there]
    numbers = {image["id"] for image in document["images"]}
    document["annotations"] = [a for a in document["annotations"] if a["image_id"] in numbers]
    file.write_text(json.dumps(document))


def train(place: Path) -> str:
    return f"train Grounding DINO on {place}, no HPO, 1 epoch"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``skillbank ARGS`` in this process, with a home of its own."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "1000")

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["skillbank", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            main()
        out, err = capsys.readouterr()
        return Answer(int(exit_info.value.code or 0), out, err)

    return run


def test_weights_that_are_not_there_are_refused(case: Callable[[str], Path], command: Command) -> None:
    place = case("weights_missing")
    request = f"fine-tune Grounding DINO on {place} from /nope/x.pth, no HPO, 1 epoch"
    for words in (["plan", request, "--json"], ["run", request, *QUICK]):
        answer = command(*words)
        assert answer.code == 5
        assert re.search(r"/nope/x\.pth\b.* does not exist", answer.out + answer.err)
    assert command("jobs", "--json").document == {"jobs": []}


def test_a_mistyped_validation_set_is_refused_with_the_near_name(
    case: Callable[[str], Path], command: Command
) -> None:
    place = case("val_missing")
    request = f"train Grounding DINO on {place}/train, validate on {place}/vla, no HPO, 1 epoch"
    for words in (["plan", request, "--json"], ["run", request, *QUICK]):
        answer = command(*words)
        assert answer.code == 5
        assert f"{place}/vla, which would hold" in answer.out + answer.err
        assert f"did you mean '{place}/val'?" in answer.out + answer.err
    assert command("jobs", "--json").document == {"jobs": []}


def log_of(answer: Answer, command: Command) -> str:
    """The log of the job that a run has waited for."""
    return command("logs", answer.document["id"]).out


def test_a_validation_without_a_box_is_refused(case: Callable[[str], Path], command: Command) -> None:
    answer = command("run", train(case("coco_noann")), *QUICK)
    assert answer.code == 1
    assert "no box" in answer.document["error"]["message"]
    assert command("jobs", "--json").document == {"jobs": []}


@pytest.mark.slow
def test_pictures_of_16_bits_are_scaled_alike_and_it_is_said_once(
    case: Callable[[str], Path], command: Command, tmp_path: Path
) -> None:
    """Training, validation and label see the same pictures; the model keeps their scale."""
    place = case("pic_16bit")
    cut(place)
    answer = command("run", train(place), *QUICK)
    assert answer.code == 0, answer.err
    lines = [line for line in log_of(answer, command).splitlines() if "more than 8 bits a colour" in line]
    assert len(lines) == 1, lines
    assert "16 of 16 pictures" in lines[0] and "0 to 65535 (16 bits), the scale of these data" in lines[0]
    labelled = command(
        "label",
        str(place / "val" / "images"),
        "red circle",
        *(
            "--checkpoint",
            answer.document["id"],
            "-o",
            str(tmp_path / "labels"),
            "--threshold",
            "1",
            "--json",
        ),
    )
    assert labelled.code == 0, labelled.err
    assert "notes" not in labelled.document, "the model knows the scale, and nothing is cut off"
    manifest = json.loads((tmp_path / "labels" / "skillbank-labels.json").read_text())
    assert {picture["pixels"]["by"] for picture in manifest["pictures"]} == {"model"}
    for path in (place / "val" / "images").iterdir():
        # Nothing scores 1, so that no box is drawn: what the model saw.
        with Image.open(path) as deep, Image.open(tmp_path / "labels" / "annotated" / path.name) as copy:
            wanted = np.asarray(deep).astype(float) / 257
            seen = np.asarray(copy.convert("L").resize(deep.size, Image.Resampling.BOX)).astype(float)
            assert np.abs(seen - wanted).mean() < 3 < wanted.std()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pic_exif_ls", "coco_ids_string"])
def test_what_can_be_put_right_is_trained_on(
    case: Callable[[str], Path], command: Command, name: str
) -> None:
    """Sizes as stored of pictures that EXIF turns, and ids in quotation marks."""
    answer = command("run", train(case(name)), *QUICK)
    assert answer.code == 0, answer.err
    assert "12 pictures to train on, 6 to validate on" in log_of(answer, command)


def test_a_broken_picture_is_named_before_anything_starts(
    case: Callable[[str], Path], command: Command
) -> None:
    answer = command("run", train(case("pic_truncated")), *QUICK)
    assert answer.code == 1
    assert "img004.jpg" in answer.document["error"]["message"]
    assert command("jobs", "--json").document == {"jobs": []}


@pytest.mark.slow
def test_labels_of_another_run_are_never_mixed(
    case: Callable[[str], Path], command: Command, tmp_path: Path
) -> None:
    """Not into a folder of unknown labels, and not with other descriptions into one of ours."""
    stale = case("lab_stale")
    model = write_tiny(tmp_path / "tiny.pth")

    def label(output: Path, description: str, *more: str) -> Answer:
        words = ("--checkpoint", str(model), "-o", str(output), "-f", "yolo", "--threshold", "0.0", *more)
        return command("label", str(stale / "images"), description, *words)

    def held(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    before = held(stale)
    for more in ((), ("--replace",)):
        refused = label(stale, "red circle", *more)
        assert refused.code == 2 and "give a new folder with --output" in refused.err
    assert held(stale) == before
    ours = tmp_path / "ours"
    assert label(ours, "green triangle").code == 0
    made = held(ours)
    refused = label(ours, "red circle")
    assert refused.code == 2 and "other descriptions (green triangle, now red circle)" in refused.err
    assert held(ours) == made
    assert label(ours, "red circle", "--replace").code == 0
    assert "red circle" in (ours / "yolo" / "data.yaml").read_text()
    assert "green triangle" not in (ours / "yolo" / "data.yaml").read_text()
