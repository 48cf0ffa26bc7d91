"""The program of a label job: its spec, its lines, and what a second start of it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError, SpecError
from skillbank.label_program.run import run
from skillbank.label_program.spec import load_spec, load_teaching
from skillbank.label_program.teach import run as teach
from skillbank.sets.arrivals import line_of, listed, numbers_in, take_in
from skillbank.sets.label_set import LabelSet
from tests.labelling.models import write_picture, write_tiny
from tests.sets.conftest import home, sets, signs, spec

__all__ = ["home", "sets", "signs"]


def written(tmp_path: Path, **label: object) -> Path:
    file = tmp_path / "spec.yaml"
    block = {"pictures": "p.jsonl", "model": "m.pth", "captions": ["red circle"], **label}
    file.write_text(yaml.safe_dump({"results_dir": str(tmp_path / "results"), "label": block}))
    return file


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ({"capions": []}, ["no key label.capions (did you mean 'label.captions'?)"]),
        (
            {"least": 2, "nms": "much", "tiles": "9x9", "precision": "int8"},
            [
                "label.least is 2, but it must be at most 1",
                "label.nms is much, but it must be a number",
                "label.tiles is 9x9",
                "label.precision is int8",
            ],
        ),
        (
            {"pictures": "???", "model": "???", "captions": []},
            ["label.pictures and label.model and label.captions"],
        ),
    ],
)
def test_all_faults_of_a_spec_are_told(tmp_path: Path, label: dict[str, object], said: list[str]) -> None:
    with pytest.raises(SpecError) as refused:
        load_spec(written(tmp_path, **label))
    assert all(each in str(refused.value) for each in said), refused.value


@pytest.mark.parametrize("text", ["[]", "{", '{"number": 1}'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.jsonl").write_text(text + "\n")
    with pytest.raises(DataError, match="no list of pictures"):
        listed(tmp_path / "p.jsonl")
    with pytest.raises(DataError, match="cannot be read"):
        listed(tmp_path / "none.jsonl")


class Found:
    """What a model would have found."""

    phrase, score, box = "red exit sign", 0.6, (1.0, 1.0, 9.0, 9.0)


def test_a_line_that_was_cut_off_is_done_again(tmp_path: Path, signs: LabelSet) -> None:
    run_of, file = signs.start_run(spec()), tmp_path / "proposals.jsonl"
    assert take_in(signs, run_of, file) == (0, 0) and numbers_in(file) == set(), "nothing is there yet"
    whole = line_of(1, [Found()]) + line_of(2, []) + line_of(3, [], "gone") + b"no line\n"
    file.write_bytes(whole + line_of(4, [Found()])[:-9])
    assert take_in(signs, run_of, file, seconds=0) == (0, 0), "there was no time"
    assert take_in(signs, run_of, file) == (2, len(whole))
    assert take_in(signs, run_of, file) == (0, len(whole)), "once"
    assert take_in(signs, run_of, file, len(whole)) == (0, len(whole))
    assert [len(signs.picture(number).boxes) for number in (1, 2, 3, 4)] == [1, 0, 0, 0]
    assert numbers_in(file) == {1, 2, 3} and file.read_bytes() == whole
    assert 1 not in {row.number for row in signs.missing(run_of)}
    assert {3, 4} < {row.number for row in signs.missing(run_of)}


@pytest.mark.slow
def test_a_second_start_does_what_is_missing(tmp_path: Path) -> None:
    import hashlib

    lines = []
    for number in range(1, 5):
        path = write_picture(tmp_path / f"{number}.png", (100 + number, 80))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(
            {"number": number, "name": path.name, "place": str(path), "sha256": sha256}
            | {"width": 100 + number, "height": 80}
        )
    lines[2]["sha256"] = "0" * 64
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    model = write_tiny(tmp_path / "tiny.pth")
    file = written(tmp_path, pictures=str(tmp_path / "p.jsonl"), model=str(model))
    results = tmp_path / "results" / "label"
    assert run(file) == 0
    whole = (results / "proposals.jsonl").read_bytes()
    first, *_ = whole.splitlines(keepends=True)
    (results / "proposals.jsonl").write_bytes(first + b'{"picture": 2, "fo')
    assert run(file) == 0
    assert (results / "proposals.jsonl").read_bytes() == whole
    assert "holds something else now" in json.loads(whole.splitlines()[2])["why"]
    last = json.loads((results / "status.json").read_text().splitlines()[-1])
    assert (last["status"], last["kpi"]["pictures"], last["kpi"]["left_out"]) == ("SUCCESS", 2.0, 1.0)
    (tmp_path / "tiny.pth").write_bytes(b"no model")
    assert run(file) == 1
    assert json.loads((results / "status.json").read_text().splitlines()[-1])["status"] == "FAILURE"


def taught(tmp_path: Path, **block: object) -> Path:
    file = tmp_path / "teach.yaml"
    said = {"pictures": str(tmp_path / "photos"), "model": str(tmp_path / "m.pth"), **block}
    file.write_text(yaml.safe_dump({"results_dir": str(tmp_path / "results"), "teach": said}))
    return file


def test_all_faults_of_a_teaching_are_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        load_teaching(taught(tmp_path, leest=1, val=1))
    assert "did you mean 'teach.least'" in str(
        refused.value
    ) and "teach.val is 1, but it must be less than 1" in str(refused.value)
    with pytest.raises(SpecError, match=r"teach\.pictures and teach\.model has no value"):
        load_teaching(taught(tmp_path, pictures="???", model="???"))


def test_a_folder_of_somebody_is_not_written_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    assert teach(taught(tmp_path, output=str(tmp_path / "mine"))) == 1
    assert "no data set of skillbank" in capfd.readouterr().err


@pytest.mark.slow
def test_a_teacher_leaves_a_data_set_for_its_student(tmp_path: Path) -> None:
    write_tiny(tmp_path / "m.pth", bias=1.0)
    for number in range(5):
        write_picture(tmp_path / "photos" / f"{number}.png", (100 + number, 80))
    (tmp_path / "photos" / "broken.png").write_bytes(b"nothing")
    output = tmp_path / "taught"
    spec_file = taught(tmp_path, captions=["red circle"], least=0.01, output=str(output), val=0.4)
    for _ in range(2):  # a later start puts a new one in its place
        assert teach(spec_file) == 0
        data = open_place(output).data
        assert (data.format, data.classes) == ("coco", ("red circle",))
        counts = {split.name: sum(1 for _ in split.pictures()) for split in data.splits}
        assert counts == {"train": 3, "val": 2}
        assert all(any(picture.boxes for picture in split.pictures()) for split in data.splits)
    last = json.loads((tmp_path / "results" / "teach" / "status.json").read_text().splitlines()[-1])
    assert (
        last["status"] == "SUCCESS"
        and last["kpi"]["left_out"] == 1
        and last["kpi"]["pictures_per_second"] > 0
    )
